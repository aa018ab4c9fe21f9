// Freezes of a scope: nothing new is put live for an organization, or on a component, until it is thawed; only the incident that froze it goes
// on. What deletes for good waits for everybody, that incident and undos too. Every other way back stays open. It judges values and reads none.
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
const ACTIVATIONS: ReadonlySet<string> = new Set(['deploy.activate', 'deploy.commit', 'service.connect', 'flow.set', 'n8n.activate']);

/** What takes data away, or may: nothing brings it back. A freeze of its component has them wait, whoever froze. */
const DELETIONS: ReadonlySet<string> = new Set(['service.delete', 'evolution.delete', 'db.migrateDown', 'db.apply']);

export const isDeletion = (action: string): boolean => DELETIONS.has(action);

type Parts = Pick<System, 'targets' | 'switches' | 'services' | 'databases' | 'integrations'>;

/** What an action touches: the organization that it names or that its run is for, and the component of what it names. */
export function scopesOf(
  system: Parts,
  o: { readonly action: string; readonly args: JsonObject; readonly org: string | null },
): readonly string[] {
  if (!ACTIVATIONS.has(o.action) && !isDeletion(o.action)) return [];
  const part = partOf(system, o);
  const org = typeof o.args['org'] === 'string' ? o.args['org'] : o.org;
  const component = part !== undefined && 'component' in part && typeof part.component === 'string' ? part.component : null;
  return [...(org === null || isDeletion(o.action) ? [] : [`org/${org}`]), ...(component === null ? [] : [`component/${component}`])];
}

function partOf(
  { targets, switches, services = [], databases = [], integrations = [] }: Parts,
  { action, args }: { readonly action: string; readonly args: JsonObject },
): { readonly component?: string } | undefined {
  const named = (all: readonly { readonly id: string; readonly component?: string }[], key: string) =>
    all.find((one) => one.id === args[key]);
  const found =
    named(targets, 'target') ?? named(switches as never, 'switch') ?? named(services, 'service') ?? named(databases, 'database');
  // An integration that is the only one of its driver need not be named.
  const driver = action.slice(0, action.indexOf('.'));
  return found ?? named(integrations, 'integration') ?? integrations.find((one) => one.driver === driver);
}

/** The freeze that stands in the way of what an incident would do; null: none does. */
export function freezeInTheWay(
  freezes: readonly ScopeFreeze[],
  scopes: readonly string[],
  o: { readonly incident: string; readonly action: string },
): ScopeFreeze | null {
  return freezes.find((one) => scopes.includes(one.scope) && (isDeletion(o.action) || one.incident !== o.incident)) ?? null;
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
