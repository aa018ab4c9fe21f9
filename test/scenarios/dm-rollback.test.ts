// The rollback of one organization's message flow, as its runbook says it: a real Belay with its intake in front of n8n, messages all the time,
// and the judge is what the workflows got.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Client } from '../../src/cli/client.ts';
import { type LivingBelay, livingBelay } from '../world/parts/living-belay.ts';
import { type PostgresPart, startPostgres } from '../world/parts/postgres.ts';
import { eventually } from '../world/parts/shop.ts';
import { KEY, RUNBOOK, run, SECRET, traffic, yamlOf } from '../world/scenes/dm.ts';
import { type N8nServer, startN8n } from '../world/vendors/n8n.ts';

const PATIENCE_MS = 60_000;

let postgres: PostgresPart;
const open: (() => Promise<unknown>)[] = [];
beforeAll(async () => {
  postgres = await startPostgres();
}, 60_000);
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});
afterAll(() => postgres.stop());

let databases = 0;
async function incident(): Promise<{ readonly n8n: N8nServer; readonly belay: LivingBelay; readonly client: Client }> {
  const n8n = await startN8n({ key: KEY });
  open.push(() => n8n.close());
  for (const org of ['acme', 'globex']) {
    n8n.add({ name: `ig-dm-v1-${org}`, path: `ig-${org}` });
    n8n.add({ name: `ig-dm-v2-${org}`, path: `ig-${org}`, active: true });
  }
  databases += 1;
  const databaseUrl = await postgres.createDatabase(`dm_${databases}`);
  const env = { N8N_KEY: KEY, DM_SECRET: SECRET };
  const belay = livingBelay({ yaml: yamlOf(n8n.url), files: { 'runbooks/back.runbook.md': RUNBOOK }, databaseUrl, env });
  open.push(() => belay.remove());
  return { n8n, belay, client: await belay.up() };
}

const gotBy = (n8n: N8nServer, org: string) =>
  n8n.got.map((one) => ({ ...one, id: (JSON.parse(one.body) as { id: string }).id })).filter((one) => one.id.startsWith(`${org}-`));

interface Events {
  readonly events: readonly { readonly type: string; readonly data: Readonly<Record<string, unknown>> }[];
}

test('the flow of one organization goes back with messages all the time: none is lost, none comes twice, all in order, and the other organization notices nothing [S4-ST-02] [S4-ST-03] [S4-VE-05]', async () => {
  const { n8n, client } = await incident();
  const streams = ['acme', 'globex'].map((org) => traffic(org, () => client.base));
  await eventually(
    () => n8n.got.length,
    (count) => count > 20,
    PATIENCE_MS,
  );
  const id = await run(client);
  const events = await eventually(
    async () => (await client.get<Events>(`/v1/incidents/${id}/events?limit=500`)).events,
    (all) => all.some((one) => one.type === 'run.finished'),
    PATIENCE_MS,
  );
  expect(events.at(-1)).toMatchObject({ type: 'run.finished', data: { outcome: 'done' } });
  const [acme = [], globex = []] = await Promise.all(streams.map((one) => one.stop()));
  await eventually(
    () => n8n.got.length,
    (count) => count >= acme.length + globex.length,
    PATIENCE_MS,
  );
  expect(gotBy(n8n, 'acme').map((one) => one.id)).toEqual(acme);
  expect(gotBy(n8n, 'globex').map((one) => one.id)).toEqual(globex);
  const flows = gotBy(n8n, 'acme').map((one) => one.workflow);
  expect([...new Set(flows)]).toEqual(['ig-dm-v2-acme', 'ig-dm-v1-acme']);
  expect(flows.lastIndexOf('ig-dm-v2-acme')).toBeLessThan(flows.indexOf('ig-dm-v1-acme'));
  expect(n8n.ledger.map((one) => one.what)).toEqual(['deactivate', 'activate']);
  expect(n8n.refused).toEqual([]);
}, 120_000);

test('kill -9 in the middle of the gap: every message that was taken arrives, in order; what comes twice says so and has the same id', async () => {
  const { n8n, belay, client } = await incident();
  let base = client.base;
  const streams = ['acme', 'globex'].map((org) => traffic(org, () => base));
  await eventually(
    () => n8n.got.length,
    (count) => count > 20,
    PATIENCE_MS,
  );
  const [v1, v2] = ['ig-dm-v1-acme', 'ig-dm-v2-acme'].map((name) => n8n.workflows.find((one) => one.name === name) ?? expect.fail(name));
  if (v1 === undefined || v2 === undefined) return expect.fail('no workflows');
  n8n.turn(v2, false);
  await eventually(
    () => streams[0]?.sent.length ?? 0,
    (count) => count > 60,
    PATIENCE_MS,
  );
  await belay.end('SIGKILL');
  base = (await belay.up()).base;
  n8n.turn(v1, true);
  const before = gotBy(n8n, 'acme').length;
  await eventually(
    () => gotBy(n8n, 'acme').length,
    (count) => count > before + 60,
    PATIENCE_MS,
  );
  const sent = await Promise.all(streams.map((one) => one.stop()));
  for (const [index, org] of ['acme', 'globex'].entries()) {
    const once = () => [...new Set(gotBy(n8n, org).map((one) => one.id))];
    await eventually(once, (ids) => ids.length >= (sent[index]?.length ?? 0), PATIENCE_MS);
    expect(once()).toEqual(sent[index]);
    const all = gotBy(n8n, org);
    const again = all.filter(({ id }, index) => all.findIndex((one) => one.id === id) < index);
    // At most the one that was under way at the kill.
    expect(again.length).toBeLessThanOrEqual(1);
    for (const one of again) expect(Number(one.headers['belay-attempt'])).toBeGreaterThan(1);
    for (const one of gotBy(n8n, org)) expect(one.headers['belay-message']).toBe(one.id);
  }
}, 120_000);
