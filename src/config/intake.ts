// Intakes as people write them: where messages go on to, who may send them, and how a second one is known.
import type { IntakeSpec } from '../domain/intake.ts';
import type { Reader } from './read.ts';
import { duration, id, int, oneOf, optional, present, record, required, text, url, wrong } from './read.ts';

const DEFAULTS = { timeoutMs: 30_000, most: 100_000, rememberMs: 7 * 86_400_000, idHeader: 'webhook-id' } as const;

const fields = record({
  component: optional(id),
  to: required(url),
  verify: optional(oneOf('bearer', 'hmac-sha256', 'standard-webhooks', 'none')),
  secret: optional(text),
  header: optional(text),
  timestamp: optional(text),
  idHeader: optional(text),
  idPath: optional(text),
  timeout: optional(duration(100)),
  most: optional(int(1, 10_000_000)),
  remember: optional(duration(60_000)),
});

/** Without `id`, which is the key that it stands under. */
export const intake: Reader<Omit<IntakeSpec, 'id'>> = (value, problems, name) => {
  const read = fields(value, problems, name);
  if (read?.to === undefined) return undefined;
  const verify = read.verify ?? 'bearer';
  if (verify !== 'none' && read.secret === undefined) {
    problems.error('missing-key', { start: value.span.start, end: value.span.start + 1 }, `${name} lacks secret`, {
      hint: 'Add "secret: "{env.NAME}"", or "verify: none" where the receiver itself checks who sent it.',
    });
  }
  // Between the host and the end of the path: what an organization is called must not choose the host.
  if (/^https?:\/\/[^/?#]*\{/.test(read.to)) return wrong(value, problems, `${name}.to`, 'an address whose host is fixed');
  if (/\{(?!org\})/.test(read.to)) return wrong(value, problems, `${name}.to`, 'an address with no reference but {org}');
  return {
    to: read.to,
    verify,
    idHeader: read.idHeader ?? DEFAULTS.idHeader,
    timeoutMs: read.timeout ?? DEFAULTS.timeoutMs,
    most: read.most ?? DEFAULTS.most,
    rememberMs: read.remember ?? DEFAULTS.rememberMs,
    ...present({ component: read.component, secret: read.secret, header: read.header, timestamp: read.timestamp, idPath: read.idPath }),
  };
};
