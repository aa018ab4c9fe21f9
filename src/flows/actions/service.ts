// `service.restart`, `service.stop`, `service.start` and `service.scale`: the units of a service are begun anew, ended, begun, or become
// exactly so many. A restart is done when not one of the units that ran before runs any more, and as many run as should: whoever carries it
// out only has to tell the lives of a unit apart. It knows no driver.
import { BelayError } from '../../domain/errors.ts';
import type { JsonObject } from '../../domain/json.ts';
import type { Action, Observation } from '../../ports/action.ts';
import type { ServiceControl, ServiceOrder, ServiceState, ServiceVerb } from '../../ports/service-control.ts';
import { named, specOf, textOf } from './arguments.ts';

type Services = Readonly<Record<string, ServiceControl>>;

const MOST_UNITS = 1_000;
const MOST_REMEMBERED = 200;

export function serviceActions(services: Services): readonly Action[] {
  return (['restart', 'stop', 'start', 'scale'] as const).map((verb) => serviceAction(verb, services));
}

function serviceAction(verb: ServiceVerb, services: Services): Action {
  const controlOf = (args: JsonObject): ServiceControl => named(services, 'service', textOf(args, 'service'));
  /** Restarts of this process, by key: a repeated order does not begin everything anew once more. */
  const done = new Set<string>();
  return {
    spec: specOf(`service.${verb}`),
    compareAndSet: (args) => controlOf(args).compareAndSet,
    target: (args) => `service:${textOf(args, 'service')}`,
    observe: async (args, o) => observed(verb, await controlOf(args).look(), { to: countOf(verb, args), since: o?.since }),
    act: async (args, { expected, key, reason }) => {
      const [control, to] = [controlOf(args), countOf(verb, args)];
      if (done.has(key)) return;
      const seen = await control.look();
      if (isReached(verb, seen, { to, since: undefined })) return;
      const found = fingerprintOf(seen);
      if (found !== expected)
        throw new BelayError('BELAY_TARGET_CONFLICT', `${textOf(args, 'service')} should run ${found}, not ${expected}`, {
          hint: 'Somebody else has changed it in between: plan again.',
        });
      await order(control, verb, to, { seen, key, reason });
      if (verb === 'restart') remember(done, key);
    },
    impossible: async (args) => {
      const [name, to] = [textOf(args, 'service'), countOf(verb, args)];
      if (!controlOf(args).verbs.includes(verb)) return `${name} cannot be told to ${verb}: its driver has no such thing`;
      return verb === 'scale' && to > MOST_UNITS ? `${name}: more than ${MOST_UNITS} units are a slip of the pen` : null;
    },
    // When a service was last started says nothing about what broke it.
    lastChange: async () => null,
  };
}

function order(control: ServiceControl, verb: ServiceVerb, to: number, o: ServiceOrder): Promise<void> {
  switch (verb) {
    case 'restart':
      return control.restart(o);
    case 'stop':
      return control.stop(o);
    case 'start':
      return control.start(o);
    case 'scale':
      return control.scale(to, o);
  }
}

function remember(keys: Set<string>, key: string): void {
  keys.add(key);
  for (const oldest of keys) if (keys.size > MOST_REMEMBERED) keys.delete(oldest);
}

/** 0 for verbs that take none. @throws BELAY_INPUT_INVALID */
function countOf(verb: ServiceVerb, { to }: JsonObject): number {
  if (verb !== 'scale') return 0;
  if (typeof to === 'number' && Number.isInteger(to) && to >= 0) return to;
  throw new BelayError('BELAY_INPUT_INVALID', `to is ${to === undefined ? 'missing' : `not a whole number: ${JSON.stringify(to)}`}`, {
    hint: 'Write how many units there shall be: to: 3.',
  });
}

interface Asked {
  readonly to: number;
  readonly since: string | undefined;
}

function observed(verb: ServiceVerb, state: ServiceState, asked: Asked): Observation {
  const reached = isReached(verb, state, asked);
  const desired = DESIRED[verb](asked.to);
  const gaveUp = state.gaveUp === undefined || verb === 'stop' ? {} : { gaveUp: state.gaveUp };
  const mark = verb === 'restart' ? { mark: markOf(state) } : {};
  return { current: reached ? desired : wordsOf(verb, state), desired, fingerprint: fingerprintOf(state), reached, ...mark, ...gaveUp };
}

const DESIRED: Readonly<Record<ServiceVerb, (to: number) => string>> = {
  restart: () => 'begun anew',
  stop: () => 'stopped',
  start: () => 'running',
  scale: (to) => `${to} running`,
};

/** Part of what is approved: nothing in it moves while a unit falls over and gets up again. */
function wordsOf(verb: ServiceVerb, { units, wanted }: ServiceState): string {
  if (units.length === 0) return 'not running';
  const [ready, all] = [units.filter((unit) => unit.ready).length, Math.max(1, wanted, units.length)];
  if (ready < all) return `${ready} of ${all} running`;
  return verb === 'scale' ? `${ready} running` : 'running';
}

/** What others may change on purpose. Units that fall over and get up again by themselves move nothing that was approved. */
const fingerprintOf = ({ wanted }: ServiceState): string => `${wanted} units`;

/** Every life that there is now, for telling later whether one of them is still there. */
function markOf({ units }: ServiceState): string {
  return JSON.stringify(units.map((unit) => `${unit.id} ${unit.life}`).toSorted());
}

function isReached(verb: ServiceVerb, state: ServiceState, { to, since }: Asked): boolean {
  const { units, wanted } = state;
  const areReady = units.every((unit) => unit.ready);
  switch (verb) {
    case 'restart':
      return since !== undefined && areReady && units.length >= Math.max(1, wanted) && areNew(state, since);
    case 'stop':
      return units.length === 0;
    case 'start':
      return areReady && units.length >= Math.max(1, wanted);
    case 'scale':
      return areReady && units.length === to && (to === 0 || wanted === to);
  }
}

function areNew({ units }: ServiceState, since: string): boolean {
  const before: unknown = JSON.parse(since);
  const lives = new Set(Array.isArray(before) ? before : []);
  return units.every((unit) => !lives.has(`${unit.id} ${unit.life}`));
}
