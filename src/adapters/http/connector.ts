// Opens the connection of a request, and checks where it goes at the last moment: literals before connecting, names after resolving.
// What was checked is what is connected to, so a name that changes its address in between gains nothing.
import { type LookupAddress, type LookupOptions, lookup as resolve } from 'node:dns';
import { rootCertificates } from 'node:tls';
import { buildConnector } from 'undici';
import { type AllowList, isLiteral, isMetadataName, NEVER_REACHED, plainHost, refusal } from './addresses.ts';

/** Carries the sentence; the request turns it into BELAY_HTTP_REFUSED. */
export class Refused extends Error {}

type LookupCallback = (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void;
export type Lookup = (
  host: string,
  options: LookupOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

const systemLookup: Lookup = (host, options, callback) => resolve(host, { ...options, all: true }, callback);

export type GuardedLookup = (host: string, options: LookupOptions, callback: LookupCallback) => void;

/** Gives only the addresses that may be reached; fails with `Refused` when there is none. */
export function guardedLookup(allow: AllowList, lookup: Lookup = systemLookup): GuardedLookup {
  return (host, options, callback) => {
    lookup(host, options, (error, addresses) => {
      if (error !== null) return callback(error, []);
      const judged = addresses.map((one) => ({ one, why: refusal(host, one.address, allow) }));
      const good = judged.filter(({ why }) => why === null).map(({ one }) => one);
      const [first] = good;
      if (first === undefined)
        return callback(
          new Refused(
            `${host} is at ${addresses.map((one) => one.address).join(', ') || 'no address'}: ${judged[0]?.why ?? 'it has none'}`,
          ),
          [],
        );
      return options.all === true ? callback(null, good) : callback(null, first.address, first.family);
    });
  };
}

/** Why a host is refused before anybody is asked where it is; null when it is not. */
export function refusedAhead(host: string, allow: AllowList): string | null {
  const why = isMetadataName(host) ? NEVER_REACHED : isLiteral(host) ? refusal(host, host, allow) : null;
  return why === null ? null : `${host}: ${why}`;
}

export function guardedConnector(
  allow: AllowList,
  o: { readonly lookup?: Lookup | undefined; readonly ca?: string | undefined } = {},
): buildConnector.connector {
  // The whole request has one time limit; the connection needs none of its own.
  const trusted = o.ca === undefined ? {} : { ca: [...rootCertificates, o.ca] };
  const connect = buildConnector({ lookup: guardedLookup(allow, o.lookup), timeout: 0, ...trusted });
  return (options, callback) => {
    const why = refusedAhead(plainHost(options.hostname), allow);
    if (why !== null) return callback(new Refused(why), null);
    return connect(options, callback);
  };
}

/** To a program of this machine: there is no address to judge. */
export const toSocket = (path: string): buildConnector.connector => buildConnector({ socketPath: path, timeout: 0 });
