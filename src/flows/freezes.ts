// What freezes keep from being done, asked when planning and right before an act; and the verbs by which people freeze and thaw.
import { BelayError } from '../domain/errors.ts';
import type { GuardVerdict } from '../domain/guardrail.ts';
import type { JsonObject } from '../domain/json.ts';
import type { PlanStep } from '../domain/plan.ts';
import type { ScopeFreeze } from '../domain/scope-freeze.ts';
import { freezeInTheWay, frozenText, isDeletion, scopeNamed, scopesOf } from '../domain/scope-freeze.ts';
import type { Caller } from './caller.ts';
import type { World } from './world.ts';

export type FreezeWorld = Pick<World, 'system' | 'freezes'>;

export interface Wanted {
  readonly action: string;
  readonly args: JsonObject;
  /** Of the run. */
  readonly org: string | null;
  readonly incident: string;
}

/** Why it may not be done now; null: nothing is in its way. */
export async function frozenBy(world: FreezeWorld, wanted: Wanted): Promise<string | null> {
  const scopes = scopesOf(world.system, wanted);
  if (scopes.length === 0) return null;
  const found = freezeInTheWay(await world.freezes.list(), scopes, wanted);
  return found === null ? null : frozenText(found);
}

/** For a plan: each freeze in the way of what it would change, unless the plan thaws its scope before. */
export async function freezeGuards(
  world: Pick<World, 'system'> & { readonly freezes?: World['freezes'] },
  steps: readonly PlanStep[],
  o: { readonly org: string | null; readonly incident: string },
): Promise<readonly GuardVerdict[]> {
  // Whether what a called runbook deletes will be wanted at all is not known yet: that is asked right before it.
  const isFarOff = ({ id, action = '' }: PlanStep): boolean => id.includes('.') && isDeletion(action);
  const changing = steps.filter((step) => step.action !== undefined && step.effect !== 'noop' && !isFarOff(step));
  const freezes = changing.length === 0 ? [] : ((await world.freezes?.list()) ?? []);
  const thawed = new Set<string>();
  const found = new Map<string, string>();
  for (const { action = '', args = {} } of freezes.length === 0 ? [] : changing) {
    if (action === 'belay.thaw')
      thawed.add(args['org'] === undefined ? `component/${String(args['component'])}` : `org/${String(args['org'])}`);
    const scopes = scopesOf(world.system, { action, args, org: o.org }).filter((scope) => !thawed.has(scope));
    const freeze = freezeInTheWay(freezes, scopes, { incident: o.incident, action });
    if (freeze !== null) found.set(freeze.scope, frozenText(freeze));
  }
  return [...found].map(([scope, reason]) => ({ guard: 'freeze', answer: 'fail' as const, reason, facts: { scope } }));
}

/** People lift a freeze, so it is a reason to ask them; a guard of the runbook may bear the same name. */
export const isFreezeGuard = ({ guard, facts }: GuardVerdict): boolean => guard === 'freeze' && typeof facts['scope'] === 'string';

export interface AskedFreeze {
  readonly scope: string;
  readonly why: string;
}

/** @throws BELAY_NOT_FOUND, BELAY_INPUT_INVALID */
export async function freezeScope(
  world: Pick<World, 'system' | 'freezes' | 'time'>,
  caller: Caller,
  asked: AskedFreeze,
): Promise<ScopeFreeze> {
  const scope = knownScope(world, asked.scope);
  const freeze = { scope, incident: null, by: caller.person, why: asked.why, at: world.time.now() };
  if (await world.freezes.set(freeze)) return freeze;
  const held = (await world.freezes.list()).find((one) => one.scope === scope);
  throw new BelayError('BELAY_GUARD_REFUSED', `${scope} is frozen already${held === undefined ? '' : ` by ${held.by} (${held.why})`}.`, {
    hint: `Nothing to do; or thaw it: belay thaw ${scope} --why "…"`,
  });
}

/** @throws BELAY_NOT_FOUND */
export async function thawScope(
  world: Pick<World, 'system' | 'freezes' | 'incidents' | 'time'>,
  caller: Caller,
  asked: AskedFreeze,
): Promise<ScopeFreeze> {
  const scope = knownScope(world, asked.scope);
  const held = (await world.freezes.list()).find((one) => one.scope === scope);
  if (held === undefined || !(await world.freezes.lift(scope, held.at)))
    throw new BelayError('BELAY_NOT_FOUND', `${scope} is not frozen.`, { hint: 'See what is: belay status' });
  const text = `thawed ${scope}: ${asked.why}`;
  const at = world.time.now();
  // The incident that froze it learns that its measure is gone; what that means for it, people say there.
  if (held.incident !== null)
    await world.incidents
      .append(held.incident, {
        key: `thaw/${scope}/${held.at}`,
        events: [{ type: 'note.added', data: { by: caller.person, text, lang: 'en' }, at, actor: { kind: 'user', id: caller.person } }],
      })
      .catch((error: unknown) => {
        if (!BelayError.is(error, 'BELAY_NOT_FOUND')) throw error;
      });
  return held;
}

function knownScope({ system }: Pick<World, 'system'>, name: string): string {
  const scope = scopeNamed(system, name);
  if (scope !== null) return scope;
  throw new BelayError('BELAY_NOT_FOUND', `There is no organization or component ${name}.`, {
    hint: 'Name it as org/<id> or component/<id>, as belay.yaml does.',
  });
}
