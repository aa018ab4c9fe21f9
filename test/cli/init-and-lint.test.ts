import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { belay, temporaryFolder } from './belay.ts';

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());
const at = (...parts: readonly string[]): string => join(folder.path, ...parts);
const everything = (): readonly string[] => readdirSync(folder.path, { recursive: true, encoding: 'utf8' }).sort();

const FLAGS = [
  '--name',
  'Loja "Ação"',
  '--release-dir',
  'service',
  '--pid-file',
  'run/shop.pid',
  '--signal',
  'SIGUSR2',
  '--person',
  'Ana: Souza #1',
  '--zone',
  'America/Sao_Paulo',
];
const KINDS = {
  'a metrics page': ['--metrics-url', 'http://127.0.0.1:8080/metrics'],
  'a metrics page and a health page': ['--metrics-url', 'http://localhost:8080/metrics', '--health-url', 'http://localhost:8080/health'],
  'a health page alone': ['--health-url', 'http://10.0.0.7/health'],
  'organizations with a flow each': [
    '--metrics-url',
    'http://127.0.0.1:8080/metrics',
    '--org',
    'acme,globex',
    '--flow-file',
    'service/flows.json',
  ],
};

describe('init', () => {
  test.each(Object.entries(KINDS).flatMap(([kind, flags]) => [['en', kind, flags] as const, ['pt-BR', kind, flags] as const]))(
    'in %s for %s writes files without a single problem',
    async (lang, _kind, flags) => {
      const init = await belay(['init', ...FLAGS, ...flags, '--lang', lang, '--json'], { cwd: folder.path });
      expect({ code: init.code, ...init.json<{ ok: boolean; diagnostics: unknown[] }>() }).toMatchObject({
        code: 0,
        ok: true,
        diagnostics: [],
      });
      expect(init.err).toContain('belay plan deploy-rollback');
      const lint = await belay(['lint', '--json'], { cwd: folder.path });
      expect({ code: lint.code, ...lint.json<object>() }).toEqual({ code: 0, ok: true, errors: 0, warnings: 0, diagnostics: [] });
    },
  );

  test('keeps every answer, starts in shadow, and writes messages in both languages', async () => {
    await belay(['init', ...FLAGS, ...KINDS['organizations with a flow each']], { cwd: folder.path });
    const yaml = readFileSync(at('belay.yaml'), 'utf8');
    for (const part of ['mode: shadow', 'signal: SIGUSR2', 'pidFile: "run/shop.pid"', 'acme', 'over: 5m', 'America/Sao_Paulo'])
      expect(yaml).toContain(part);
    expect(everything()).toEqual(
      ['belay.yaml', 'runbooks', 'runbooks/deploy-rollback.runbook.md', 'runbooks/org-rollback.runbook.md', 'templates']
        .concat(
          ['initial', 'org-initial', 'org-stabilised', 'stabilised'].flatMap((id) => [`templates/${id}.en.md`, `templates/${id}.pt-BR.md`]),
        )
        .sort(),
    );
  });

  test.each(['belay.yaml', 'runbooks/deploy-rollback.runbook.md', 'templates/initial.pt-BR.md'])(
    'with %s in the way writes nothing at all and says so',
    async (name) => {
      mkdirSync(join(at(name), '..'), { recursive: true });
      writeFileSync(at(name), 'mine');
      const before = everything();
      const init = await belay(['init', '--yes'], { cwd: folder.path });
      expect(init.code).toBe(2);
      expect(init.err).toContain(name);
      expect(readFileSync(at(name), 'utf8')).toBe('mine');
      expect(everything()).toEqual(before);
    },
  );

  test('asks nothing without a terminal: it fails, names the flags and writes nothing', async () => {
    const init = await belay(['init'], { cwd: folder.path });
    expect(init.code).toBe(2);
    expect(init.err).toContain('--metrics-url');
    expect(everything()).toEqual([]);
  });

  test.each([
    [['--metrics-url', 'metrics'], '--metrics-url'],
    [['--signal', 'HUP'], '--signal'],
    [['--org', 'Acme Inc'], '--org'],
    [['--zone', 'Mars/Olympus'], '--zone'],
    [['--flow-file', 'flows.json'], '--flow-file'],
  ])('refuses %j, names the flag and writes nothing', async (flags, named) => {
    const init = await belay(['init', '--yes', ...flags], { cwd: folder.path });
    expect(init.code).toBe(2);
    expect(init.err).toContain(named);
    expect(everything()).toEqual([]);
  });
});

describe('lint', () => {
  test('tells every problem with its place, of all files at once, and ends with 2', async () => {
    await belay(['init', '--yes'], { cwd: folder.path });
    const yaml = readFileSync(at('belay.yaml'), 'utf8');
    writeFileSync(at('belay.yaml'), yaml.replace('scope: all', 'scope: everybody'));
    const runbook = at('runbooks', 'deploy-rollback.runbook.md');
    writeFileSync(runbook, readFileSync(runbook, 'utf8').replace('belay do deploy.rollback', 'belay do deploy.rolback'));
    const lint = await belay(['lint'], { cwd: folder.path });
    expect(lint.code).toBe(2);
    expect(lint.out).toMatch(/^belay\.yaml:\d+:\d+ error/m);
    expect(lint.out).toMatch(/^runbooks\/deploy-rollback\.runbook\.md:\d+:\d+ error/m);
    expect(lint.out).toContain('did you mean: deploy.rollback');
    const one = (await belay(['lint', 'runbooks/deploy-rollback.runbook.md', '--json'], { cwd: folder.path })).json<{
      diagnostics: { file: string }[];
    }>();
    expect([...new Set(one.diagnostics.map((diagnostic) => diagnostic.file))]).toEqual(['runbooks/deploy-rollback.runbook.md']);
  });
});

describe('plan without a server', () => {
  test('reads what is live from the files here, changes nothing, and gives the same hash twice', async () => {
    for (const release of ['v1', 'v2']) mkdirSync(at('service', 'releases', release), { recursive: true });
    symlinkSync('releases/v2', at('service', 'current'));
    await belay(['init', '--yes'], { cwd: folder.path });
    const before = everything();
    const plans = [
      await belay(['plan', 'deploy-rollback', '--json'], { cwd: folder.path }),
      await belay(['plan', 'deploy-rollback', '--json'], { cwd: folder.path }),
    ];
    const [first, second] = plans.map((plan) =>
      plan.json<{ planHash: string; steps: { id: string; effect: string; current?: unknown }[] }>(),
    );
    expect(plans[0]?.code).toBe(0);
    expect(first?.planHash).toMatch(/^[0-9a-f]{64}$/);
    expect(second?.planHash).toBe(first?.planHash);
    expect(first?.steps.find((step) => step.id === 'freeze')?.effect).toBe('change');
    expect(everything()).toEqual(before);
    expect(existsSync(at('.belay'))).toBe(false);
  });

  test('an unknown runbook ends with 2 and names the known ones', async () => {
    await belay(['init', '--yes'], { cwd: folder.path });
    const plan = await belay(['plan', 'nothing'], { cwd: folder.path });
    expect(plan.code).toBe(2);
    expect(plan.err).toContain('deploy-rollback');
  });
});
