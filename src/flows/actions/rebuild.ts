// `service.keep`, `service.delete`, `service.create`, `service.restoreVariables`, `service.restoreSettings` and `service.connect`: a service is
// kept in a file, ended for good, and made anew from the file. All of them tell it by one mark, so that what one leaves is what the next one
// meets. Nothing is deleted that is not kept, word for word, at that moment. Values are never seen here.
import { BelayError } from '../../domain/errors.ts';
import type { JsonObject } from '../../domain/json.ts';
import type { Action, Observation } from '../../ports/action.ts';
import type { KeptForm, LiveForm, ServiceForm, ServiceRebuild } from '../../ports/service-rebuild.ts';
import { specOf, textOf } from './arguments.ts';

export type Rebuilds = Readonly<Record<string, ServiceRebuild>>;

interface Sight {
  readonly live: LiveForm | null;
  readonly kept: KeptForm | null;
}
type Told = Pick<Observation, 'current' | 'desired' | 'reached'>;

interface Rebuilding {
  readonly name: string;
  tell(sight: Sight, args: JsonObject): Told;
  /** `sight` is of right before. */
  act(rebuild: ServiceRebuild, sight: Sight, args: JsonObject): Promise<void>;
  /** Why it must not be done as things are, besides what the service itself says, or null. */
  refusal?(args: JsonObject, sight: Sight, rebuild: ServiceRebuild): string | null;
  /** What may never be kept or deleted is refused already when planning; its own refusal says more before or after that. */
  readonly asksService?: 'first' | 'last';
}

export function rebuildActions(rebuilds: Rebuilds): readonly Action[] {
  return [KEEP, DELETE, CREATE, RESTORE_VARIABLES, RESTORE_SETTINGS, CONNECT].map((one) => actionOf(one, rebuilds));
}

function actionOf(one: Rebuilding, rebuilds: Rebuilds): Action {
  const of = (args: JsonObject): ServiceRebuild => rebuildOf(rebuilds, textOf(args, 'service'));
  return {
    spec: specOf(`service.${one.name}`),
    compareAndSet: () => 'none',
    notes: () => ['unguarded'],
    target: (args) => `service:${textOf(args, 'service')}/form`,
    observe: async (args) => {
      const sight = await sightOf(of(args));
      return { ...one.tell(sight, args), fingerprint: markOf(sight.live) };
    },
    act: async (args, { expected }) => {
      const rebuild = of(args);
      const sight = await sightOf(rebuild);
      if (one.tell(sight, args).reached) return;
      const why = one.refusal?.(args, sight, rebuild) ?? null;
      if (why !== null) throw new BelayError('BELAY_GUARD_REFUSED', why, { effect: 'none', hint: `It is kept in ${rebuild.path}.` });
      if (markOf(sight.live) !== expected)
        throw new BelayError('BELAY_TARGET_CONFLICT', `${rebuild.name} is no longer as it was seen`, {
          effect: 'none',
          hint: 'Somebody else has changed it in between: plan again.',
        });
      await one.act(rebuild, sight, args);
    },
    impossible: async (args) => {
      const rebuild = of(args);
      const own = one.refusal?.(args, await sightOf(rebuild), rebuild) ?? null;
      const said = one.asksService === undefined ? null : await rebuild.impossible();
      return one.asksService === 'last' ? (own ?? said) : (said ?? own);
    },
    lastChange: async () => null,
  };
}

/** @throws BELAY_NOT_FOUND */
export function rebuildOf(rebuilds: Rebuilds, id: string): ServiceRebuild {
  const rebuild = Object.hasOwn(rebuilds, id) ? rebuilds[id] : undefined;
  if (rebuild !== undefined) return rebuild;
  throw new BelayError('BELAY_NOT_FOUND', `${id} is no service that can be kept and made anew`, {
    hint: 'Only those of driver railway can, called by their name, with keep and identity in belay.yaml.',
  });
}

async function sightOf(rebuild: ServiceRebuild): Promise<Sight> {
  const [live, kept] = await Promise.all([rebuild.look(), rebuild.kept()]);
  return { live, kept };
}

const canonical = (value: unknown): string =>
  JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );

