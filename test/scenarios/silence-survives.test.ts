// "Acknowledged means stored": the silence that was answered a moment ago is there after everything was killed, and it holds; one that was
// ended is gone, and holds nothing back. The real command line, server and Postgres.
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Client } from '../../src/cli/client.ts';
import type { IncidentRow } from '../../src/domain/incident-list.ts';
import type { Silence } from '../../src/domain/silence.ts';
import type { TriggerView } from '../../src/domain/trigger.ts';
import { type LivingBelay, livingBelay } from '../world/parts/living-belay.ts';
import { type PostgresPart, startPostgres } from '../world/parts/postgres.ts';
import { eventually } from '../world/parts/shop.ts';

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
let belay: LivingBelay;
beforeEach(async () => {
  postgres = await startPostgres();
  belay = livingBelay({ yaml: SYSTEM, databaseUrl: postgres.url });
}, 60_000);
afterEach(async () => {
  await belay.remove();
  await postgres.stop();
});

const silencesOf = async (client: Client): Promise<readonly Silence[]> =>
  (await client.get<{ silences: readonly Silence[] }>('/v1/silences')).silences;
const incidentsOf = async (client: Client): Promise<readonly IncidentRow[]> =>
  (await client.get<{ incidents: readonly IncidentRow[] }>('/v1/incidents')).incidents;
const asked = () => ({ trigger: 'broken', org: 'acme', until: Date.now() + 3_600_000, reason: 'their database moves' });

/** Reported, in breach, and nobody is told. */
async function breaksSilently(client: Client): Promise<void> {
  await client.post('/v1/reports', { trigger: 'broken', org: 'acme', text: 'nothing loads' });
  await eventually(
    async () => (await client.get<{ triggers: readonly TriggerView[] }>('/v1/triggers')).triggers,
    (triggers) => triggers.some((view) => view.scope === 'acme' && view.status === 'breached'),
    PATIENCE_MS,
  );
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  expect(await incidentsOf(client)).toEqual([]);
}

test('D2: a silence that was answered right before kill -9 of Belay and of Postgres is there at the next start, and it holds', async () => {
  const first = await belay.up();
  const wanted = asked();
  const { silence } = await first.post<{ silence: Silence }>('/v1/silences', wanted, 'silence-key-1');
  const dead = belay.end('SIGKILL');
  await postgres.kill();
  await dead;

  await postgres.restart();
  const next = await belay.up();
  expect(await silencesOf(next)).toEqual([silence]);
  // Who lost the answer asks again with the same key, and gets it.
  expect(await next.post('/v1/silences', wanted, 'silence-key-1')).toEqual({ silence });
  await breaksSilently(next);
}, 120_000);

test('D22: a silence that was ended right before kill -9 is in no list at the next start, and what it held back is told at once', async () => {
  const first = await belay.up();
  const { silence } = await first.post<{ silence: Silence }>('/v1/silences', asked(), 'silence-key-1');
  await breaksSilently(first);
  const { silence: over } = await first.post<{ silence: Silence }>(`/v1/silences/${silence.id}/end`, {}, 'silence-end-1');
  await belay.end('SIGKILL');
  const last = await belay.up();
  expect(await silencesOf(last)).toEqual([]);
  const rows = await eventually(
    () => incidentsOf(last),
    (incidents) => incidents.length > 0,
    PATIENCE_MS,
  );
  expect(rows.map((row) => row.since)).toEqual([over.ended?.at]);
}, 120_000);
