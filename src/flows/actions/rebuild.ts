// `service.keep`, `service.delete`, `service.create`, `service.restoreVariables`, `service.restoreSettings` and `service.connect`: a service is
// kept in a file, ended for good, and made anew from the file. All of them tell it by one mark, so that what one leaves is what the next one
// meets. Nothing is deleted that is not kept, word for word, at that moment. Values are never seen here.
import { BelayError } from '../../domain/errors.ts';
import type { JsonObject } from '../../domain/json.ts';
import type { Action } from '../../ports/action.ts';
import type { LiveForm, ServiceForm, ServiceRebuild } from '../../ports/service-rebuild.ts';
import { specOf, textOf } from './arguments.ts';
import { type BehindServices, builtBy, connecting, NOTHING_BEHIND } from './connect.ts';
import { apart, differing, isWhole, lacking, type Rebuilding, type Sight, settingsApart } from './service-forms.ts';

export type Rebuilds = Readonly<Record<string, ServiceRebuild>>;

export function rebuildActions(rebuilds: Rebuilds, behind: BehindServices = NOTHING_BEHIND): readonly Action[] {
  const connect = actionOf(connecting(behind), rebuilds);
  return [
    ...[KEEP, DELETE, CREATE, RESTORE_VARIABLES, RESTORE_SETTINGS].map((one) => actionOf(one, rebuilds)),
    {
      ...connect,
      // Its own: it meets nothing that the others leave.
      target: (args) => `service:${textOf(args, 'service')}/source`,
      notes: () => ['rebuilds', 'unguarded'],
      builds: async (args) => builtBy(behind, await sightOf(rebuildOf(rebuilds, textOf(args, 'service'))), args),
    },
  ];
}

function actionOf(one: Rebuilding, rebuilds: Rebuilds): Action {
  const of = (args: JsonObject): ServiceRebuild => rebuildOf(rebuilds, textOf(args, 'service'));
  const seenAs = (sight: Sight): string => one.fingerprint?.(sight) ?? markOf(sight.live);
  return {
    spec: specOf(`service.${one.name}`),
    compareAndSet: () => 'none',
    notes: () => ['unguarded'],
    target: (args) => `service:${textOf(args, 'service')}/form`,
    observe: async (args) => {
      const sight = await sightOf(of(args));
      return { ...one.tell(sight, args), fingerprint: seenAs(sight) };
    },
    act: async (args, { expected }) => {
      const rebuild = of(args);
      const sight = await sightOf(rebuild);
      if (one.tell(sight, args).reached) return;
      const why = (await one.refusal?.(args, sight, { rebuild })) ?? null;
      if (why !== null) throw new BelayError('BELAY_GUARD_REFUSED', why, { effect: 'none', hint: `It is kept in ${rebuild.path}.` });
      if (seenAs(sight) !== expected)
        throw new BelayError('BELAY_TARGET_CONFLICT', `${rebuild.name} is no longer as it was seen`, {
          effect: 'none',
          hint: 'Somebody else has changed it in between: plan again.',
        });
      await one.act(rebuild, sight, args);
    },
    impossible: async (args, o) => {
      const rebuild = of(args);
      const own = (await one.refusal?.(args, await sightOf(rebuild), { rebuild, ...o })) ?? null;
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

/** Of all that people and steps change on purpose. */
const markOf = (live: ServiceForm | null): string => live?.mark ?? 'absent';

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
    const names = apart(kept, live);
    return { current: names.length === 0 ? 'kept otherwise' : `kept otherwise: ${count(names, 'name')}`, desired, reached: false };
  },
  // An empty new one would take the place of all that the old one had.
  refusal: (_args, { live, kept }, { rebuild: { name }, step }) => {
    if (live === null) return kept === null ? `there is no service called ${name}` : null;
    const lost = kept === null || kept.id === live.id ? [] : lacking(kept, live);
    if (lost.length === 0) return null;
    const without = `start without this step, --skip ${step ?? '<its id>'}: what is kept stays as it is`;
    return `${name} was made anew and lacks what is kept (${lost.join(', ')}): to go on with restoring it, ${without}`;
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
  refusal: (args, { live, kept }, { rebuild: { name } }) => {
    if (textOf(args, 'confirm') !== name)
      return `confirm says ${JSON.stringify(args['confirm'])}, not ${name}, the name of the service that would be gone for good`;
    if (live === null) return null;
    if (kept === null) return `${name} is not deleted: nothing is kept of it. Keep it with service.keep`;
    if (kept.commit === null || kept.frozen === null)
      return `${name} is not deleted: what is kept of it says neither which commit ran nor whether pushes go live. Keep it again with service.keep`;
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