/** A deployment moves by itself, and is no part of it. */
const markOf = (live: ServiceForm | null): string => live?.mark ?? 'absent';

/** Names of variables that are not as they are kept, in either of the two. */
export function differing(kept: ServiceForm, live: ServiceForm): readonly string[] {
  const names = new Set([...Object.keys(kept.digests), ...Object.keys(live.digests)]);
  return [...names].filter((name) => kept.digests[name] !== live.digests[name]).toSorted();
}

/** Names of settings that are kept and not so; what the platform has of its own besides is nobody's loss. */
export function settingsApart(kept: ServiceForm, live: ServiceForm): readonly string[] {
  return Object.keys(kept.settings).filter((name) => canonical(kept.settings[name]) !== canonical(live.settings[name]));
}

/** A branch that was not told is the one that it is connected to. */
const sameSource = (kept: ServiceForm, live: ServiceForm): boolean =>
  kept.source?.branch === null ? kept.source.repo === live.source?.repo : canonical(kept.source) === canonical(live.source);

/** Word for word what runs. */
export const isWhole = (kept: ServiceForm, live: ServiceForm): boolean =>
  kept.id === live.id &&
  differing(kept, live).length === 0 &&
  canonical(kept.settings) === canonical(live.settings) &&
  canonical(kept.customDomains) === canonical(live.customDomains) &&
  sameSource(kept, live);

/** What is kept and the new one does not have yet. */
function lacking(kept: KeptForm, live: LiveForm): readonly string[] {
  return [
    ...Object.keys(kept.digests).filter((name) => live.digests[name] === undefined),
    ...settingsApart(kept, live),
    ...(kept.source === null || sameSource(kept, live) ? [] : ['its repository']),
    ...kept.customDomains.filter((name) => !live.customDomains.includes(name)),
  ];
}

const count = (names: readonly string[], what: string): string =>
  `${names.length} ${what}${names.length === 1 ? '' : 's'} differ${names.length === 1 ? 's' : ''}: ${names.slice(0, 5).join(', ')}${names.length > 5 ? ', …' : ''}`;

const ABSENT = 'not there';
const variablesOf = (form: ServiceForm): string => `${Object.keys(form.digests).length} variables`;

const KEEP: Rebuilding = {
  name: 'keep',
  asksService: 'last',
  tell: ({ live, kept }) => {
    const desired = live === null ? 'kept' : `kept, ${variablesOf(live)}`;
    // Deleted already: what is kept is all that there is of it.
    if (live === null) return { current: kept === null ? ABSENT : desired, desired, reached: kept !== null };
    if (kept === null) return { current: 'not kept', desired, reached: false };
    if (isWhole(kept, live)) return { current: desired, desired, reached: true };
    const names = [...differing(kept, live), ...settingsApart(kept, live)];
    return { current: `kept otherwise: ${count(names, 'name')}`, desired, reached: false };
  },
  // An empty new one would take the place of all that the old one had.
  refusal: (_args, { live, kept }, { name, path }) => {
    if (live === null) return kept === null ? `there is no service called ${name}` : null;
    const lost = kept === null || kept.id === live.id ? [] : lacking(kept, live);
    if (lost.length === 0) return null;
    return `${name} was made anew and lacks what is kept (${lost.join(', ')}): go on with restoring it, or move ${path} away`;
  },
  act: async (rebuild, { live }) => rebuild.keep(idOf(rebuild, live)),
};

const DELETE: Rebuilding = {
  name: 'delete',
  asksService: 'first',
  tell: ({ live }) =>
    live === null
      ? { current: ABSENT, desired: ABSENT, reached: true }
      : { current: `there, ${variablesOf(live)}`, desired: ABSENT, reached: false },
  refusal: (args, { live, kept }, { name }) => {
    if (textOf(args, 'confirm') !== name)
      return `confirm says ${JSON.stringify(args['confirm'])}, not ${name}, the name of the service that would be gone for good`;
    if (live === null) return null;
    if (kept === null) return `${name} is not deleted: nothing is kept of it. Keep it with service.keep`;
    return isWhole(kept, live) ? null : `${name} is not deleted: what is kept of it is not what runs. Keep it with service.keep`;
  },
  act: async (rebuild, { live }) => rebuild.remove(idOf(rebuild, live)),
};

