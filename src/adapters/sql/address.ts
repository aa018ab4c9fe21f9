// The address of a Postgres, and what of it must never be shown. It opens nothing.
import { BelayError } from '../../domain/errors.ts';

/**
 * Strict, because whatever parses a password with a bare @ or / takes a part of it for the host or the database, and a part of a
 * password would then stand in an error.
 */
const FORM = /^postgres(?:ql)?:\/\/(?:[^\s/@:?#]*(?::[^\s/@?#]*)?@)?[^\s/@?#]*(?:\/[^\s/@?#]*)?(?:\?[^\s#@]*)?$/;

export interface Address {
  readonly url: string;
  /** How messages call it: host and database. */
  readonly label: string;
  /** The text without the password, wherever it stands in it. */
  readonly mask: (text: string) => string;
}

/** @throws BELAY_CONFIG_INVALID, without repeating what was written */
export function addressOf(id: string, url: string, what: 'source' | 'database' = 'source'): Address {
  const parsed = FORM.test(url) && URL.canParse(url) ? new URL(url) : null;
  const secrets = parsed === null ? null : secretsIn(parsed);
  if (parsed === null || secrets === null) {
    throw new BelayError('BELAY_CONFIG_INVALID', `${what} ${id}: its url is not the address of a Postgres.`, {
      hint: 'Write url: "{env.NAME}", and set NAME to postgres://user:password@host:5432/database. In the password @ : / ? # % are written %40 %3A %2F %3F %23 %25.',
    });
  }
  const mask = (text: string): string => secrets.reduce((masked, secret) => masked.replaceAll(secret, '***'), text);
  return { url, label: mask(`${parsed.host}${parsed.pathname}`) || 'the database', mask };
}

/** Longest first, so that no rest of one is left. Null when it cannot be decoded. */
function secretsIn(url: URL): readonly string[] | null {
  const written = [url.href, url.password, ...[...url.searchParams].filter(([key]) => /pass/i.test(key)).map(([, value]) => value)];
  try {
    const all = written.flatMap((one) => [one, encodeURIComponent(one), decodeURIComponent(one)]);
    return [...new Set(all)].filter((one) => one !== '').sort((a, b) => b.length - a.length);
  } catch {
    // A percent sign that encodes nothing: Postgres' own client would not take it either.
    return null;
  }
}
