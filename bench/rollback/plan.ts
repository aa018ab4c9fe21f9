// Measures how long a plan takes: twenty steps that each look at a target, and the plan of a fan-out over a thousand organizations, beside the
// looks alone.
import { createCel } from '../../src/adapters/cel/index.ts';
import { createDigest } from '../../src/adapters/system/index.ts';
import type { Runbook, Step } from '../../src/domain/ir.ts';
import { bareRunbook } from '../../src/domain/ir.ts';
import type { Json } from '../../src/domain/json.ts';
import { flowActions } from '../../src/flows/actions/flow.ts';
import { makePlan, type PlanWorld } from '../../src/flows/plan.ts';
import type { FlowSwitch } from '../../src/ports/flow-switch.ts';
import type { Measure } from '../measure.ts';
import { fleetRunbooks, fleetSystem } from './fleet.ts';

const STEPS = 20;
const ORGS = 1_000;
const AT_ONCE = 8;
const ROUNDS = { quick: 30, full: 300 } as const;
const WARM_UP = 5;

export function planning({ full }: { readonly full: boolean }): Measure {
  return {
    name: `A plan of ${STEPS} steps, and of ${ORGS} organizations`,
    how: `One process; the switches are in memory, so that what is measured is Belay's own. The first plan has ${STEPS} steps, each for another organization of ${ORGS}; the second one a fan-out over all of them. Beside them the same looks at the switches, and nothing else. The hash that an approval is bound to is in it.`,
    run: () => measure(full ? ROUNDS.full : ROUNDS.quick),
  };
}

async function measure(rounds: number): ReturnType<Measure['run']> {
  const orgs = Array.from({ length: ORGS }, (_, index) => `org-${String(index).padStart(4, '0')}`);
  const digest = createDigest('bench');
  const memory: FlowSwitch = {
    values: ['v1', 'v2'],
    compareAndSet: 'native',
    get: async () => ({ value: 'v2', fingerprint: 'v2@0', changedAt: 0, previous: null }),
    set: async () => undefined,
  };
  const actions = Object.fromEntries(flowActions({ flow: memory }).map((action) => [action.spec.name, action]));
  const world: PlanWorld = { system: fleetSystem(orgs), digest, actions, probes: {}, expression: createCel(), targets: {} };
  const steps = longRunbook(orgs.slice(-STEPS));
  const { fleet } = fleetRunbooks(orgs, AT_ONCE);
  const planOf = async (runbook: Runbook, changes: number): Promise<void> => {
    const irHash = digest.of(runbook as unknown as Json);
    const plan = await makePlan(world, { runbook, irHash }, { inputs: {}, incident: { id: 'INC-0' }, outputs: {} });
    const found = plan.steps.filter((step) => step.effect === 'change').length;
    if (found !== changes) throw new Error(`the plan has ${found} changes, not ${changes}`);
  };
  const looks = async (): Promise<void> => {
    for (const org of orgs.slice(-STEPS)) {
      const args = { switch: 'flow', org, to: 'v1' };
      await actions['flow.set']?.observe(args);
      await actions['flow.set']?.impossible(args);
    }
  };
  const [ofSteps, ofFleet, ofLooks]: [number[], number[], number[]] = [[], [], []];
  for (let round = -WARM_UP; round < rounds; round += 1) {
    const taken = [
      await took(() => planOf(steps, STEPS)),
      // The fan-out itself, and the part of the first organization.
      await took(() => planOf(fleet, 2)),
      await took(looks),
    ] as const;
    if (round < 0) continue;
    ofSteps.push(taken[0]);
    ofFleet.push(taken[1]);
    ofLooks.push(taken[2]);
  }
  return [
    { name: `plan of ${STEPS} steps among ${ORGS} organizations`, unit: 'ms', samples: ofSteps },
    { name: `plan of a fan-out over ${ORGS} organizations`, unit: 'ms', samples: ofFleet },
    { name: `the ${STEPS} looks alone`, unit: 'ms', samples: ofLooks },
  ];
}

async function took(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

function longRunbook(orgs: readonly string[]): Runbook {
  const steps = orgs.map(
    (org, index): Step => ({
      ...{ text: '', fail: { then: 'stop' }, meets: [], evidence: [], kind: 'do', id: `switch-${index}`, title: `Switch ${org}` },
      ...{ do: 'flow.set', with: { switch: 'flow', org, to: 'v1' }, verify: [] },
      undo: { do: 'flow.set', with: { switch: 'flow', org, to: 'v2' } },
    }),
  );
  return { ...bareRunbook('long'), phases: [{ id: 'all', title: 'All', text: '', steps }] };
}
