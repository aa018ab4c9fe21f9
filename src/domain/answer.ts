// The answer of somebody's API, read without trust: its JSON or a sentence that says what is wrong, and how long they ask to be left alone.
// It knows no vendor and sends nothing.
import type { Instant } from './json.ts';
import { masked } from './mask.ts';
import { isFields, labelText } from './received.ts';
import type { Batch, Cursor } from './signal.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What is wrong with a reading, in words for a person; nothing of it counts. */
export class Unusable extends Error {}

const LONGEST_SAID = 200;
const LONGEST_REASON = 600;
/** Nobody is waited for longer without asking again. */
const LONGEST_PAUSE_MS = 15 * 60_000;
/** A 429 that does not say how long. */
const SHORT_PAUSE_MS = 30_000;

/** @throws Unusable for any status but 200, and for a body that is no JSON */
export function jsonOf({ status, headers, body }: Answer): unknown {
  if (status >= 300 && status < 400) throw new Unusable(movedText(status, headers['location']));
  const json = parsed(body);
  if (status !== 200) throw new Unusable(`answered ${status}${saidIn(json)}`);
  if (json === undefined) throw new Unusable(body.trim() === '' ? 'the answer is empty' : `the answer is not JSON: ${beginning(body)}`);
  return json;
}

/** Where it is now: a user, a query and a fragment may hold a token, and are left out. */
export function movedText(status: number, location = ''): string {
  const [bare = ''] = location.trim().split(/[?#]/, 1);
  const where = labelText(masked(bare.replace(/^([a-z][a-z0-9+.-]*:)?[\\/]{2}[^\\/]*@/i, '$1//')), LONGEST_SAID);
  return where === '' ? `answered ${status}` : `answered ${status}: it is at ${where} now`;
}

/** Up to when an API was read; undefined also where that lies in the future, because a clock was wrong then. */
export function readUpTo(cursor: Cursor, now: Instant): Instant | undefined {
  const upTo = cursor['upTo'];
  return upTo === undefined || upTo > now ? undefined : upTo;
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    // JSON holds no undefined: that is how the caller tells it.
    return undefined;
  }
}

const beginning = (body: string): string => `it begins with ${JSON.stringify(labelText(body, 40))}`;

/** Whoever refuses says why under one of these names. */
function saidIn(json: unknown): string {
  if (!isFields(json)) return '';
  const inner = isFields(json['error']) ? json['error'] : json;
  const errors = Array.isArray(json['errors']) ? json['errors'].filter((one) => typeof one === 'string').join('; ') : '';
  const said = [inner['message'], inner['detail'], inner['error'], errors]
    .map((one) => labelText(one, LONGEST_SAID))
    .find((one) => one !== '');
  return said === undefined ? '' : `: ${said}`;
}

/** A dead reading. No secret stands in its reason. */
export function deadBatch(source: string, at: Instant, reason: string, secrets: readonly string[] = []): Batch {
  return { source, at, alive: false, reason: labelText(withoutSecrets(reason, secrets), LONGEST_REASON), samples: [] };
}

/** Less is a word like any other. */
const SHORTEST_HALF = 4;

/** No secret stands in what it returns. What was cut before, which ends with `…`, may end with the beginning of a secret. */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  const known = secrets.filter((one) => one !== '');
  const whole = known.reduce((shown, secret) => shown.replaceAll(secret, '***'), text);
  if (!whole.includes('…')) return whole;
  const halves = known.flatMap((secret) =>
    Array.from({ length: Math.max(0, secret.length - SHORTEST_HALF) }, (_, n) => `${secret.slice(0, n + SHORTEST_HALF)}…`),
  );
  return halves.toSorted((a, b) => b.length - a.length).reduce((shown, half) => shown.replaceAll(half, '***…'), whole);
}

/** Seconds, as in `retry-after`; null for anything else: a date needs a calendar, and a short pause does as well. */
function secondsIn(header: string | undefined): number | null {
  const seconds = header === undefined || header.trim() === '' ? Number.NaN : Number(header);
  return Number.isFinite(seconds) ? Math.max(0, seconds) : null;
}

/** Remembers until when an API asked to be left alone. */
export class Patience {
  #until: Instant = -Infinity;

  /** Why it may not be asked now; null when it may. */
  refusal(now: Instant): string | null {
    // A longer one was asked for while the clock was wrong.
    const isAsked = now < this.#until && this.#until - now <= LONGEST_PAUSE_MS;
    return isAsked ? `asked to be left alone for ${Math.ceil((this.#until - now) / 1000)} s more (429)` : null;
  }

  /** Called with each answer; `resetAfter`: what the API calls its own header for it. */
  heard({ status, headers }: Pick<Answer, 'status' | 'headers'>, now: Instant, resetAfter: readonly string[] = []): void {
    const asked = ['retry-after', ...resetAfter].map((name) => secondsIn(headers[name])).find((one) => one !== null) ?? null;
    if (status !== 429 && (status !== 503 || asked === null)) return;
    this.#until = now + Math.min(asked === null ? SHORT_PAUSE_MS : asked * 1000, LONGEST_PAUSE_MS);
  }
}
