// Freezes of a scope: nothing new is put live for an organization, or on a component, until it is thawed; only the incident that froze it goes
// on. The way back stays open for everybody. It judges values and reads none.
import type { Instant, JsonObject } from './json.ts';
import type { System } from './system.ts';

export interface ScopeFreeze {
  /** `org/<id>` or `component/<id>` */
  readonly scope: string;
  /** Null: a person froze it outside of any incident. */
  readonly incident: string | null;
  readonly by: string;
  readonly why: string;
  readonly at: Instant;
}

/** What puts something new live. Rolling back, taking off and freezing never wait for anybody. */
const ACTIVATIONS: ReadonlySet<string> = new Set(['deploy.activate', 'flow.set', 'n8n.activate']);

/** What an action touches: the organization that it names or that its run is for, and the component of its target or switch. */
export function scopesOf(
  system: Pick<System, 'targets' | 'switches'>,
  o: { readonly action: string; readonly args: JsonObject; readonly org: string | null },
): readonly string[] {
  if (!ACTIVATIONS.has(o.action)) return [];
  const part = [...system.targets, ...system.switches].find((one) => one.id === (o.args['target'] ?? o.args['switch']));
  const org = typeof o.args['org'] === 'string' ? o.args['org'] : o.org;
  const component = part !== undefined && 'component' in part && typeof part.component === 'string' ? part.component : null;
  return [...(org === null ? [] : [`org/${org}`]), ...(component === null ? [] : [`component/${component}`])];
}

/** The freeze that stands in the way of an incident; null: none does. */
export function freezeInTheWay(freezes: readonly ScopeFreeze[], scopes: readonly string[], incident: string): ScopeFreeze | null {
  return freezes.find((one) => scopes.includes(one.scope) && one.incident !== incident) ?? null;
}

/** What happened, and what to type. */
export function frozenText({ scope, incident, by, why }: ScopeFreeze): string {
  const who = incident === null ? by : `${by} in ${incident}`;
  return `${scope} is frozen by ${who} (${why}); when it may go on: belay thaw ${scope} --why "…"`;
}

/** `acme`, `org/acme` and `component/shop` as a scope that exists; null: there is none. */
export function scopeNamed(system: Pick<System, 'organizations' | 'components'>, name: string): string | null {
  const known = [...system.organizations.map((one) => `org/${one.id}`), ...system.components.map((one) => `component/${one.id}`)];
  return known.find((scope) => scope === name) ?? known.find((scope) => scope.slice(scope.indexOf('/') + 1) === name) ?? null;
}
