// A trigger in shadow over kill -9, with a real process and a real Postgres: one decision, no incident, and what people said of it.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createHttp } from '../../src/adapters/http/index.ts';
import { type Client, connect } from '../../src/cli/client.ts';
import { COMPILED } from '../world/compiled.ts';
import { type PostgresPart, startPostgres } from '../world/parts/postgres.ts';
import { eventually } from '../world/parts/shop.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const PATIENCE_MS = 30_000;
const SYSTEM = `belay: 1
name: A shop
people:
  ana: { name: Ana Souza, roles: [approver] }
roles: [approver]
organizations:
  acme: { name: ACME }
signals:
  felt:
    manual: { who: [approver], ask: "Is it broken?" }
    by: org
triggers:
  broken: { signal: felt, scope: org, mode: shadow }
`;

let postgres: PostgresPart;
let folder: string;
let belay: ChildProcess | null = null;
beforeAll(async () => {
  postgres = await startPostgres();
  folder = mkdtempSync(join(tmpdir(), 'belay-shadow-'));
  writeFileSync(join(folder, 'belay.yaml'), SYSTEM);
}, 60_000);
afterAll(async () => {
  await killed('SIGTERM');
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
});

const dataDir = (): string => join(folder, 'data');

async function up(): Promise<Client> {
  const env = { PATH: process.env['PATH'] ?? '', ...COMPILED, BELAY_DATABASE_URL: postgres.url };
  const child = spawn(process.execPath, [MAIN, 'up', '--port', '0', '--data', dataDir()], {
    cwd: folder,
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  belay = child;
  let said = '';
  child.stderr.on('data', (bytes: Buffer) => {
    said += bytes.toString('utf8');
  });
  await eventually(
    () => said,
    (text) => text.includes('Belay is up') || child.exitCode !== null,
    PATIENCE_MS,
  );
  expect(said).toContain('Belay is up');
  return connect(dataDir(), createHttp({ allow: ['127.0.0.1'] }));
}

async function killed(signal: NodeJS.Signals): Promise<void> {
  const child = belay;
  belay = null;
  if (child === null || child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await gone;
}

interface Report {
  readonly triggers: readonly { readonly episodes: number; readonly asks: number; readonly wrong: number }[];
  readonly episodes: readonly { readonly episode: string; readonly choice: string | null; readonly reason: string }[];
}

const reportOf = (client: Client): Promise<Report> => client.get<Report>('/v1/shadow');

test('what it would have done is kept once, tells nobody, and outlives kill -9 with what people said of it', async () => {
  const first = await up();
  await first.post('/v1/reports', { trigger: 'broken', org: 'acme', text: 'nothing works' }, 'report-key-1');
  const told = await eventually(
    () => reportOf(first),
    ({ episodes }) => episodes.some((one) => one.choice !== null),
    PATIENCE_MS,
  );
  expect(told).toMatchObject({ triggers: [{ episodes: 1, asks: 1, wrong: 0 }], episodes: [{ choice: 'ask', reason: 'no runbook' }] });
  await killed('SIGKILL');

  const next = await up();
  expect((await reportOf(next)).episodes).toEqual(told.episodes);
  const episode = told.episodes[0]?.episode ?? '';
  await next.post('/v1/shadow/marks', { episode, verdict: 'false', why: 'a deploy of billing' }, 'mark-key-1');
  await killed('SIGKILL');

  const last = await up();
  expect(await reportOf(last)).toMatchObject({
    triggers: [{ episodes: 1, asks: 1, wrong: 1 }],
    episodes: [{ episode, mark: { verdict: 'false', why: 'a deploy of billing' } }],
  });
  expect(await last.get('/v1/incidents')).toEqual({ incidents: [] });
}, 180_000);
