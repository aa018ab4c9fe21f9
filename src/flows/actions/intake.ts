// `intake.hold` and `intake.release`: what comes in waits, or goes on. Held is when nothing is under way any more. `intake.retry`: what was set
// aside waits again.
import { BelayError } from '../../domain/errors.ts';
import { ALL_LINES, type IntakeSpec } from '../../domain/intake.ts';
import type { JsonObject } from '../../domain/json.ts';
import type { Action } from '../../ports/action.ts';
import type { IntakeStore, Line } from '../../ports/intake-store.ts';
import type { Time } from '../../ports/time.ts';
import { named, specOf, textOf } from './arguments.ts';

export interface IntakePorts {
  readonly specs: readonly IntakeSpec[];
  /** Null: no Belay runs here, so nothing is kept. */
  readonly store: IntakeStore | null;
  readonly time: Pick<Time, 'now'>;
}

export const NO_INTAKE: IntakePorts = { specs: [], store: null, time: { now: () => 0 } };

export function intakeActions(ports: IntakePorts): readonly Action[] {
  return [intakeAction('intake.hold', true, ports), intakeAction('intake.release', false, ports), retryAction(ports)];
}

/** @throws BELAY_NOT_FOUND, BELAY_INPUT_INVALID */
export function lineOf({ specs }: IntakePorts, args: JsonObject): Line & { readonly spec: IntakeSpec } {
  const id = textOf(args, 'intake');
  const spec = named(Object.fromEntries(specs.map((one) => [one.id, one])), 'intake', id);
  if (args['org'] === undefined) return { spec, intake: id, line: ALL_LINES };
  if (spec.to.includes('{org}')) return { spec, intake: id, line: textOf(args, 'org') };
  throw new BelayError('BELAY_INPUT_INVALID', `the intake ${id} has one line for all organizations`, {
    hint: 'Leave out org, or write {org} into its `to` in belay.yaml.',
  });
}

/** @throws BELAY_TARGET_UNREACHABLE */
export function storeOf({ store }: IntakePorts): IntakeStore {
  if (store !== null) return store;
  throw new BelayError('BELAY_TARGET_UNREACHABLE', 'no Belay runs here, so no intake is open', { hint: 'Start it: belay up' });
}

function intakeAction(name: string, on: boolean, ports: IntakePorts): Action {
  return {
    spec: specOf(name),
    compareAndSet: () => 'none',
    target: (args) => targetOf(ports, args),
    observe: async (args) => {
      const { spec, ...line } = lineOf(ports, args);
      const { held, underWayAt } = await storeOf(ports).status(line);
      // What a crash left under way is given up when its time limit is over.
      const isUnderWay = underWayAt !== null && ports.time.now() - underWayAt <= spec.timeoutMs;
      return {
        // How many wait changes all the time: it is the probe's business, and no plan's.
        current: held && on && isUnderWay ? 'held, but a message is still under way' : word(held),
        desired: word(on),
        fingerprint: word(held),
        reached: held === on && !(on && isUnderWay),
        ...(held || on ? {} : { moot: { what: 'not-held' as const, on: nameOf(line) } }),
      };
    },
    act: async (args, { reason }) => {
      const { intake, line } = lineOf(ports, args);
      const store = storeOf(ports);
      if (on) await store.hold({ intake, line }, { by: reason, at: ports.time.now() });
      else {
        await tryNow(ports, { intake, line });
        await store.release({ intake, line });
      }
    },
    impossible: async () => null,
    lastChange: async () => null,
  };
}

const NONE_ASIDE = 'none set aside';

/** What its receiver still refuses is set aside again, and shows then. */
function retryAction(ports: IntakePorts): Action {
  return {
    spec: specOf('intake.retry'),
    compareAndSet: () => 'none',
    target: (args) => targetOf(ports, args),
    observe: async (args) => {
      const { intake, line } = lineOf(ports, args);
      const { aside } = await storeOf(ports).status({ intake, line });
      const current = aside === 0 ? NONE_ASIDE : `${aside} set aside`;
      const seen = { current, desired: NONE_ASIDE, fingerprint: current, reached: aside === 0 };
      return aside > 0 ? seen : { ...seen, moot: { what: 'none-aside', on: nameOf({ intake, line }) } };
    },
    act: async (args) => {
      const { intake, line } = lineOf(ports, args);
      await tryNow(ports, { intake, line });
      await storeOf(ports).putBack({ intake, line });
    },
    impossible: async () => null,
    lastChange: async () => null,
  };
}

function targetOf(ports: IntakePorts, args: JsonObject): string {
  const { intake, line } = lineOf(ports, args);
  return `intake:${intake}/${line === ALL_LINES ? 'all' : line}`;
}

const nameOf = ({ intake, line }: Line): string => (line === ALL_LINES ? intake : `${intake}/${line}`);

const word = (held: boolean): string => (held ? 'held' : 'handing on');

/** Whoever lets a line go has it tried at once: its breaker stays as it is, and the next answer decides. */
async function tryNow(ports: IntakePorts, { intake, line }: Line): Promise<void> {
  const [store, now] = [storeOf(ports), ports.time.now()];
  if (ports.specs.find(({ id }) => id === intake)?.breaker === undefined) return;
  for (const one of await store.breakers())
    if (
      one.intake === intake &&
      (line === ALL_LINES || one.line === line) &&
      one.breaker.state !== 'half-open' &&
      one.breaker.notBefore > now
    )
      await store.keepBreaker({ intake, line: one.line }, { ...one.breaker, notBefore: now });
}
