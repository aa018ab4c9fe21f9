// Flagsmith as far as Belay asks it: one environment's flag states with their overrides, and what an identity gets.
import { demand, startVendor, type VendorReply, type VendorServer } from './vendor-server.ts';

export interface FlagState {
  readonly id: number;
  readonly feature: number;
  readonly identity: string | null;
  readonly feature_segment: number | null;
  enabled: boolean;
}
export interface FlagsmithState {
  readonly features: Map<string, number>;
  readonly states: FlagState[];
  readonly ledger: string[];
  versioned: boolean;
  /** The organizations that are in a segment. */
  readonly segments: Map<number, readonly string[]>;
  /** Another page of states that is not asked for. */
  more: boolean;
}
export type FlagsmithServer = VendorServer & { readonly state: FlagsmithState };

export async function startFlagsmith(o: { readonly token: string; readonly environment: string }): Promise<FlagsmithServer> {
  const state: FlagsmithState = { features: new Map(), states: [], ledger: [], versioned: false, segments: new Map(), more: false };
  const enabledFor = (feature: number, org: string | null): boolean => {
    const own = state.states.filter((one) => one.feature === feature);
    const ofIdentity = own.find((one) => org !== null && one.identity === org);
    const ofSegment = own.find(
      (one) => one.feature_segment !== null && org !== null && state.segments.get(one.feature_segment)?.includes(org),
    );
    const found = ofIdentity ?? ofSegment ?? own.find((one) => one.identity === null && one.feature_segment === null);
    return found?.enabled === true;
  };
  const flagsFor = (org: string | null): readonly object[] =>
    [...state.features].map(([name, id]) => ({
      feature: { id, name, type: 'STANDARD' },
      enabled: enabledFor(id, org),
      feature_state_value: null,
    }));
  const server = await startVendor(({ method, path, query, headers, body }): VendorReply => {
    if (path === '/api/v1/flags/' || path === '/api/v1/identities/') {
      if (headers['x-environment-key'] !== o.environment) return { status: 401, json: { detail: 'Invalid or missing Environment Key' } };
      if (path.endsWith('/flags/')) return { status: 200, json: flagsFor(null) };
      const { identifier } = JSON.parse(body) as { identifier?: unknown };
      demand(method === 'POST' && typeof identifier === 'string', 'identifier is required');
      return { status: 200, json: { flags: flagsFor(identifier), traits: [] } };
    }
    if (headers['authorization'] !== `Api-Key ${o.token}`)
      return { status: 403, json: { detail: 'Authentication credentials were not provided.' } };
    const [, environment, rest = ''] = /^\/api\/v1\/environments\/([^/]+)\/(.*)$/.exec(path) ?? [];
    demand(environment === o.environment, 'Not found.', 404);
    if (rest === '')
      return { status: 200, json: { id: 7, name: 'Production', api_key: o.environment, use_v2_feature_versioning: state.versioned } };
    if (rest === 'featurestates/') {
      const results = state.states.filter((one) => one.feature === Number(query.get('feature')));
      return { status: 200, json: { count: results.length, next: state.more ? 'http://next' : null, previous: null, results } };
    }
    const [, id] = /^featurestates\/(\d+)\/$/.exec(rest) ?? [];
    const one = state.states.find((each) => each.id === Number(id));
    demand(method === 'PATCH' && one !== undefined, `${method} ${path} is not described`, 404);
    const { enabled } = JSON.parse(body) as { enabled?: unknown };
    demand(typeof enabled === 'boolean', 'enabled is no boolean');
    one.enabled = enabled;
    state.ledger.push(`${one.id} ${enabled ? 'on' : 'off'}`);
    return { status: 200, json: one };
  });
  return Object.assign(server, { state });
}
