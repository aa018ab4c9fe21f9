// Rules of Prometheus on the command line: what is printed, what is written and never overwritten, what is refused.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { belay, temporaryFolder } from './belay.ts';

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

const RULES = `groups:
  - name: shop
    rules:
      - alert: ErrorRatio
        expr: sum by (org) (rate(x_total{code="500"}[5m])) / sum by (org) (rate(x_total[5m])) > 0.02
      - alert: "Odd\\u001b[2J"
        expr: a > on (b) c
`;
const SYSTEM = `belay: 1
name: Shop
sources: { shop: { driver: push, every: 1s } }
triggers:
  errors:
    signal: { count: x_total }
    breach: { above: 3, over: 5m }
    clear: { for: 5m }
  seen:
    signal: { manual: { who: ops, ask: Is it so? } }
roles: [ops]
`;

describe('belay import prometheus', () => {
  beforeEach(() => writeFileSync(join(folder.path, 'rules.yml'), RULES));

  test('prints a fragment on stdout and what became of each rule on stderr, without what moves a cursor', async () => {
    const { code, out, err } = await belay(['import', 'prometheus', 'rules.yml'], { cwd: folder.path });
    expect(code).toBe(0);
    expect(out).toMatch(/^sources:\n[\s\S]*triggers:\n[\s\S]*ratio: \{ bad: "x_total\{code=\\"500\\"\}", all: x_total \}/);
    expect(err).toMatch(/ErrorRatio +trigger[\s\S]*foreign alert, for a human[\s\S]*compares nothing with a number/);
    expect(out + err).not.toContain('\u001b');
  });

  test('says it in Portuguese, and as JSON', async () => {
    expect((await belay(['import', 'prometheus', 'rules.yml', '--lang', 'pt-BR'], { cwd: folder.path })).err).toContain('alerta externo');
    const answer = (await belay(['import', 'prometheus', 'rules.yml', '--json'], { cwd: folder.path })).json<object>();
    expect(answer).toMatchObject({ ok: true, file: null, rules: [{ became: 'trigger' }, { became: 'foreign', why: 'no-comparison' }] });
  });

  test('writes where no file is, and touches none that is there', async () => {
    const args = ['import', 'prometheus', 'rules.yml', '--out', 'imported.yaml'];
    expect(await belay(args, { cwd: folder.path })).toMatchObject({ code: 0, out: 'imported.yaml\n' });
    writeFileSync(join(folder.path, 'imported.yaml'), 'mine\n');
    const second = await belay(args, { cwd: folder.path });
    expect(second).toMatchObject({ code: 2, err: expect.stringContaining('is there already and was not touched') });
    expect(readFileSync(join(folder.path, 'imported.yaml'), 'utf8')).toBe('mine\n');
  });

  test('refuses what is no rule file with line and column, and what is not there', async () => {
    writeFileSync(join(folder.path, 'broken.yml'), 'groups:\n  - name: [\n');
    const broken = await belay(['import', 'prometheus', 'broken.yml'], { cwd: folder.path });
    expect(broken).toMatchObject({ code: 2, err: expect.stringMatching(/broken\.yml:\d+:\d+: this is no YAML/) });
    expect((await belay(['import', 'prometheus', 'none.yml'], { cwd: folder.path })).err).toContain('none.yml cannot be read');
  });
});

describe('belay export prometheus', () => {
  beforeEach(() => writeFileSync(join(folder.path, 'belay.yaml'), SYSTEM));

  test('writes rules and tests into a folder, says what cannot be said, and overwrites nothing', async () => {
    const args = ['export', 'prometheus', '--out', 'rules'];
    const first = await belay(args, { cwd: folder.path });
    expect(first.code).toBe(0);
    expect(first.err).toMatch(/errors +Errors +with its test[\s\S]*seen +- +people report it[\s\S]*weaker than in Belay/);
    expect(readdirSync(join(folder.path, 'rules')).toSorted()).toEqual(['belay-errors.test.yml', 'belay.rules.yml']);
    expect(await belay(args, { cwd: folder.path })).toMatchObject({ code: 2, err: expect.stringContaining('was not touched') });
  });

  test('prints them where no folder is named', async () => {
    mkdirSync(join(folder.path, '.belay'));
    const { out } = await belay(['export', 'prometheus'], { cwd: folder.path });
    expect(out).toMatch(/# belay\.rules\.yml\n[\s\S]*alert: Errors[\s\S]*# belay-errors\.test\.yml\n[\s\S]*alert_rule_test/);
    expect(readdirSync(folder.path).toSorted()).toEqual(['.belay', 'belay.yaml']);
  });
});
