// A status page of a vendor as it is served: a summary.json in the form of Statuspage, of a vendor that there is not, over real HTTP.
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ComponentOnPage {
  readonly name: string;
  readonly status: string;
}

export interface Words {
  readonly indicator?: string;
  readonly updatedAt?: string;
  readonly components?: readonly ComponentOnPage[];
  /** Status of the planned maintenances. */
  readonly maintenances?: readonly string[];
}

const WELL: readonly ComponentOnPage[] = ['Database', 'Auth', 'Storage'].map((name) => ({ name, status: 'operational' }));

export function summary({
  indicator = 'none',
  updatedAt = '2025-03-10T11:58:20.512Z',
  components = WELL,
  maintenances = [],
}: Words = {}): string {
  const times = { created_at: '2021-05-04T09:11:02.000Z', updated_at: updatedAt };
  const page = {
    id: 'kctbh9vrtdwd',
    name: 'Example Cloud',
    url: 'https://status.example.com',
    time_zone: 'Etc/UTC',
    updated_at: updatedAt,
  };
  return JSON.stringify({
    page,
    components: components.map(({ name, status }, index) => ({
      id: `c${index}`,
      name,
      status,
      ...times,
      position: index + 1,
      description: null,
      showcase: false,
      start_date: null,
      group_id: null,
      page_id: page.id,
      group: false,
      only_show_if_degraded: false,
    })),
    incidents: [],
    scheduled_maintenances: maintenances.map((status, index) => ({
      id: `m${index}`,
      name: 'Database upgrade',
      status,
      impact: 'maintenance',
      scheduled_for: '2025-03-10T12:00:00.000Z',
      scheduled_until: '2025-03-10T13:00:00.000Z',
      ...times,
      incident_updates: [],
      page_id: page.id,
    })),
    status: { indicator, description: 'As they say' },
  });
}

export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Never answers. */
  readonly hang?: boolean;
}

export async function servePage(first: Answer = {}) {
  let answer = first;
  const waiting: (() => void)[] = [];
  const held = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    for (const wake of waiting.splice(0)) wake();
    if (answer.hang === true) return void held.add(response);
    const found = request.url === '/api/v2/summary.json';
    const headers = { 'content-type': 'application/json; charset=utf-8', age: '12', ...answer.headers };
    response.writeHead(found ? (answer.status ?? 200) : 404, headers).end(found ? (answer.body ?? summary()) : '{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    base,
    url: `${base}/api/v2/summary.json`,
    set: (next: Answer) => {
      answer = next;
    },
    nextAsked: () => new Promise<void>((resolve) => waiting.push(resolve)),
    close: () =>
      new Promise<void>((resolve) => {
        for (const response of held) response.destroy();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
