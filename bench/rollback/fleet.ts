// The organizations and runbooks that a fan-out is measured with: one act each, so that what is around the act shows.
import { DEFAULT_GUARD_LIMITS } from '../../src/domain/guardrail.ts';
import type { Runbook, Step } from '../../src/domain/ir.ts';
import { bareRunbook } from '../../src/domain/ir.ts';
import type { System } from '../../src/domain/system.ts';

export function fleetSystem(orgs: readonly string[]): System {
  return {
    name: 'bench',
    lang: 'en',
    zone: 'UTC',
    components: [],
    organizations: orgs.map((id) => ({ id, name: id, lang: 'en', zone: 'UTC' })),
    sources: [],
    signals: [],
    triggers: [],
    targets: [],
    switches: [],
    people: [],
    roles: ['commander'],
    channels: [],
    audiences: [],
    clocks: {},
    severities: {},
    guards: DEFAULT_GUARD_LIMITS,
    templates: {},
    network: { allow: [] },
    statusPage: null,
  };
}

const STEP = { text: '', fail: { then: 'stop' }, meets: [], evidence: [] } as const;
const phase = (steps: readonly Step[]) => [{ id: 'all', title: 'All', text: '', steps }];

export function fleetRunbooks(orgs: readonly string[], atOnce: number): { readonly fleet: Runbook; readonly single: Runbook } {
  const act: Step = {
    ...STEP,
    kind: 'do',
    id: 'switch',
    title: 'Switch',
    do: 'flow.set',
    with: { switch: 'flow', org: '{org}', to: 'v1' },
    undo: { do: 'flow.set', with: { switch: 'flow', org: '{org}', to: 'v2' } },
    verify: [],
  };
  const single: Runbook = { ...bareRunbook('single'), inputs: { org: { type: 'org', required: true } }, phases: phase([act]) };
  const each: Step = {
    ...STEP,
    kind: 'each',
    id: 'all',
    title: 'All',
    runbook: single,
    over: orgs,
    as: 'org',
    batches: [{ count: 1 }, { share: 0.1 }, { share: 1 }],
    maxFailures: 0,
    atOnce,
    with: { org: '{org}' },
  };
  return { single, fleet: { ...bareRunbook('fleet'), phases: phase([each]) } };
}
