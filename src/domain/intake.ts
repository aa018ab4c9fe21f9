// The intake in front of a webhook: what is configured of it, what a message is, and what an answer of the receiver means for it. It keeps
// nothing and sends nothing.
import type { BreakerSpec } from './breaker.ts';
import type { Instant } from './json.ts';
import type { SenderOptions } from './source-catalog.ts';

export interface IntakeSpec extends SenderOptions {
  readonly id: string;
  readonly component?: string;
  /** Where messages go; with `{org}` in it each organization has a line of its own. */
  readonly to: string;
  /** Two messages with the same value of this header are one. */
  readonly idHeader: string;
  /** Or with the same value at this place of their JSON: `data.key.id`. */
  readonly idPath?: string;
  readonly timeoutMs: number;
  /** How many may wait; then senders are told to come again. */
  readonly most: number;
  /** How long the id of a delivered message is remembered. */
  readonly rememberMs: number;
  /** Left out: each message is tried on, however often it failed. */
  readonly breaker?: BreakerSpec;
}

export const INTAKE_LIMITS = { bodyBytes: 1024 * 1024, headers: 64, headerBytes: 16 * 1024, idChars: 256 } as const;

/** In the place of a line: all of them. */
export const ALL_LINES = '*';

export interface IntakeDraft {
  readonly intake: string;
  /** The organization; '' where the intake knows none. */
  readonly line: string;
  /** By which a second one is known. */
  readonly id: string;
  readonly at: Instant;
  readonly method: 'POST' | 'PUT';
  /** What stood behind the name of the intake and the organization, with its query: '' or `/messages-upsert?x=1`. */
  readonly rest: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}
export interface IntakeMessage extends IntakeDraft {
  readonly seq: number;
  /** This try is the n-th. */
  readonly tries: number;
}

export interface IntakeStatus {
  readonly received: number;
  readonly delivered: number;
  /** Set aside: the receiver will not have them. */
  readonly aside: number;
  readonly waiting: number;
  readonly oldestAt: Instant | null;
  readonly held: boolean;
  /** When the last one was sent whose answer is not known yet. */
  readonly underWayAt: Instant | null;
}

/**
 * `again`: the line waits for it. `doubted`: the message may be to blame, or the receiver that says so to all of them; only another message of
 * the same line that is taken meanwhile can tell.
 */
export type Forwarded = 'delivered' | 'again' | 'doubted';

/** Answers about the message itself; whatever else is not 2xx is about the receiver, which may come back. */
export const ABOUT_THE_MESSAGE: ReadonlySet<number> = new Set([400, 413, 414, 415, 422, 431]);
/** One that was tried so often is no witness of its receiver's health before the others. */
export const TRIES_OF_WRONG = 5;
/** A receiver that fails over one message and not for lack of life: it must not hold up the line for ever. */
const TRIES_OF_FAILING = 30;
/** While a breaker is open, tries are far apart: thirty of them would take the night. */
const OPEN = { quickTries: 5, fewestTries: 8, overMs: 128_000 } as const;

/** `status`: null where nobody answered; `openEveryMs`: how far tries are apart, where its breaker was open when it was tried. */
export function judgeForward(status: number | null, tries: number, openEveryMs: number | null = null): Forwarded {
  if (status === null) return 'again';
  if (status >= 200 && status < 300) return 'delivered';
  if (ABOUT_THE_MESSAGE.has(status) && tries >= TRIES_OF_WRONG) return 'doubted';
  return status === 500 && tries >= triesOfFailing(openEveryMs) ? 'doubted' : 'again';
}

/** A breaker that rests but a moment must not have a message doubted sooner than it is without one. */
function triesOfFailing(openEveryMs: number | null): number {
  if (openEveryMs === null) return TRIES_OF_FAILING;
  const needed = OPEN.quickTries + Math.ceil(OPEN.overMs / openEveryMs);
  return Math.min(TRIES_OF_FAILING, Math.max(OPEN.fewestTries, needed));
}

const PAUSES = { firstMs: 250, mostMs: 5_000, mostDoubtedMs: 30_000 } as const;

export const pauseAfter = (tries: number, outcome: Exclude<Forwarded, 'delivered'> = 'again'): number =>
  Math.min(outcome === 'doubted' ? PAUSES.mostDoubtedMs : PAUSES.mostMs, PAUSES.firstMs * 2 ** Math.min(tries - 1, 10));

/** Of one connection, or of Belay itself: they are not the receiver's. */
const NOT_FORWARDED =
  /^(?:connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|host|content-length|expect|x-forwarded-.*|forwarded)$/;

/** What of a request's headers goes on; null: there are more than are taken. */
export function headersToKeep(headers: Readonly<Record<string, string>>, verify: SenderOptions['verify']): Record<string, string> | null {
  const kept = Object.entries(headers).filter(([name]) => !NOT_FORWARDED.test(name) && !(verify === 'bearer' && name === 'authorization'));
  const bytes = kept.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  return kept.length > INTAKE_LIMITS.headers || bytes > INTAKE_LIMITS.headerBytes ? null : Object.fromEntries(kept);
}

/** The value at a place of JSON (`data.key.id`) where it can be an id; null where there is none. */
export function idAt(json: unknown, path: string): string | null {
  let here: unknown = json;
  for (const part of path.split('.')) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, part)) return null;
    here = (here as Readonly<Record<string, unknown>>)[part];
  }
  const text = typeof here === 'string' || typeof here === 'number' ? String(here) : '';
  return text === '' || text.length > INTAKE_LIMITS.idChars ? null : text;
}

/** Where a message goes. `rest` has been checked when it came. */
export function addressOf(spec: Pick<IntakeSpec, 'to'>, { line, rest }: Pick<IntakeDraft, 'line' | 'rest'>): string {
  const to = spec.to.replaceAll('{org}', encodeURIComponent(line));
  const [path = '', query = ''] = splitOnce(rest, '?');
  const [base = '', own = ''] = splitOnce(to, '?');
  const queries = [own, query].filter((one) => one !== '').join('&');
  return `${path === '' ? base : base.replace(/\/$/, '') + path}${queries === '' ? '' : `?${queries}`}`;
}

function splitOnce(text: string, mark: string): readonly string[] {
  const at = text.indexOf(mark);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

/** What may stand behind the organization in the address: no step up, nothing that is encoded. */
export const isPlainRest = (path: string): boolean => /^(?:\/[\w~-][\w.~-]*){0,8}\/?$/.test(path);
