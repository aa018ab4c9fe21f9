// The reference pages and the code say the same: every rule, every key, every action and probe has its place in them.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  APPROVE,
  CALL,
  CHOOSE,
  COLLECT,
  COMMON,
  DO,
  EACH,
  MANUAL,
  NOTIFY,
  RUN,
  VERIFY,
  WAIT,
  WATCH,
} from '../../src/config/step-fields.ts';
import { ACTIONS, PROBES } from '../../src/domain/catalog.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');
const FORMAT = read('docs/reference/runbook-format.md');
const SYSTEM = read('docs/reference/belay-yaml.md');

/** Rules whose name is put together in the code. */
const COMPOSED = [
  ...[
    'action',
    'probe',
    'runbook',
    'component',
    'role',
    'channel',
    'organization',
    'target',
    'switch',
    'proxy',
    'service',
    'database',
    'trigger',
  ].map((what) => `unknown-${what}`),
  ...['source', 'target', 'switch', 'proxy', 'service', 'database', 'channel'].map((what) => `${what}-option`),
  ...['asks', 'loop', 'missing', 'role-differs', 'too-deep', 'too-many-steps'].map((why) => `call-${why}`),
];

function rulesOfTheCode(): readonly string[] {
  const files = ['src/config', 'src/adapters/cel'].flatMap((folder) =>
    readdirSync(path.join(ROOT, folder))
      .filter((name) => name.endsWith('.ts') && name !== 'diagnostics.ts')
      .map((name) => `${folder}/${name}`),
  );
  const found = files.flatMap((file) =>
    [...read(file).matchAll(/(?:\.(?:error|warn)\(|rule:|const rule = .*\?|rule === 'syntax' \?)\s*'([a-z-]+)'/g)].map(
      (match) => match[1] ?? '',
    ),
  );
  // What the expression checker calls a type or a syntax problem is told as a problem of the condition.
  return [...new Set([...found, ...COMPOSED])].filter((rule) => rule !== 'type' && rule !== 'syntax').sort();
}

describe('the format of runbooks', () => {
  test('every rule has its row, and every row its rule', () => {
    const table = FORMAT.slice(FORMAT.indexOf('## Diagnostics'));
    const documented = [...table.matchAll(/^\| (`.*?`) \|/gm)].flatMap((match) =>
      [...(match[1] ?? '').matchAll(/`([a-z-]+)`/g)].map((one) => one[1] ?? ''),
    );
    expect(documented.toSorted()).toEqual(rulesOfTheCode());
  });

  test('every key of every kind of step is there', () => {
    const keys = [COMMON, MANUAL, APPROVE, CHOOSE, DO, VERIFY, WATCH, WAIT, NOTIFY, COLLECT, RUN, CALL, EACH].flatMap((shape) =>
      Object.keys(shape),
    );
    expect([...new Set(keys)].filter((key) => !FORMAT.includes(`\`${key}\``))).toEqual([]);
  });

  test('every action and probe is there with its arguments and results', () => {
    for (const name of [...Object.keys(ACTIONS), ...Object.keys(PROBES)]) expect(FORMAT).toContain(`\`${name}\``);
    for (const probe of Object.values(PROBES)) {
      const row = FORMAT.split('\n').find((line) => line.startsWith(`| \`${probe.name}\` |`)) ?? '';
      for (const key of [...Object.keys(probe.params), ...Object.keys(probe.result)])
        expect(row, `${probe.name}: ${key}`).toContain(`\`${key}\``);
    }
  });
});

test('every key of belay.yaml is there', () => {
  const schema = ['schema', 'policy', 'signals', 'triggers', 'clocks'].map((name) => read(`src/config/${name}.ts`)).join('\n');
  const keys = [...schema.matchAll(/\b([a-zA-Z0-9]+): (?:optional|required|notYet)/g)].map((match) => match[1] ?? '');
  expect(keys.length).toBeGreaterThan(60);
  expect([...new Set(keys)].filter((key) => !new RegExp(`\\b${key}\\b`).test(SYSTEM))).toEqual([]);
});
