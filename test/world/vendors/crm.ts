// A CRM of the user's own on loopback: its stage engine can be frozen and put on a flow for each organization, over plain HTTP with a token.
import { demand, startVendor, type VendorServer } from './vendor-server.ts';

export interface CrmServer extends VendorServer {
  readonly stages: Map<string, { frozen: boolean; flow: string; revision: number }>;
  /** What was written, with the idempotency key that came with it. */
  readonly ledger: { readonly org: string; readonly body: unknown; readonly key: string | undefined }[];
  /** 200, and nothing is changed. */
  lies: boolean;
}

export async function startCrm(token: string): Promise<CrmServer> {
  const stages: CrmServer['stages'] = new Map();
  const ledger: CrmServer['ledger'] = [];
  const state = { lies: false };
  const server = await startVendor(({ method, path, headers, body }) => {
    if (headers['authorization'] !== `Bearer ${token}`)
      return { status: 401, json: { error: `bad token ${headers['authorization'] ?? ''}` } };
    const [, org = ''] = /^\/orgs\/([^/]+)\/stages$/.exec(path) ?? [];
    const stage = stages.get(decodeURIComponent(org));
    if (stage === undefined) return { status: 404, json: { error: 'no such organization' } };
    if (method === 'GET') return { status: 200, json: stage };
    demand(method === 'PATCH' && headers['content-type'] === 'application/json', `${method} is not taken`, 405);
    const asked = JSON.parse(body) as Partial<{ frozen: boolean; flow: string }>;
    ledger.push({ org: decodeURIComponent(org), body: asked, key: headers['idempotency-key'] });
    if (!state.lies) Object.assign(stage, asked, { revision: stage.revision + 1 });
    return { status: 200, json: stage };
  });
  return Object.defineProperty(Object.assign(server, { stages, ledger }), 'lies', {
    get: () => state.lies,
    set: (value: boolean) => {
      state.lies = value;
    },
  }) as CrmServer;
}
