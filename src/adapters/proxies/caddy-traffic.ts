// How a reverse_proxy of Caddy shares requests between two addresses: each stands in the list of upstreams as often as its share asks for,
// which every version of Caddy understands. Written by the ETag of the handler, so that Caddy refuses what came in between.
import { BelayError } from '../../domain/errors.ts';
import type { ProxyOptions } from '../../domain/proxy-catalog.ts';
import { type Fields, fieldsIn, textIn } from '../../domain/received.ts';
import type { Http } from '../../ports/http.ts';
import type { TrafficSplit, TrafficState } from '../../ports/traffic-split.ts';
import { type Found, openCaddy } from './caddy-admin.ts';
import { demandTwo, fingerprintOf, inSmallestList, sharesBy } from './shares.ts';

/** @throws BELAY_CONFIG_INVALID */
export function createCaddyTraffic(options: ProxyOptions<'caddy'>, { http }: { readonly http: Http }) {
  const names = Object.keys(options.upstreams);
  demandTwo('caddy', 'upstreams', names);
  const addresses = names.map((name) => options.upstreams[name] ?? '');
  const odd = addresses.find((one) => !/^[\w.:[\]-]{1,255}:\d{1,5}$/.test(one));
  if (odd !== undefined || addresses[0] === addresses[1])
    throw new BelayError('BELAY_CONFIG_INVALID', 'driver caddy: upstreams: each is another address, such as old: 127.0.0.1:3001');
  const caddy = openCaddy(options, http);
  const read = async (): Promise<TrafficState & { readonly found: Found }> => {
    const found = await caddy.look();
    const upstreams = upstreamsIn(found.handler);
    if (found.handler['handler'] !== 'reverse_proxy')
      throw new BelayError('BELAY_TARGET_UNREACHABLE', `${caddy.name} is no handler reverse_proxy`, {
        hint: 'Give the @id to the handler reverse_proxy.',
      });
    const foreign = upstreams.find((one) => !addresses.includes(textIn(one['dial'])));
    if (foreign !== undefined)
      throw new BelayError('BELAY_TARGET_UNREACHABLE', `${caddy.name} also sends to ${textIn(foreign['dial'])}`, {
        hint: 'Name both addresses in upstreams, and let no third one stand there.',
      });
    const shares = sharesBy(names, (name) => upstreams.filter((one) => one['dial'] === options.upstreams[name]).length);
    // Caddy tells no health by address: what is there counts as able to answer, and a check in the runbook says more.
    return { found, shares, up: names, fingerprint: fingerprintOf(shares) };
  };
  return {
    compareAndSet: 'native',
    names,
    look: async () => {
      const { shares, up, fingerprint } = await read();
      return { shares, up, fingerprint };
    },
    put: async (to, share, { expected }) => {
      const now = await read();
      if (Math.abs((now.shares[to] ?? 0) - share) < 0.005) return;
      const isSame = now.fingerprint === expected;
      if (!isSame || !(await caddy.replace(now.found, withShares(now.found.handler, listOf(names, options.upstreams, { to, share })))))
        throw new BelayError('BELAY_TARGET_CONFLICT', `${caddy.name}: it is no longer ${expected}`, {
          hint: 'Somebody else has changed it in between: plan again.',
        });
    },
  } satisfies TrafficSplit;
}

const upstreamsIn = ({ upstreams }: Fields): readonly Fields[] => (Array.isArray(upstreams) ? upstreams.map(fieldsIn) : []);

/** What an upstream says besides its address stays with it. */
function withShares(handler: Fields, dials: readonly string[]): Fields {
  const known = new Map(upstreamsIn(handler).map((one) => [textIn(one['dial']), one]));
  return { ...handler, upstreams: dials.map((dial) => known.get(dial) ?? { dial }) };
}

/** Mixed, so that those who are asked in turn do not get all of one and then all of the other. */
function listOf(
  names: readonly string[],
  dials: Readonly<Record<string, string>>,
  { to, share }: { readonly to: string; readonly share: number },
): readonly string[] {
  const { of, rest } = inSmallestList(share);
  const other = names.find((name) => name !== to) ?? to;
  const all = of + rest;
  return Array.from({ length: all }, (_, n) => dials[Math.floor(((n + 1) * of) / all) > Math.floor((n * of) / all) ? to : other] ?? '');
}