const CREATE: Rebuilding = {
  name: 'create',
  tell: ({ live, kept }) => {
    const desired = 'there, a new one';
    if (live === null) return { current: ABSENT, desired, reached: false };
    return kept?.id === live.id
      ? { current: 'there, the one that is kept', desired, reached: false }
      : { current: desired, desired, reached: true };
  },
  act: async (rebuild, { live, kept }, args) => {
    if (live !== null)
      throw new BelayError('BELAY_GUARD_REFUSED', `the old ${rebuild.name} is still there`, { effect: 'none', hint: 'Delete it first.' });
    const set = setOf(args);
    if (kept === null)
      throw new BelayError('BELAY_GUARD_REFUSED', `nothing is kept of ${rebuild.name}`, {
        effect: 'none',
        hint: `There is no ${rebuild.path}: look for a copy.`,
      });
    const missing = Object.keys(set).filter((name) => kept.digests[name] === undefined);
    if (missing.length > 0)
      throw new BelayError('BELAY_INPUT_INVALID', `${missing.join(', ')} is not among what is kept of ${rebuild.name}`, { effect: 'none' });
    await rebuild.create(set);
  },
};

const RESTORE_VARIABLES: Rebuilding = {
  name: 'restoreVariables',
  tell: ({ live, kept }) => {
    if (live === null || kept === null) return { current: live === null ? ABSENT : 'nothing is kept', desired: 'as kept', reached: false };
    const [names, desired] = [differing(kept, live), `as kept, ${variablesOf(kept)}`];
    return { current: names.length === 0 ? desired : count(names, 'variable'), desired, reached: names.length === 0 };
  },
  act: async (rebuild, { live }) => rebuild.restoreVariables(idOf(rebuild, live)),
};

const RESTORE_SETTINGS: Rebuilding = {
  name: 'restoreSettings',
  tell: ({ live, kept }) => {
    if (live === null || kept === null) return { current: live === null ? ABSENT : 'nothing is kept', desired: 'as kept', reached: false };
    const names = [...settingsApart(kept, live), ...(kept.ownDomains.length > 0 && live.ownDomains.length === 0 ? ['address'] : [])];
    return { current: names.length === 0 ? 'as kept' : count(names, 'setting'), desired: 'as kept', reached: names.length === 0 };
  },
  act: async (rebuild, { live }) => rebuild.restoreSettings(idOf(rebuild, live)),
};

const CONNECT: Rebuilding = {
  name: 'connect',
  tell: ({ live, kept }) => {
    const desired = kept?.source ? `built from ${kept.source.repo}@${kept.source.branch ?? 'main'}` : 'built from a repository';
    if (live === null) return { current: ABSENT, desired, reached: false };
    // Whether its first deploy gets there is waited for by a check: that lasts for minutes.
    const reached = kept !== null && kept.source !== null && sameSource(kept, live);
    return { current: reached ? desired : live.source === null ? 'nothing to build' : `built from ${live.source.repo}`, desired, reached };
  },
  act: async (rebuild, { live }) => rebuild.connect(idOf(rebuild, live)),
};

function idOf(rebuild: ServiceRebuild, live: LiveForm | null): string {
  if (live === null) throw gone(rebuild);
  return live.id;
}

const gone = ({ name }: ServiceRebuild): BelayError =>
  new BelayError('BELAY_ACT_FAILED', `there is no service called ${name}`, { effect: 'none', hint: 'Create it with service.create.' });

/** @throws BELAY_INPUT_INVALID */
function setOf({ set = {} }: JsonObject): Readonly<Record<string, string>> {
  const entries = typeof set === 'object' && set !== null && !Array.isArray(set) ? Object.entries(set) : [['set', null] as const];
  const odd = entries.find(([, value]) => !['string', 'number', 'boolean'].includes(typeof value));
  if (odd !== undefined)
    throw new BelayError('BELAY_INPUT_INVALID', `set: ${odd[0]} is no plain value`, { hint: 'Write set: { RUN_MODE: api }.' });
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value)]));
}
