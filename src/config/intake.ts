// Intakes as people write them: where messages go on to, who may send them, and how a second one is known.
import type { BreakerFailure, BreakerSpec } from '../domain/breaker.ts';
import { ABOUT_THE_MESSAGE, type IntakeSpec } from '../domain/intake.ts';
import type { Reader } from './read.ts';
import { duration, id, int, listOf, oneOf, optional, present, record, required, text, url, wrong } from './read.ts';

const DEFAULTS = { timeoutMs: 30_000, most: 100_000, rememberMs: 7 * 86_400_000, idHeader: 'webhook-id' } as const;

const BREAKER: BreakerSpec = { on: [429, 503, 'timeout'], opensAfter: 5, retryAfterMs: 15 * 60_000, closesAfterMs: 30_000 };

const failure: Reader<BreakerFailure> = (value, problems, name) => {
  if (value.kind === 'scalar' && value.value === 'timeout') return 'timeout';
  const status = value.kind === 'scalar' && typeof value.value === 'number' ? value.value : Number.NaN;
  if (Number.isInteger(status) && status >= 400 && status <= 599 && !ABOUT_THE_MESSAGE.has(status)) return status;
  const hint = ABOUT_THE_MESSAGE.has(status) ? `${status} says that one message is wrong, not that its receiver is away.` : undefined;
  return wrong(value, problems, name, 'timeout, or a status from 400 to 599 that is not about the message alone', hint, ['timeout']);
};

const breakerFields = record({
  on: optional(listOf(failure, 1)),
  opensAfter: optional(int(1, 1_000)),
  retryAfter: optional(duration(1_000)),
  closesAfter: optional(duration(1_000)),
});

const breaker: Reader<BreakerSpec> = (value, problems, name) => {
  const read = breakerFields(value, problems, name);
  return read === undefined
    ? undefined
    : {
        on: read.on ?? BREAKER.on,
        opensAfter: read.opensAfter ?? BREAKER.opensAfter,
        retryAfterMs: read.retryAfter ?? BREAKER.retryAfterMs,
        closesAfterMs: read.closesAfter ?? BREAKER.closesAfterMs,
      };
};

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
  breaker: optional(breaker),
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
    ...present({ breaker: read.breaker }),
  };
};
