// What the query API of Prometheus and of its kin answers: taken whole, or refused with what is wrong. It knows no address and no signal.
import type { Instant } from '../../domain/json.ts';

export const MOST_SERIES = 50_000;
const MOST_LABELS = 64;
const LONGEST_LABEL = 256;
const LONGEST_REASON = 200;

export interface Point {
  /** In the order of their names, without the metric's own. */
  readonly labels: Readonly<Record<string, string>>;
  /** The same for the same labels. */
  readonly key: string;
  readonly at: Instant;
  /** NaN and infinities are no numbers: null. */
  readonly value: number | null;
}

/** Told to whoever reads the source; nothing of such an answer counts. */
export class AnswerError extends Error {
  override readonly name = 'AnswerError';
}

/** What the engine says of a query that it refuses; null where the answer is not one of its own. */
export function errorOf(body: string): string | null {
  try {
    const answer = JSON.parse(body) as { readonly status?: unknown; readonly errorType?: unknown; readonly error?: unknown } | null;
    return answer?.status === 'error' ? `is refused, ${textIn(answer.errorType)}: ${textIn(answer.error)}` : null;
  } catch {
    // The page of a proxy.
    return null;
  }
}

/** @throws AnswerError */
export function pointsOf(body: string): readonly Point[] {
  const refused = errorOf(body);
  if (refused !== null) throw new AnswerError(refused);
  const answer = objectIn(parsed(body), 'the answer');
  if (answer['status'] !== 'success') throw new AnswerError('is no answer of a query API: status is neither success nor error');
  refuseParts(answer);
  const { resultType, result } = objectIn(answer['data'], 'data');
  if (resultType === 'scalar') return [pointOf({ metric: {}, value: result })];
  if (resultType !== 'vector') throw new AnswerError(`gives a ${textIn(resultType)}: a query must give one number for each series`);
  if (!Array.isArray(result)) throw new AnswerError('result is no list');
  if (result.length > MOST_SERIES) throw new AnswerError(`gives ${result.length} series, and at most ${MOST_SERIES} are taken: aggregate`);
  const points = result.map((one) => pointOf(objectIn(one, 'a series')));
  refuseTwins(points);
  return points;
}

/** Some of the stores did not answer: what is missing would look like no traffic. */
function refuseParts(answer: Readonly<Record<string, unknown>>): void {
  if (answer['isPartial'] === true) throw new AnswerError('is a part only: isPartial');
  const { warnings } = answer;
  if (Array.isArray(warnings) && warnings.length > 0) throw new AnswerError(`warns, and so is not taken: ${textIn(warnings[0])}`);
}

function refuseTwins(points: readonly Point[]): void {
  const seen = new Set<string>();
  for (const { key } of points) {
    if (seen.has(key)) throw new AnswerError(`gives two series of the same labels ${key.slice(0, 80)}: aggregate by more labels`);
    seen.add(key);
  }
}

function pointOf(series: Readonly<Record<string, unknown>>): Point {
  if (series['value'] === undefined) throw new AnswerError('gives native histograms: ask for a number, as histogram_count(…) does');
  const pair: unknown = series['value'];
  if (!Array.isArray(pair) || pair.length !== 2) throw new AnswerError('a value is no pair of a time and a number');
  const [seconds, written]: readonly unknown[] = pair;
  if (typeof seconds !== 'number' || !(Math.abs(seconds) < 8.64e12)) throw new AnswerError('the time of a value is no time');
  const labels = labelsOf(objectIn(series['metric'], 'metric'));
  return { labels, key: JSON.stringify(labels), at: Math.round(seconds * 1_000), value: numberOf(written) };
}

function labelsOf(metric: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  const names = Object.keys(metric).filter((name) => name !== '__name__');
  if (names.length > MOST_LABELS) throw new AnswerError(`a series has ${names.length} labels: ${MOST_LABELS} are possible`);
  return Object.fromEntries(
    names.toSorted().map((name) => {
      const value = metric[name];
      if (typeof value !== 'string') throw new AnswerError('the value of a label is no text');
      return [plain(name, LONGEST_LABEL), plain(value, LONGEST_LABEL)];
    }),
  );
}

function numberOf(written: unknown): number | null {
  if (typeof written !== 'string') throw new AnswerError('a number is not written as a text');
  if (/^(?:NaN|[+-]?Inf)$/.test(written)) return null;
  const number = /^[+-]?[\d.]+(?:e[+-]?\d+)?$/i.test(written) ? Number(written) : Number.NaN;
  if (!Number.isFinite(number)) throw new AnswerError(`${JSON.stringify(plain(written, 40))} is no number`);
  return number;
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    // Often the page of a login, or of a proxy.
    throw new AnswerError('is no JSON: is that the address of the API?');
  }
}

function objectIn(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Readonly<Record<string, unknown>>;
  throw new AnswerError(`${what} is no object`);
}

const textIn = (value: unknown): string => {
  if (typeof value !== 'string' || value === '') return 'nothing';
  return value.length > LONGEST_REASON ? `${plain(value, LONGEST_REASON)}…` : plain(value, LONGEST_REASON);
};

/** One line, not too long, and no half of a character at the end: the texts come from strangers. */
export function plain(text: string, most: number): string {
  const short = text.length > most ? text.slice(0, most).replace(/[\ud800-\udbff]$/, '') : text;
  return short.replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, '�');
}
