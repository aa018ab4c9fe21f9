// A small app for people: a form to log in, a session in a cookie, a dashboard whose rows are fetched by its script. Real HTTP, and faults that
// a test switches on. Who looks at it is not its business.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SalesFaults {
  /** The dashboard has no rows. */
  empty: boolean;
  /** The rows are never answered. */
  hangs: boolean;
  /** The script of the dashboard never ends. */
  spins: boolean;
  /** Where whoever has logged in is sent instead. */
  leadsTo: string;
  /** The dashboard says so in a dialog, and the form opens a window. */
  says: string;
  /** Whoever has logged in is shown what was typed. */
  repeats: boolean;
}

const FORM = `<!doctype html><title>Entrar</title><form method="post" action="/login" class="">
<label>E-mail <input name="user" autocomplete="off"></label><label>Senha <input type="password" name="password"></label>
<button>Entrar</button></form>`;

/** Its pages, for a server that shows others besides. */
export function salesPages(password: string) {
  const faults: SalesFaults = { empty: false, hangs: false, spins: false, leadsTo: '', says: '', repeats: false };
  const asked: string[] = [];

  const dashboard = (): string => `<!doctype html><title>Painel</title><h1>Vendas de hoje</h1>${faults.repeats ? `<p>${password}</p>` : ''}
<table aria-label="Vendas"></table><script>
${faults.says === '' ? '' : `alert(${JSON.stringify(faults.says)});`}
${faults.spins ? 'setTimeout(() => { for (;;); }, 50);' : ''}
fetch('/rows').then((r) => r.json()).then((rows) => {
  document.querySelector('table').innerHTML = rows.map((row) => '<tr data-testid="row"><td>' + row + '</td></tr>').join('');
});</script>`;

  const form = (): string => (faults.says === '' ? FORM : FORM.replace('class=""', `onsubmit="window.open('/rows')"`));

  const loggedIn = (body: string, response: ServerResponse): void => {
    if (new URLSearchParams(body).get('password') !== password) {
      response.writeHead(401, { 'content-type': 'text/html' }).end(`${FORM}<p role="alert">Senha errada</p>`);
      return;
    }
    const location = faults.leadsTo === '' ? '/painel' : faults.leadsTo;
    response.writeHead(303, { location, 'set-cookie': 'session=s3ss10n; HttpOnly; Path=/' }).end();
  };

  const answered = (request: IncomingMessage, body: string, response: ServerResponse): void => {
    const url = request.url ?? '/';
    asked.push(`${request.method} ${url}`);
    const page = (text: string): unknown => response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(text);
    if (url === '/login' && request.method === 'POST') loggedIn(body, response);
    else if (url === '/login') page(form());
    else if (request.headers.cookie !== 'session=s3ss10n') response.writeHead(303, { location: '/login' }).end();
    else if (url === '/painel') page(dashboard());
    else if (url !== '/rows') response.writeHead(404).end();
    else if (!faults.hangs) response.writeHead(200, { 'content-type': 'application/json' }).end(faults.empty ? '[]' : '["Ana 12"]');
  };

  return {
    faults,
    asked,
    answer: (request: IncomingMessage, response: ServerResponse): void => {
      const chunks: Buffer[] = [];
      request
        .on('data', (chunk: Buffer) => chunks.push(chunk))
        .on('end', () => answered(request, Buffer.concat(chunks).toString('utf8'), response));
    },
  };
}

export async function startSalesApp(password: string) {
  const { faults, asked, answer } = salesPages(password);
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    faults,
    asked,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
