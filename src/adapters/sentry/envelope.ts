// Envelopes of Sentry's SDKs: a line of headers, then items of a header line and a payload, which may be of a told length.
// Errors and sessions are counted; transactions, replays, logs and attachments are passed over without being read.
import { createHash } from 'node:crypto';
import { type Fields, fieldsIn, isFields, jsonIn, labelsOf, labelText, refused, textIn } from '../../domain/received.ts';
import type { Sample } from '../../domain/signal.ts';

export interface Item {
  readonly type: string;
  readonly payload: Fields;
}

const MOST_ITEMS = 1_000;
const MOST_AGGREGATES = 1_000;
const READ = ['event', 'session', 'sessions'];
const NEWLINE = 10;

/** @throws BELAY_INPUT_INVALID */
export function itemsOf(bytes: Uint8Array): { readonly id: string | null; readonly items: readonly Item[] } {
  const lines = new Cut(bytes);
  const head = jsonIn(lines.line(), 'the header of the envelope');
  if (!isFields(head)) throw refused('the header of the envelope is not a mapping');
  const items: Item[] = [];
  for (let number = 1; !lines.isOver(); number += 1) {
    if (number > MOST_ITEMS) throw refused(`more than ${MOST_ITEMS} items in one envelope`);
    const header = jsonIn(lines.line(), `the header of item ${number}`);
    if (!isFields(header)) throw refused(`the header of item ${number} is not a mapping`);
    const { type, length } = header;
    if (length !== undefined && !(Number.isInteger(length) && (length as number) >= 0)) throw refused(`item ${number} has no length`);
    const payload = length === undefined ? lines.line() : lines.take(length as number, `item ${number}`);
    if (!READ.includes(textIn(type))) continue;
    const read = jsonIn(payload, `item ${number}`);
    if (!isFields(read)) throw refused(`item ${number} is not a mapping`);
    items.push({ type: textIn(type), payload: read });
  }
  return { id: idIn(head['event_id']), items };
}

class Cut {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Nothing but empty lines is left. */
  isOver(): boolean {
    while (this.#bytes[this.#at] === NEWLINE) this.#at += 1;
    return this.#at >= this.#bytes.length;
  }

  line(): Uint8Array {
    const found = this.#bytes.indexOf(NEWLINE, this.#at);
    const end = found === -1 ? this.#bytes.length : found;
    const line = this.#bytes.subarray(this.#at, end);
    this.#at = end + 1;
    return line;
  }

  take(length: number, what: string): Uint8Array {
    const end = this.#at + length;
    const next = this.#bytes[end];
    if (end > this.#bytes.length || (next !== undefined && next !== NEWLINE)) throw refused(`${what} is not as long as its header says`);
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end + 1;
    return taken;
  }
}

export interface Around {
  readonly project: string;
  readonly at: number;
  readonly eventId: string | null;
}

export function samplesOf(items: readonly Item[], around: Around): readonly Sample[] {
  return items.flatMap(({ type, payload }) => {
    if (type === 'event') return [eventSample(payload, around)];
    return type === 'session' ? sessionSamples(payload, around) : aggregateSamples(payload, around);
  });
}

function eventSample(event: Fields, { project, at, eventId }: Around): Sample {
  const { level, environment, release } = event;
  const id = idIn(event['event_id']) ?? eventId;
  const labels = labelsOf({ project, level: level ?? 'error', environment, release });
  return { kind: 'delta', ...(id === null ? {} : { id }), name: 'sentry_events', labels, at, delta: 1 };
}

/** A session is told at its start and at its end: each status is counted once, `ok` is a session that is not over. */
function sessionSamples(session: Fields, { at }: Around): readonly Sample[] {
  const sid = textIn(session['sid']);
  if (!/^[\w-]{1,64}$/.test(sid)) throw refused('a session has no sid');
  const status = textIn(session['status']) || 'ok';
  const release = fieldsIn(session['attrs'])['release'];
  return [
    { kind: 'delta', id: `${sid}/${labelText(status, 32)}`, name: 'sentry_sessions', labels: labelsOf({ status, release }), at, delta: 1 },
  ];
}

/** Sessions of requests, counted by the SDK. They carry no id: the id is made of what they say. */
function aggregateSamples(payload: Fields, { at }: Around): readonly Sample[] {
  const { aggregates, attrs } = payload;
  if (!Array.isArray(aggregates)) throw refused('sessions have no aggregates');
  if (aggregates.length > MOST_AGGREGATES) throw refused(`more than ${MOST_AGGREGATES} aggregates of sessions`);
  const release = fieldsIn(attrs)['release'];
  const base = createHash('sha256').update(JSON.stringify(payload)).digest('hex').slice(0, 32);
  return aggregates.flatMap((one, index) =>
    ['exited', 'errored', 'crashed', 'abnormal'].flatMap((status): readonly Sample[] => {
      const delta = fieldsIn(one)[status];
      if (delta === undefined || delta === 0) return [];
      if (!Number.isSafeInteger(delta) || (delta as number) < 0) throw refused(`the count of ${status} sessions is not a number`);
      const labels = labelsOf({ status, release });
      return [{ kind: 'delta', id: `${base}/${index}/${status}`, name: 'sentry_sessions', labels, at, delta: delta as number }];
    }),
  );
}

function idIn(value: unknown): string | null {
  return /^[0-9a-f-]{32,36}$/i.test(textIn(value)) ? textIn(value).replaceAll('-', '').toLowerCase() : null;
}
