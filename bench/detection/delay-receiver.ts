// Where every side's webhooks arrive: remembers when each side first told of each organization. It knows the two bodies that arrive,
// Alertmanager's and Belay's, and judges nothing.
import { createServer } from 'node:http';
import { closed, listening } from './delay-world.ts';

export interface Receiver {
  url(side: string): string;
  /** By side: organization, or Belay's incident → when it first arrived. */
  readonly first: ReadonlyMap<string, ReadonlyMap<string, number>>;
  close(): Promise<void>;
}

interface Body {
  /** Alertmanager. */
  readonly alerts?: readonly { readonly status: string; readonly labels: Readonly<Record<string, string>> }[];
  /** Belay: the thread is the incident. */
  readonly data?: { readonly thread?: string };
}

export async function openReceiver(): Promise<Receiver> {
  const first = new Map<string, Map<string, number>>();
  const server = createServer((request, response) => {
    const at = Date.now();
    const side = decodeURIComponent((request.url ?? '/').slice(1));
    let text = '';
    request.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    request.on('end', () => {
      const told = first.get(side) ?? new Map<string, number>();
      first.set(side, told);
      for (const key of toldIn(JSON.parse(text) as Body)) if (!told.has(key)) told.set(key, at);
      response.end('{}');
    });
  });
  const port = await listening(server);
  return { url: (side) => `http://127.0.0.1:${port}/${encodeURIComponent(side)}`, first, close: () => closed(server) };
}

function toldIn({ alerts, data }: Body): readonly string[] {
  if (alerts !== undefined) return alerts.filter(({ status }) => status === 'firing').map(({ labels }) => labels['org'] ?? '');
  return data?.thread === undefined ? [] : [data.thread];
}
