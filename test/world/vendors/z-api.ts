// Z-API on loopback: one instance with its status and its callback addresses, as the vendor's pages tell them. Nothing of it was recorded.
import { demand, startVendor, type VendorServer } from './vendor-server.ts';

export interface ZApiServer extends VendorServer {
  readonly account: Record<string, unknown>;
  readonly phone: { connected: boolean };
}

const FIELDS: Readonly<Record<string, string>> = {
  '/update-webhook-connected': 'connectedCallbackUrl',
  '/update-webhook-delivery': 'deliveryCallbackUrl',
  '/update-webhook-disconnected': 'disconnectedCallbackUrl',
};

export async function startZApi(o: {
  readonly instance: string;
  readonly token: string;
  readonly clientToken: string;
}): Promise<ZApiServer> {
  const account: Record<string, unknown> = {
    ...{ id: o.instance, token: o.token, name: 'CRM', due: 0, connected: true, paymentStatus: 'PAID' },
    ...Object.fromEntries(Object.values(FIELDS).map((field) => [field, null])),
  };
  const phone = { connected: true };
  const base = `/instances/${o.instance}/token/${o.token}`;
  const server = await startVendor(({ method, path, headers, body }) => {
    if (!path.startsWith(base) || headers['client-token'] !== o.clientToken)
      return { status: 403, json: { error: `null not allowed, token ${o.token}` } };
    const route = `${method} ${path.slice(base.length)}`;
    if (route === 'GET /me') return { status: 200, json: account };
    if (route === 'GET /status') {
      const said = phone.connected ? 'You are already connected.' : 'You need to restore the session.';
      return { status: 200, json: { connected: phone.connected, error: said, smartphoneConnected: phone.connected } };
    }
    const field = method === 'PUT' ? FIELDS[path.slice(base.length)] : undefined;
    demand(field !== undefined, `${route} is not described`, 405);
    demand(headers['content-type'] === 'application/json', 'the content type is missing', 415);
    const { value } = JSON.parse(body) as { value?: unknown };
    demand(typeof value === 'string' && value.startsWith('https://'), 'value is no https address');
    account[field] = value;
    return { status: 200, json: { value: true } };
  });
  return Object.assign(server, { account, phone });
}
