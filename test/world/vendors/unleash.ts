// Unleash as far as Belay asks it: one project's flags in environments by the admin API, and what an application gets by the one for
// front-ends. `on` and `off` answer an empty body, and `on` without a strategy adds the one for everybody, as it does.
import { demand, startVendor, type VendorReply, type VendorServer } from './vendor-server.ts';

export interface UnleashFlag {
  enabled: boolean;
  /** Organizations that a strategy is for; an empty list is everybody. */
  strategies: { readonly id: string; readonly orgs: readonly string[] }[];
}
export type UnleashServer = VendorServer & {
  readonly flags: Map<string, UnleashFlag>;
  /** What was done, in order. */
  readonly ledger: string[];
  changeRequests: boolean;
  /** What the front-ends get lags behind: it is what stands here. */
  stale: ReadonlyMap<string, UnleashFlag> | null;
};

export async function startUnleash(o: { readonly token: string; readonly frontendToken: string }): Promise<UnleashServer> {
  const own = {
    flags: new Map<string, UnleashFlag>(),
    ledger: [] as string[],
    changeRequests: false,
    stale: null as UnleashServer['stale'],
  };
  const server: VendorServer = await startVendor(({ method, path, query, headers, body }): VendorReply => {
    if (path === '/api/frontend') {
      if (headers['authorization'] !== o.frontendToken) return { status: 401, json: { name: 'AuthenticationRequired' } };
      demand(method === 'GET', 'it is asked by GET');
      return { status: 200, json: { toggles: togglesOf(state.stale ?? own.flags, query.get('userId')) } };
    }
    if (headers['authorization'] !== o.token) return { status: 401, json: { id: 'x', name: 'AuthenticationRequired', message: 'no' } };
    const [, project, name = '', environment, act] =
      /^\/api\/admin\/projects\/([^/]+)\/features\/([^/]+)\/environments\/([^/]+)(?:\/(on|off))?$/.exec(path) ?? [];
    demand(project === 'default' && environment === 'production', `${path} is not described`, 404);
    const flag = own.flags.get(name);
    if (flag === undefined) return { status: 404, json: { id: 'x', name: 'NotFoundError', message: `no ${name}` } };
    if (act === undefined) {
      demand(method === 'GET', 'it is read by GET');
      return {
        status: 200,
        json: {
          name: environment,
          featureName: name,
          environment,
          type: 'production',
          sortOrder: 1,
          variantCount: 0,
          variants: [],
          ...flag,
        },
      };
    }
    demand(method === 'POST' && body === '', `${act} takes POST and no body`);
    if (state.changeRequests) return { status: 403, json: { id: 'x', name: 'NoAccessError', message: 'change requests are on' } };
    own.ledger.push(`${name} ${act}`);
    flag.enabled = act === 'on';
    if (act === 'on' && flag.strategies.length === 0) flag.strategies.push({ id: 'default', orgs: [] });
    return { status: 200 };
  });
  const state: UnleashServer = Object.assign(server, own);
  return state;
}

function togglesOf(flags: ReadonlyMap<string, UnleashFlag>, org: string | null): readonly object[] {
  const on = [...flags].filter(
    ([, flag]) => flag.enabled && flag.strategies.some(({ orgs }) => orgs.length === 0 || (org !== null && orgs.includes(org))),
  );
  return on.map(([name]) => ({ name, enabled: true, impressionData: false, variant: { name: 'disabled', enabled: false } }));
}
