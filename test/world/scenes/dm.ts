// The rollback of one organization's message flow, as its runbook says it: the configuration of a real Belay with its intake in front of n8n, and
// senders that send all the time. It judges nothing.
import { expect } from 'vitest';
import type { Client } from '../../../src/cli/client.ts';
import type { Plan } from '../../../src/domain/plan.ts';

export const KEY = 'hunter2-n8n-key-of-the-public-api';
export const SECRET = 'hunter2-secret-of-the-sender';

/** @param n8n its address */
export const yamlOf = (n8n: string): string => `belay: 1
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

export const RUNBOOK = `---
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

/** A sender that sends one message after the other, and each again until it is taken. */
export function traffic(org: string, base: () => string, everyMs = 2) {
  const sent: string[] = [];
  let isOver = false;
  const send = async (id: string): Promise<void> => {
    for (;;) {
      const headers = { authorization: `Bearer ${SECRET}`, 'x-message-id': id, 'content-type': 'application/json' };
      const request = { method: 'POST', headers, body: JSON.stringify({ id }) };
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
      await new Promise((resolve) => setTimeout(resolve, everyMs));
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

/** Started as it was planned. Returns the incident. */
export async function run(client: Client): Promise<string> {
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
