// Agente Julia as far as her runbooks look at her: real HTTP, her pause read from the table before each answer, a queue of what could not be
// sent. What is broken around her is told by whoever opens her; who is to blame is not her business.
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export const TEST_NUMBER = 'numero-de-teste';

export interface JuliaDeps {
  readonly apiRuns: () => boolean;
  readonly workerRuns: () => boolean;
  /** She answers `CRITICAL` to deep looks. */
  readonly isBad: () => boolean;
  /** She answers no deep look with 200. */
  readonly isSick: () => boolean;
  readonly hasRedis: () => boolean;
  /** What her API was begun with. */
  readonly variables: () => Readonly<Record<string, string>>;
  /** The newest row of her table; throws when the database is gone. */
  readonly status: () => Promise<string>;
  readonly more?: (path: string) => Promise<{ readonly status: number; readonly json: unknown } | null>;
}

export interface Heard {
  readonly id: string;
  readonly from: string;
  readonly text: string;
  answered: number;
}

export type Julia = Awaited<ReturnType<typeof startJulia>>;

export async function startJulia(deps: JuliaDeps) {
  const heard: Heard[] = [];
  const deep = async (): Promise<Reply> => {
    const status = await deps.status().catch(() => null);
    if (status === null) return { status: 503, json: { status: 'CRITICAL', database: 'down' } };
    if (deps.isSick()) return { status: 500, json: { status: 'healthy' } };
    return deps.isBad() ? { status: 200, json: { status: 'CRITICAL' } } : { status: 200, json: { status: 'healthy' } };
  };
  const take = async (body: string): Promise<Reply> => {
    const { data } = JSON.parse(body) as { data: { key: { id: string }; from: string; text: string } };
    const status = await deps.status().catch(() => null);
    if (status === null) return { status: 503, json: {} };
    const known = heard.find((one) => one.id === data.key.id);
    if (known !== undefined) return { status: 202, json: {} };
    // While she is paused only the controlled number gets an answer.
    const answers = deps.workerRuns() && (status === 'ativo' || data.from === TEST_NUMBER);
    heard.push({ id: data.key.id, from: data.from, text: data.text, answered: answers ? 1 : 0 });
    return { status: 202, json: {} };
  };
  const answer = async (request: IncomingMessage, body: string): Promise<Reply> => {
    const url = new URL(request.url ?? '/', 'http://julia');
    const more = await deps.more?.(url.pathname);
    if (more) return more;
    if (!deps.apiRuns()) return { status: 502, json: { message: 'Application failed to respond' } };
    if (url.pathname === '/health/deep') return deep();
    if (url.pathname === '/config/public') return { status: 200, json: shownOf(deps.variables()) };
    if (url.pathname === '/health/ready') return { status: deps.hasRedis() ? 200 : 503, json: {} };
    if (url.pathname === '/health') return { status: 200, json: {} };
    if (url.pathname === '/webhook/evolution' && request.method === 'POST') return take(body);
    if (url.pathname !== '/conversations') return { status: 404, json: {} };
    const found = heard.filter((one) => one.from === url.searchParams.get('from') && one.text === url.searchParams.get('text'));
    return { status: 200, json: { heard: found.length, answered: found.reduce((sum, one) => sum + one.answered, 0) } };
  };
  const server = createServer((request, response) => {
    void bodyOf(request)
      .then((body) => answer(request, body))
      .then(({ status, json }) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    heard,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Never a secret. */
const shownOf = (variables: Readonly<Record<string, string>>) =>
  Object.fromEntries(
    ['APP_ENV', 'SUPABASE_URL', 'SUPABASE_PROJECT_REF'].flatMap((name) => (name in variables ? [[name, variables[name]]] : [])),
  );

interface Reply {
  readonly status: number;
  readonly json: unknown;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
