// "Acknowledged means stored": the silence that was answered a moment ago is there after everything was killed, and it holds. The real
// command line, server and Postgres.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createHttp } from '../../src/adapters/http/index.ts';
import { type Client, connect } from '../../src/cli/client.ts';
import type { IncidentRow } from '../../src/domain/incident-list.ts';
import type { Silence } from '../../src/domain/silence.ts';
import type { TriggerView } from '../../src/domain/trigger.ts';
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
  broken: { signal: felt, scope: org, mode: armed }
`;

let postgres: PostgresPart;
let folder: string;
let belay: ChildProcess | null = null;
beforeAll(async () => {
  postgres = await startPostgres();
  folder = mkdtempSync(join(tmpdir(), 'belay-silence-'));
  writeFileSync(join(folder, 'belay.yaml'), SYSTEM);
}, 60_000);
afterAll(async () => {
  await killed('SIGTERM');
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
});

const dataDir = (): string => join(folder, 'data');

async function up(): Promise<Client> {
  const env = { PATH: process.env['PATH'] ?? '', BELAY_DATABASE_URL: postgres.url };
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

const silencesOf = async (client: Client): Promise<readonly Silence[]> =>
  (await client.get<{ silences: readonly Silence[] }>('/v1/silences')).silences;
const incidentsOf = async (client: Client): Promise<readonly IncidentRow[]> =>
  (await client.get<{ incidents: readonly IncidentRow[] }>('/v1/incidents')).incidents;

test('a silence that was answered right before kill -9 of Belay and of Postgres is there at the next start, and it holds', async () => {
  const first = await up();
  const asked = { trigger: 'broken', org: 'acme', until: Date.now() + 3_600_000, reason: 'their database moves' };
  const { silence } = await first.post<{ silence: Silence }>('/v1/silences', asked, 'silence-key-1');
  const dead = killed('SIGKILL');
  await postgres.kill();
  await dead;

  await postgres.restart();
  const next = await up();
  expect(await silencesOf(next)).toEqual([silence]);
  // Who lost the answer asks again with the same key, and gets it.
  expect(await next.post('/v1/silences', asked, 'silence-key-1')).toEqual({ silence });

  await next.post('/v1/reports', { trigger: 'broken', org: 'acme', text: 'nothing loads' });
  await eventually(
    async () => (await next.get<{ triggers: readonly TriggerView[] }>('/v1/triggers')).triggers,
    (triggers) => triggers.some((view) => view.scope === 'acme' && view.status === 'breached'),
    PATIENCE_MS,
  );
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  expect(await incidentsOf(next)).toEqual([]);

  // Ended, and killed in the same moment: the end is stored, too, and what still stands is answered by the next life.
  const { silence: over } = await next.post<{ silence: Silence }>(`/v1/silences/${silence.id}/end`, {}, 'silence-end-1');
  await killed('SIGKILL');
  const last = await up();
  expect(await silencesOf(last)).toEqual([]);
  const rows = await eventually(
    () => incidentsOf(last),
    (incidents) => incidents.length > 0,
    PATIENCE_MS,
  );
  expect(rows.map((row) => row.since)).toEqual([over.ended?.at]);
}, 120_000);
