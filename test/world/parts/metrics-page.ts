// A service's metrics page over real HTTP: counters that only the test moves, and whatever else it answers.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface MetricsPage {
  readonly url: string;
  readonly port: number;
  add(name: string, labels: Readonly<Record<string, string>>, amount?: number): void;
  /** What another path answers; null: nothing, the connection is cut. */
  answer(path: string, answer: { readonly status: number; readonly body: unknown } | null): void;
  close(): Promise<void>;
}

export async function serveMetrics(): Promise<MetricsPage> {
  const totals = new Map<string, number>();
  const answers = new Map<string, { readonly status: number; readonly body: unknown } | null>();
  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    if (path === '/metrics') {
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' });
      response.end([...totals].map(([series, total]) => `${series} ${total}\n`).join(''));
      return;
    }
    const answer = answers.get(path);
    if (answer === null) return void request.socket.destroy();
    response.writeHead(answer?.status ?? 404, { 'content-type': 'application/json' }).end(JSON.stringify(answer?.body ?? {}));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    add: (name, labels, amount = 1) => {
      const series = `${name}{${Object.entries(labels)
        .map(([label, value]) => `${label}="${value}"`)
        .join(',')}}`;
      totals.set(series, (totals.get(series) ?? 0) + amount);
    },
    answer: (path, answer) => void answers.set(path, answer),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
