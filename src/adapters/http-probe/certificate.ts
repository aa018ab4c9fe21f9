// When a certificate is good enough: trusted, and valid for some days yet. Pure: the time is given.
import type { Instant } from '../../domain/json.ts';
import type { Certificate } from '../../ports/net.ts';

const DAY_MS = 86_400_000;

export function judgeCertificate(
  { trusted, why, validTo }: Certificate,
  o: { readonly now: Instant; readonly leastDays: number },
): { readonly ok: boolean; readonly detail: string } {
  const until = new Date(validTo).toISOString().slice(0, 10);
  if (validTo <= o.now) return { ok: false, detail: `the certificate ended on ${until}` };
  if (!trusted) return { ok: false, detail: `the certificate is not trusted: ${why}` };
  const days = Math.floor((validTo - o.now) / DAY_MS);
  if (validTo - o.now < o.leastDays * DAY_MS)
    return { ok: false, detail: `the certificate ends in ${days} days, on ${until}: fewer than ${o.leastDays}` };
  return { ok: true, detail: `the certificate is valid until ${until}` };
}
