// `belay lint` of a folder whose files promise what cannot be kept and hold what nobody should paste: each told at its place.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { belay, temporaryFolder } from './belay.ts';

const YAML = `belay: 1
name: Lia
roles: [commander]
people:
  ana: { name: Ana, roles: [commander] }
components:
  database: { title: Database, criticality: critical, rto: 30m, rpo: 15m, backup: { every: 1d, keep: 7d, reach: 30d } }
  whatsapp: { title: WhatsApp, loses: [messages that arrive meanwhile] }
channels:
  file: { driver: file, path: messages.ndjson }
audiences:
  team: { kind: responders, channels: [{ channel: file, to: [oncall] }] }
`;

const fence = (...lines: readonly string[]): string => ['```bash', ...lines, '```'].join('\n');

const RUNBOOK = `---
belay: 1
id: restore
title: Bring the database back
version: 1.0.0
components: [database, whatsapp]
require:
  - { id: copy, ask: "Is there a recent backup?" }
---

## Restore

### Copy what is there {#copy}
${fence('pg_dump "postgres://postgres@db.pooler.supabase.com:6543/postgres" --format=custom', 'redis-cli SAVE', 'export API_TOKEN=abcdef1234567890')}
\`\`\`belay manual
takes: 20m
\`\`\`
- [ ] Copied

### Bring it back {#back}
${fence('docker rollback crm', 'supabase migration down --linked', 'curl https://lia.acme.com/health', 'npm test')}
\`\`\`belay manual
takes: 40m
\`\`\`
- [ ] Back

### Look {#look}
\`\`\`belay verify
all:
  - { probe: http, with: { url: "https://lia.acme.com/ready" }, expect: status == 200 }
\`\`\`

### Tell them {#tell}
\`\`\`belay notify
template: down
to: [team]
\`\`\`

\`\`\`belay template down en
# Lia is down

Messages wait in a queue and nothing will be lost.
\`\`\`

\`\`\`belay template down pt-BR
# A Lia parou

As mensagens esperam na fila e nada será perdido.
\`\`\`

## Quarterly drill

### Rehearse {#rehearse}
- [ ] Point the production services at staging
`;

interface Told {
  readonly rule: string;
  readonly severity: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
  readonly hint?: string;
}

let told: readonly Told[] = [];
let code: number | null = null;
const folder = temporaryFolder();
beforeAll(async () => {
  mkdirSync(join(folder.path, 'runbooks'));
  writeFileSync(join(folder.path, 'belay.yaml'), YAML);
  writeFileSync(join(folder.path, 'runbooks/restore.runbook.md'), RUNBOOK);
  const lint = await belay(['lint', '--json'], { cwd: folder.path });
  code = lint.code;
  told = lint.json<{ diagnostics: readonly Told[] }>().diagnostics;
}, 120_000);
afterAll(() => folder.remove());

/** `line rule`, of one rule; each says what to type instead. */
const placesOf = (rule: string): readonly string[] => {
  const found = told.filter((one) => one.rule === rule);
  for (const one of found) expect(one.hint ?? '', rule).toMatch(/\S{4}/);
  return found.map((one) => `${one.file.replace('runbooks/', '')}:${one.line}`);
};
const line = (text: string): string => `restore.runbook.md:${RUNBOOK.slice(0, RUNBOOK.indexOf(text)).split('\n').length}`;

describe('the lint of words and fences', () => {
  test('says the same as SARIF, with the same code, and refuses forms that it does not know', async () => {
    const lint = await belay(['lint', '--format', 'sarif'], { cwd: folder.path });
    const { version, runs } = lint.json<{ version: string; runs: { results: { ruleId: string; locations: unknown[] }[] }[] }>();
    expect([lint.code, version, runs[0]?.results.map((one) => one.ruleId)]).toEqual([2, '2.1.0', told.map((one) => one.rule)]);
    expect(JSON.stringify(runs[0]?.results[0]?.locations)).toContain('"uri":"belay.yaml"');
    expect(lint.out).not.toContain('abcdef1234567890');
    expect(await belay(['lint', '--format', 'xml'], { cwd: folder.path })).toMatchObject({ code: 2, out: '' });
  });

  test('a credential blocks, an address of production in a command is warned of [S3-GU-02]', () => {
    expect(code).toBe(2);
    expect(told.filter((one) => one.severity === 'error').map((one) => one.rule)).toEqual(['inline-secret']);
    expect(placesOf('inline-secret')).toEqual([line('export API_TOKEN')]);
    expect(placesOf('inline-prod-url')).toEqual([line('pg_dump'), line('curl https'), line('- { probe: http')]);
    expect(JSON.stringify(told)).not.toContain('abcdef1234567890');
  });

  test('a test suite must say that it only reads where it is pasted [S1-GU-02]', () => {
    expect(placesOf('smoke-readonly')).toEqual([line('npm test')]);
  });

  test('a daily backup cannot lose only 15 minutes, and an hour of steps is no recovery in 30 minutes [S5-GU-01]', () => {
    expect(placesOf('rpo-unreachable')).toEqual(['belay.yaml:7']);
    expect(placesOf('rto-unreachable')).toEqual([line('components: [database')]);
  });

  test('copies that are kept for 7 days do not reach 30 days back [S5-GU-02]', () => {
    expect(placesOf('retention-short')).toEqual(['belay.yaml:7']);
  });

  test('a message may not promise that nothing is lost while a component loses what arrives [S5-GU-09]', () => {
    expect(placesOf('claim-vs-mode')).toEqual([line('Messages wait'), line('As mensagens esperam')]);
  });

  test('a drill that points production at staging is told [S5-GU-14]', () => {
    expect(placesOf('drill-touches-prod')).toEqual([line('### Rehearse')]);
  });

  test('a dump through the pooler and a SAVE of Redis are told with what to type instead [S5-SE-01, S5-ST-13]', () => {
    expect(placesOf('pooler-for-dump')).toEqual([line('pg_dump')]);
    expect(told.find((one) => one.rule === 'pooler-for-dump')?.hint).toContain('5432');
    expect(placesOf('redis-save-blocks')).toEqual([line('redis-cli')]);
    expect(told.find((one) => one.rule === 'redis-save-blocks')?.hint).toContain('BGSAVE');
  });

  test('a command that does not exist, one that empties the database and a backup without an age are told', () => {
    expect(placesOf('unknown-command')).toEqual([line('docker rollback')]);
    expect(placesOf('destructive-supabase-down')).toEqual([line('supabase migration')]);
    expect(placesOf('backup-age-undeclared')).toEqual([line('- { id: copy')]);
  });
});
