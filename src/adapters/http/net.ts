// Connections, handshakes and names without HTTP, under the same address rules. Every attempt has one time limit and leaves nothing open.
import { connect as openSocket, type Socket } from 'node:net';
import { connect as openTls, type TLSSocket } from 'node:tls';
import type { Certificate, Net, NetPlace } from '../../ports/net.ts';
import { isLiteral, plainHost, readAllowList } from './addresses.ts';
import { type GuardedLookup, guardedLookup, type Lookup, Refused, refusedAhead } from './connector.ts';
import { failureOf } from './failure.ts';
import type { HttpOptions } from './http.ts';

export interface NetDeps {
  /** The system's resolver by default. */
  readonly lookup?: Lookup;
  /** PEM of the authorities that are trusted, instead of those that Node trusts. */
  readonly authorities?: readonly string[];
}

/** @example await createNet({ allow: [] }).connect({ host: 'shop.example', port: 5432, timeoutMs: 1_000 }) */
export function createNet(options: HttpOptions, deps: NetDeps = {}) {
  const allow = readAllowList(options.allow);
  const lookup = guardedLookup(allow, deps.lookup);
  const addressesOf = asker(lookup);
  const ca = deps.authorities === undefined ? {} : { ca: [...deps.authorities] };
  /** A literal is not looked up, so it is judged here; a name is judged where its addresses are known. */
  const placeOf = ({ host, port }: NetPlace): { readonly host: string; readonly port: number; readonly lookup: GuardedLookup } => {
    const plainName = plainHost(host);
    const why = refusedAhead(plainName, allow);
    if (why !== null) throw new Refused(why);
    return { host: plainName, port, lookup };
  };

  return {
    connect: (place: NetPlace, signal?: AbortSignal) =>
      attempt(`tcp://${place.host}:${place.port}`, { timeoutMs: place.timeoutMs, signal }, (settle) => {
        const socket = openSocket(placeOf(place));
        socket.once('connect', () => settle.done({}));
        return held(socket, settle.fail);
      }),
    handshake: (place: NetPlace, signal?: AbortSignal) =>
      attempt<{ readonly certificate: Certificate }>(
        `tls://${place.host}:${place.port}`,
        { timeoutMs: place.timeoutMs, signal },
        (settle) => {
          const to = placeOf(place);
          // Judged below, so that a certificate that is not trusted is told and not only an end of the connection.
          const socket = openTls({ ...to, ...ca, ...(isLiteral(to.host) ? {} : { servername: to.host }), rejectUnauthorized: false });
          socket.once('secureConnect', () => settle.done({ certificate: certificateOf(socket) }));
          return held(socket, settle.fail);
        },
      ),
    resolve: ({ name, timeoutMs }: { readonly name: string; readonly timeoutMs: number }, signal?: AbortSignal) =>
      attempt<{ readonly addresses: readonly string[] }>(`dns://${name}`, { timeoutMs, signal }, (settle) => {
        addressesOf(name).then((addresses) => settle.done({ addresses }), settle.fail);
        return () => undefined;
      }),
  } satisfies Net;
}

interface Settle<T> {
  readonly done: (value: T) => void;
  readonly fail: (error: unknown) => void;
}

/** `begin` gives back what ends the attempt; it is called in any case. */
async function attempt<T extends object>(
  label: string,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal | undefined },
  begin: (settle: Settle<T>) => () => void,
): Promise<T & { readonly tookMs: number }> {
  const began = performance.now();
  let end = (): void => undefined;
  let onAbort = (): void => undefined;
  let timer: NodeJS.Timeout | undefined;
  try {
    const value = await new Promise<T>((resolve, reject) => {
      onAbort = () => reject(new Error('it was cancelled'));
      if (signal?.aborted === true) return onAbort();
      signal?.addEventListener('abort', onAbort, { once: true });
      timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
      end = begin({ done: resolve, fail: reject });
    });
    return { ...value, tookMs: performance.now() - began };
  } catch (error) {
    throw failureOf(label, error, { effect: 'none', hint: 'Check that it runs, and that its name and port are right.' });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
    end();
  }
}

/** Errors that come after the end are nobody's: unheard they would end the process. */
function held(socket: Socket, fail: (error: unknown) => void): () => void {
  socket.on('error', fail);
  socket.once('close', () => fail(new Error('the connection was closed')));
  return () => socket.destroy();
}

/** The system's resolver cannot be told to stop: while a question is open, nobody asks it again. */
function asker(lookup: GuardedLookup): (name: string) => Promise<readonly string[]> {
  const asked = new Map<string, Promise<readonly string[]>>();
  return (name) => {
    const known = asked.get(name);
    if (known !== undefined) return known;
    const asking = new Promise<readonly string[]>((resolve, reject) => {
      lookup(name, { all: true }, (error, addresses) => {
        asked.delete(name);
        if (error !== null) reject(error);
        else resolve(Array.isArray(addresses) ? addresses.map(({ address }) => address) : [addresses]);
      });
    });
    asked.set(name, asking);
    // Whoever waits for it hears of it; nobody may wait any more.
    asking.catch(() => undefined);
    return asking;
  };
}

function certificateOf(socket: TLSSocket): Certificate {
  const { authorized, authorizationError } = socket;
  const shown = socket.getPeerCertificate();
  const validTo = Date.parse(shown?.valid_to ?? '');
  if (!Number.isFinite(validTo)) return { trusted: false, why: 'it shows none', validTo: 0 };
  // A code such as CERT_HAS_EXPIRED or DEPTH_ZERO_SELF_SIGNED_CERT.
  return { trusted: authorized, why: authorized ? '' : String(authorizationError ?? 'no reason was given'), validTo };
}
