// The reference pages say what the code says, both ways: error codes, exit codes, events, metrics, commands, decisions, links.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { CODES, EXIT, RETIRED } from '../../src/domain/errors.ts';
import { environmentOf } from '../world/example-env.ts';
import { files, read, root, under } from './source.ts';
import { firstCells, membersOf, rows, twice } from './tables.ts';

const ERRORS = 'docs/reference/errors.md';
const sorted = (names: Iterable<string>): readonly string[] => [...names].sort();

describe('the table of errors', () => {
  const living = rows(ERRORS).filter(([code]) => !RETIRED.includes(code));

  test('every error code has its row, and every row its code', () => {
    expect(sorted(living.map(([code]) => code))).toEqual(sorted(Object.keys(CODES)));
  });

  test('every row names the exit code of the code', () => {
    const documented = Object.fromEntries(living.map(([code, exit]) => [code, Number(exit)]));
    expect(documented).toEqual({ ...CODES });
  });

  test('every row says what happened and what to do', () => {
    expect(living.filter(([, , what = '', remedy = '']) => what.length < 15 || remedy.length < 15).map(([code]) => code)).toEqual([]);
  });

  test('no code stands twice, and a retired code lives nowhere but among the tombstones', () => {
    expect(twice(firstCells(ERRORS))).toEqual([]);
    expect(RETIRED.filter((code) => code in CODES)).toEqual([]);
    expect(RETIRED.filter((code) => !firstCells(ERRORS).includes(code))).toEqual([]);
  });

  test('every code that the product throws is in the table', () => {
    const thrown = under('src').flatMap((file) => [...read(file).matchAll(/['"`](BELAY_[A-Z_]+)['"`]/g)].map((match) => match[1] ?? ''));
    const settings = new Set(rows('docs/reference/settings.md').map(([name]) => name));
    expect(sorted(new Set(thrown.filter((code) => !(code in CODES) && !settings.has(code))))).toEqual([]);
  });
});

describe('the other reference pages', () => {
  test('every exit code has its row, and every row its exit code', () => {
    expect(sorted(firstCells('docs/reference/exit-codes.md'))).toEqual(sorted(Object.values(EXIT).map(String)));
  });

  test('every event type has its row, and every row its type', () => {
    expect(sorted(firstCells('docs/reference/events.md'))).toEqual(sorted(membersOf('src/domain/event.ts', 'EventData')));
  });

  test('every metric that the product exposes has its row, and every row its metric', () => {
    const exposed = new Set(
      under('src').flatMap((file) =>
        [...read(file).matchAll(/\b(belay_[a-z_]+_(?:total|seconds|bytes|ratio|count|up|info))\b/g)].map((match) => match[1] ?? ''),
      ),
    );
    expect(sorted(firstCells('docs/reference/metrics.md').filter((name) => name.startsWith('belay_')))).toEqual(sorted(exposed));
  });

  test('every setting that the product reads from the environment has its row', () => {
    const known = new Set(rows('docs/reference/settings.md').map(([name]) => name));
    const named = [...under('src', 'scripts', 'test', 'bench')].flatMap((file) =>
      [...read(file).matchAll(/env(?:\.|\[['"])(BELAY_[A-Z_]+)/g)].map((match) => match[1] ?? ''),
    );
    expect(sorted(new Set(named.filter((name) => !known.has(name))))).toEqual([]);
  });

  // Both need the command line; where it is not there yet they are counted as skipped.
  const cli = existsSync(path.join(root, 'src/cli/main.ts'));

  test.skipIf(!cli)('every command of belay has its row, and every row its command', () => {
    const help = spawnSync(process.execPath, ['bin/belay.mjs', '--help'], { cwd: root, encoding: 'utf8', timeout: 30_000 }).stdout;
    const commands = [...(help.split(/^Commands:\n/m)[1] ?? '').matchAll(/^ {2}([a-z-]+)/gm)].map((match) => match[1] ?? '');
    const documented = firstCells('docs/reference/cli.md').flatMap((cell) => /^belay ([a-z-]+)/.exec(cell)?.[1] ?? []);
    expect(sorted(documented)).toEqual(sorted(commands.filter((name) => name !== 'help')));
  });

  test.skipIf(!cli)('the examples lint clean', () => {
    const examples = files.filter((file) => /^examples\/[^/]+\/belay\.yaml$/.test(file)).map((file) => path.dirname(file));
    expect(examples.length).toBeGreaterThan(0);
    for (const example of examples) {
      const env = { ...process.env, ...environmentOf(read(path.join(example, 'belay.yaml'))) };
      const lint = spawnSync(process.execPath, [path.join(root, 'bin/belay.mjs'), 'lint'], {
        cwd: path.join(root, example),
        encoding: 'utf8',
        env,
        timeout: 30_000,
      });
      expect({ example, status: lint.status, said: lint.status === 0 ? '' : `${lint.stdout}${lint.stderr}` }).toEqual({
        example,
        status: 0,
        said: '',
      });
    }
  });

  test('every decision record states its status, its context, its choice and its price', () => {
    const records = files.filter((file) => /^docs\/decisions\/\d{4}-.*\.md$/.test(file));
    expect(records.length).toBeGreaterThanOrEqual(5);
    const heads = ['Status', 'Context', 'Decision', 'Price'];
    expect(records.filter((file) => heads.some((head) => !new RegExp(`^(## ${head}|${head}:)`, 'm').test(read(file))))).toEqual([]);
  });

  test('every relative link of a document leads somewhere', () => {
    const documents = files.filter((file) => file.endsWith('.md') && !file.startsWith('examples/') && !file.startsWith('test/'));
    const links = documents.flatMap((file) =>
      [...read(file).matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)/g)].map((match) => ({ file, to: match[1] ?? '' })),
    );
    expect(
      links.filter(({ file, to }) => !existsSync(path.join(root, path.dirname(file), to))).map(({ file, to }) => `${file} → ${to}`),
    ).toEqual([]);
  });
});
