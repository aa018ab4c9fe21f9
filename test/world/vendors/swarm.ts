// One service of a Docker Swarm as its Engine tells it (API 1.41): its specification with a version, its tasks, and updates that want that
// version. Written from the published description; the real Engine is asked elsewhere.
import { demand, startVendor, type VendorReply, type VendorServer } from './vendor-server.ts';

export interface SwarmState {
  replicas: number;
  /** Tasks that run: fewer than wanted while the node has no room. */
  room: number;
  /** What the Engine says instead of updating. */
  refuses: string | null;
  /** Every number that it was set to. */
  readonly orders: number[];
}
export type SwarmServer = VendorServer & { readonly state: SwarmState };

export async function startSwarm(o: { readonly service: string; readonly replicas: number }): Promise<SwarmServer> {
  const state: SwarmState = { replicas: o.replicas, room: 100, refuses: null, orders: [] };
  let version = 10;
  const began = new Date(Date.now() - 3_600_000).toISOString();
  const server = await startVendor(({ method, path, query, body }): VendorReply => {
    if (method === 'GET' && path === '/tasks') {
      demand(query.get('filters') === '{"service":["svc1"]}', 'the filter names no service of this Swarm');
      return { status: 200, json: Array.from({ length: state.replicas }, (_, n) => taskOf(n, n < state.room, began)) };
    }
    if (method === 'GET' && path === `/services/${o.service}`)
      return {
        status: 200,
        json: {
          ID: 'svc1',
          Version: { Index: version },
          UpdatedAt: began,
          Spec: { Name: o.service, Mode: { Replicated: { Replicas: state.replicas } } },
        },
      };
    demand(method === 'POST' && path === '/services/svc1/update', `${method} ${path}: page not found`, 404);
    if (query.get('version') !== String(version)) return { status: 500, json: { message: 'rpc error: update out of sequence' } };
    if (state.refuses !== null) return { status: 400, json: { message: state.refuses } };
    const { Mode: mode } = JSON.parse(body) as { readonly Mode: { readonly Replicated: { readonly Replicas: number } } };
    state.replicas = mode.Replicated.Replicas;
    state.orders.push(state.replicas);
    version += 1;
    return { status: 200, json: { Warnings: null } };
  });
  return Object.assign(server, { state });
}

const taskOf = (n: number, runs: boolean, began: string) => ({
  ID: `task${n}`,
  DesiredState: 'running',
  Status: { State: runs ? 'running' : 'pending', Timestamp: began },
});
