// Many organizations, each with a switch of its own, and a runbook that puts one of them on another flow: what tests of `each` are played on.
import { createCel } from '../../../src/adapters/cel/index.ts';
import type { DurableDisk } from '../../../src/adapters/virtual/durable-disk.ts';
import type { KillSwitch } from '../../../src/adapters/virtual/kill-switch.ts';
import { ACTIONS } from '../../../src/domain/catalog.ts';
import { BelayError } from '../../../src/domain/errors.ts';
import type { BatchEnd } from '../../../src/domain/fan-out.ts';
import { eachView } from '../../../src/domain/fan-out.ts';
import type { EachStep, Runbook, Step } from '../../../src/domain/ir.ts';
import { bareRunbook } from '../../../src/domain/ir.ts';
import { linkRunbook } from '../../../src/domain/link-runbooks.ts';
import type { Action } from '../../../src/ports/action.ts';
import type { FakeTarget } from '../fakes/action.ts';
import { createFakeAction, fakeTargetOn } from '../fakes/action.ts';
import type { viewOf } from './deploy.ts';
import { SHOP } from './deploy.ts';
import { ANA, play, STEP } from './play.ts';
import { deployRunbook } from './runbook.ts';

export const FLEET: readonly string[] = Array.from({ length: 12 }, (_, index) => `org-${String(index + 1).padStart(2, '0')}`);

export const FLEET_SYSTEM = {
  ...SHOP,
  organizations: FLEET.map((id) => ({ id, name: id.toUpperCase(), lang: 'en' as const, zone: 'UTC' })),
};

export const flowOf = (disk: DurableDisk, org: string): FakeTarget => fakeTargetOn(disk, `flow:${org}`, 'v2');

/** `flow.set` over the switches of all organizations; `refuses` says for whom it does not work. */
export function flowActions(refuses: (org: string) => Error | null = () => null) {
  return (disk: DurableDisk, kill: KillSwitch): Readonly<Record<string, Action>> => {
    const of = (args: { readonly [key: string]: unknown }): Action => {
      const org = String(args['org']);
      return createFakeAction({
        spec: ACTIONS['flow.set'] as never,
        target: flowOf(disk, org),
        name: `switch:flow/${org}`,
        kill,
        wanted: (given) => String(given['to']),
      });
    };
    const action: Action = {
      spec: ACTIONS['flow.set'] as never,
      compareAndSet: () => 'native',
      target: (args) => of(args).target(args),
      observe: (args) => of(args).observe(args),
      act: async (args, o) => {
        const refusal = refuses(String(args['org']));
        if (refusal !== null) throw refusal;
        await of(args).act(args, o);
      },
      impossible: async () => null,
      lastChange: async (args) => of(args).lastChange(args),
    };
    return { 'flow.set': action };
  };
}

export const toV1: Step = {
  ...STEP,
  kind: 'do',
  id: 'switch',
  title: 'Put it on v1',
  do: 'flow.set',
  with: { switch: 'flow', org: '{org}', to: 'v1' },
  undo: { do: 'flow.set', with: { switch: 'flow', org: '{org}', to: 'v2' } },
  verify: [],
  timeoutMs: 5_000,
};

export interface FleetOptions {
  readonly each?: Partial<EachStep>;
  readonly batches?: readonly BatchEnd[];
  readonly part?: Partial<Runbook>;
  readonly outer?: Partial<Runbook>;
  /** Steps after the fan-out. */
  readonly after?: readonly Step[];
  readonly before?: readonly Step[];
}

export function fleetRunbook(o: FleetOptions = {}): Runbook {
  const part: Runbook = {
    ...deployRunbook({ id: 'org-rollback', title: 'One organization', clocks: {}, evidence: [], triggers: [] }),
    inputs: { org: { type: 'org', required: true } },
    phases: [{ id: 'all', title: 'All', text: '', steps: [toV1] }],
    ...o.part,
  };
  const each: EachStep = {
    ...STEP,
    kind: 'each',
    id: 'fan-out',
    title: 'Every organization',
    runbook: bareRunbook('org-rollback'),
    over: FLEET,
    as: 'org',
    batches: o.batches ?? [{ count: 1 }, { share: 0.34 }, { share: 1 }],
    maxFailures: 0,
    atOnce: 3,
    with: { org: '{org}' },
    ...o.each,
  };
  const outer: Runbook = {
    ...deployRunbook({ id: 'fleet', clocks: {}, evidence: [], start: 'ask' }),
    phases: [{ id: 'all', title: 'All', text: '', steps: [...(o.before ?? []), each, ...(o.after ?? [])] }],
    ...o.outer,
  };
  const linked = linkRunbook(outer, (id) => (id === 'org-rollback' ? part : undefined));
  if (!linked.ok) throw new Error(JSON.stringify(linked.problems));
  return linked.runbook;
}

export const CEL = createCel();

type Refuses = (org: string) => Error | null;
export const refused = (org: string): Error => new BelayError('BELAY_TARGET_UNREACHABLE', `${org} does not answer`, { effect: 'none' });

/** A fleet at play: its first incident, who stands where, and how far the fan-out is. */
export async function fleet(
  o: FleetOptions & { readonly refuses?: Refuses; readonly views?: () => readonly ReturnType<typeof viewOf>[] } = {},
) {
  const { refuses, views, ...options } = o;
  const one = await play({
    runbook: fleetRunbook(options),
    system: FLEET_SYSTEM,
    actions: flowActions(refuses),
    expression: CEL,
    ...(views === undefined ? {} : { views }),
  });
  const begin = () => one.commands.startRun(ANA, { runbook: 'fleet', inputs: {}, key: 'k' });
  const on = (flow: string): readonly string[] => FLEET.filter((org) => flowOf(one.disk, org).value === flow);
  const state = async () => {
    const found = (await one.incident()).each?.['fan-out'];
    if (found === undefined) throw new Error('no fan-out');
    return eachView(found);
  };
  return { ...one, begin, on, state };
}
