// The rollback of one organization's message flow, as its runbook says it: a real Belay with its intake in front of n8n, messages all the time,
// and the judge is what the workflows got.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Client } from '../../src/cli/client.ts';
import type { Plan } from '../../src/domain/plan.ts';
import { type LivingBelay, livingBelay } from '../world/parts/living-belay.ts';
import { type PostgresPart, startPostgres } from '../world/parts/postgres.ts';
import { eventually } from '../world/parts/shop.ts';
import { type N8nServer, startN8n } from '../world/vendors/n8n.ts';

const KEY = 'hunter2-n8n-key-of-the-public-api';
const SECRET = 'hunter2-secret-of-the-sender';
const PATIENCE_MS = 60_000;

const yamlOf = (n8n: string): string => `belay: 1
name: Instagram DM
people:
  ana: { name: Ana, roles: [approver] }
roles: [approver]
components:
  flows: { title: Message flows }
organizations:
  acme: { name: ACME }
  globex: { name: Globex }
network: { allow: [127.0.0.1] }
integrations:
  flows: { component: flows, driver: n8n, url: "${n8n}", key: "{env.N8N_KEY}" }
intake:
  dm:
    component: flows
    to: "${n8n}/webhook/ig-{org}"
    secret: "{env.DM_SECRET}"
    idHeader: x-message-id
`;

const RUNBOOK = `---
belay: 1
id: dm-back
title: Message flow back to the stable one
version: 1.0.0
lang: en
severity: P1
components: [flows]
inputs:
  org: { type: org, required: true }
---

# Message flow back to the stable one

## Roll back

### Keep what arrives {#hold}
\`\`\`belay do intake.hold
with: { intake: dm, org: "{org}" }
undo: { do: intake.release, with: { intake: dm, org: "{org}" } }
\`\`\`

### Switch the v2 workflow off {#v2-off}
\`\`\`belay do n8n.deactivate
with: { workflow: "ig-dm-v2-{org}" }
undo: { do: n8n.activate, with: { workflow: "ig-dm-v2-{org}" } }
\`\`\`

### Bring the stable fallback flow back {#fallback-on}
\`\`\`belay do n8n.activate
with: { workflow: "ig-dm-v1-{org}" }
undo: { do: n8n.deactivate, with: { workflow: "ig-dm-v1-{org}" } }
\`\`\`

### Hand on what has waited {#release}
\`\`\`belay do intake.release
with: { intake: dm, org: "{org}" }
undo: { do: intake.hold, with: { intake: dm, org: "{org}" } }
\`\`\`

## Verify

### Webhooks answer and nothing is lost {#webhooks-ok}
\`\`\`belay verify
all:
  - { probe: n8n.workflow, with: { name: "ig-dm-v1-{org}" }, expect: found && active }
  - { probe: intake, with: { intake: dm, org: "{org}" }, expect: received > 0 && received == delivered + waiting && aside == 0 && !held }
timeout: 30s
\`\`\`
`;

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

/** A sender that sends one message after the other, and each again until it is taken. */
function traffic(org: string, base: () => string) {
  const sent: string[] = [];
  let isOver = false;
  const send = async (id: string): Promise<void> => {
    for (;;) {
      const request = { method: 'POST', headers: { authorization: `Bearer ${SECRET}`, 'x-message-id': id }, body: JSON.stringify({ id }) };
      const status = await fetch(`${base()}/intake/dm/${org}`, request).then(
        (answer) => answer.status,
        () => 0,
      );
      if (status === 200) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const running = (async () => {
    for (let n = 1; !isOver; n += 1) {
      await send(`${org}-${n}`);
      sent.push(`${org}-${n}`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  })();
  return {
    sent,
    stop: async () => {
      isOver = true;
      await running;
      return sent;
    },
  };
}

const gotBy = (n8n: N8nServer, org: string) =>
  n8n.got.map((one) => ({ ...one, id: (JSON.parse(one.body) as { id: string }).id })).filter((one) => one.id.startsWith(`${org}-`));

async function run(client: Client): Promise<string> {
  const plan = await client.post<Plan>('/v1/plans', { runbook: 'dm-back', inputs: { org: 'acme' } });
  expect(plan.unknowns).toEqual([]);
  expect(plan.steps.map((step) => [step.id, step.current, step.desired]).slice(0, 3)).toEqual([
    ['hold', 'handing on', 'held'],
    ['v2-off', 'active', 'inactive'],
    ['fallback-on', 'inactive', 'active'],
  ]);
  const order = { runbook: plan.runbook, inputs: plan.inputs, planHash: plan.planHash };
  return (await client.post<{ incident: { id: string } }>('/v1/runs', order)).incident.id;
}

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
