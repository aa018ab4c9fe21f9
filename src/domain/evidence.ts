// The evidence file of one incident: how it is written, and what proves offline that nothing in it was changed.
// It knows no disk and no store. The whole file is sealed byte by byte; the chain inside finds what was changed even
// under a new seal; only an anchored head (from the resolve message) finds a log that was rewritten as a whole.
import type { Event } from './event.ts';
import { GENESIS } from './event.ts';
import type { Incident } from './incident.ts';
import { foldLog } from './incident-fold.ts';
import type { JournalLine } from './journal.ts';
import type { Instant, Json } from './json.ts';
import type { Delivery } from './message.ts';

/** The digest port keeps this shape. */
export interface Hashing {
  of(value: Json): string;
  ofText(text: string): string;
}

export interface EvidenceContent {
  readonly incident: Incident;
  readonly exportedAt: Instant;
  readonly count: number;
  readonly head: string;
  readonly events: readonly Event[];
  /** Runbook and plan, by the hash under which the events name them. */
  readonly documents: Readonly<Record<string, Json>>;
  /** Hashes that the events name and the store no longer had. */
  readonly absent: readonly string[];
  readonly journal: readonly JournalLine[];
  readonly deliveries: readonly Delivery[];
}

export const EVIDENCE_FORMAT = 'belay-evidence';
export const EVIDENCE_VERSION = 1;

const OPENING = /^\{"format":"belay-evidence","version":1,"sha256":"([0-9a-f]{64})","content":\n/;
const CLOSING = '\n}\n';

/** One JSON object, one event a line. The seal is the sha256 of the text between opening and closing. */
export function sealEvidence(content: EvidenceContent, digest: Hashing): string {
  const body = contentText(content);
  return `{"format":"${EVIDENCE_FORMAT}","version":${EVIDENCE_VERSION},"sha256":"${digest.ofText(body)}","content":\n${body}${CLOSING}`;
}

function contentText(content: EvidenceContent): string {
  const lines = (items: readonly unknown[]): string => (items.length === 0 ? '[]' : `[\n${items.map(json).join(',\n')}\n]`);
  const documents = Object.entries(content.documents).map(([hash, value]) => `${json(hash)}:${json(value)}`);
  return [
    `{"incident":${json(content.incident)}`,
    `"exportedAt":${json(content.exportedAt)}`,
    `"count":${json(content.count)}`,
    `"head":${json(content.head)}`,
    `"events":${lines(content.events)}`,
    `"documents":{${documents.length === 0 ? '' : `\n${documents.join(',\n')}\n`}}`,
    `"absent":${json(content.absent)}`,
    `"journal":${lines(content.journal)}`,
    `"deliveries":${lines(content.deliveries)}}`,
  ].join(',\n');
}

/** U+FFFD is written escaped: an invalid byte is read as that character, and must not pass for it. */
function json(value: unknown): string {
  return JSON.stringify(value).replaceAll('\ufffd', '\\ufffd');
}

/** Hashes of runbooks and plans that the events name. */
export function documentsNamed(events: readonly Event[]): readonly string[] {
  const named = new Set<string>();
  for (const event of events) {
    if (event.type === 'run.started' || event.type === 'run.requested') named.add(event.data.irHash).add(event.data.planHash);
    if (event.type === 'decision.made' || event.type === 'approval.requested') named.add(event.data.planHash);
  }
  named.delete('');
  return [...named];
}

export type EvidenceFault =
  | 'not-evidence'
  | 'seal-broken'
  | 'event-altered'
  | 'event-out-of-place'
  | 'event-of-another-incident'
  | 'count-differs'
  | 'head-differs'
  | 'anchor-not-found'
  | 'projection-differs'
  | 'document-altered'
  | 'document-missing'
  | 'journal-altered'
  | 'journal-broken'
  | 'delivery-unproven';

export interface EvidenceProblem {
  readonly fault: EvidenceFault;
  /** Sequence number of the event or journal line, where there is one. */
  readonly seq: number | null;
  readonly detail: string;
}

export interface EvidenceVerdict {
  readonly ok: boolean;
  readonly incident: string | null;
  readonly events: number;
  readonly head: string | null;
  readonly problems: readonly EvidenceProblem[];
  /** Hashes that the export itself says it lacks: not a change, but a gap to know of. */
  readonly absent: readonly string[];
}

/**
 * Offline. `head` is the hash from the resolve message: with it a log that was rewritten or cut as a whole is found too.
 * @example verifyEvidence(text, digest, { head }).ok
 */
export function verifyEvidence(fileText: string, digest: Hashing, o: { readonly head?: string } = {}): EvidenceVerdict {
  const opening = OPENING.exec(fileText);
  if (opening === null || !fileText.endsWith(CLOSING)) return broken('the file does not begin and end as an evidence file of version 1');
  const body = fileText.slice(opening[0].length, fileText.length - CLOSING.length);
  const problems: EvidenceProblem[] = [];
  if (digest.ofText(body) !== opening[1] || body.includes('\ufffd'))
    problems.push({ fault: 'seal-broken', seq: null, detail: 'the content does not match its sha256' });
  const content = parse(body);
  if (content === null)
    return { ...broken('the content is not readable'), problems: [...problems, notEvidence('the content is not readable')] };
  try {
    problems.push(...examine(content, digest, o.head));
  } catch (error) {
    problems.push(notEvidence(`the content has another shape: ${String(error)}`));
  }
  return {
    ok: problems.length === 0,
    incident: idOf(content),
    events: content.events.length,
    head: content.head,
    problems,
    absent: content.absent,
  };
}

function notEvidence(detail: string): EvidenceProblem {
  return { fault: 'not-evidence', seq: null, detail };
}

function broken(detail: string): EvidenceVerdict {
  return { ok: false, incident: null, events: 0, head: null, problems: [notEvidence(detail)], absent: [] };
}

function idOf(content: EvidenceContent): string | null {
  return typeof content.incident?.id === 'string' ? content.incident.id : null;
}

function parse(body: string): EvidenceContent | null {
  let value: Partial<EvidenceContent> | null;
  try {
    value = JSON.parse(body) as Partial<EvidenceContent> | null;
  } catch {
    // Damaged JSON is an answer here, not an error: the caller lists it as a problem.
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const lists = [value.events, value.absent, value.journal, value.deliveries];
  return lists.every(Array.isArray) && typeof value.documents === 'object' && value.documents !== null ? (value as EvidenceContent) : null;
}

function examine(content: EvidenceContent, digest: Hashing, anchor: string | undefined): readonly EvidenceProblem[] {
  const events = checkEvents(content, digest);
  const problems = [...events, ...checkDocuments(content, digest), ...checkJournal(content, digest), ...checkDeliveries(content)];
  // Folding a log that does not chain says nothing new, and the fold refuses it anyway.
  if (events.length === 0 && !sameProjection(content, digest)) {
    problems.push({ fault: 'projection-differs', seq: null, detail: 'the incident is not what its events add up to' });
  }
  if (anchor !== undefined && !content.events.some((event) => event.hash === anchor)) {
    problems.push({ fault: 'anchor-not-found', seq: null, detail: `no event has the anchored hash ${anchor}` });
  }
  return problems;
}

function sameProjection(content: EvidenceContent, digest: Hashing): boolean {
  const folded = foldLog(content.events);
  return folded !== null && digest.of(JSON.parse(JSON.stringify(folded)) as Json) === digest.of(content.incident as unknown as Json);
}

function checkEvents(content: EvidenceContent, digest: Hashing): readonly EvidenceProblem[] {
  const problems: EvidenceProblem[] = [];
  let prev = GENESIS;
  content.events.forEach((event, index) => {
    const { hash, ...rest } = event;
    if (event.seq !== index + 1 || event.prev !== prev) {
      problems.push({
        fault: 'event-out-of-place',
        seq: event.seq,
        detail: `event ${event.seq} stands at place ${index + 1} and does not follow the one before it`,
      });
    }
    if (digest.of(rest as unknown as Json) !== hash)
      problems.push({ fault: 'event-altered', seq: event.seq, detail: `event ${event.seq} does not match its hash` });
    if (event.incident !== content.incident.id)
      problems.push({ fault: 'event-of-another-incident', seq: event.seq, detail: `event ${event.seq} belongs to ${event.incident}` });
    prev = hash;
  });
  if (content.count !== content.events.length)
    problems.push({
      fault: 'count-differs',
      seq: null,
      detail: `${content.count} events are declared, ${content.events.length} are there`,
    });
  if (content.head !== prev) problems.push({ fault: 'head-differs', seq: null, detail: 'the last event is not the declared head' });
  return problems;
}

function checkDocuments(content: EvidenceContent, digest: Hashing): readonly EvidenceProblem[] {
  const problems: EvidenceProblem[] = [];
  for (const [hash, value] of Object.entries(content.documents)) {
    if (digest.of(value) !== hash)
      problems.push({ fault: 'document-altered', seq: null, detail: `document ${hash} does not match its hash` });
  }
  for (const hash of documentsNamed(content.events)) {
    if (!Object.hasOwn(content.documents, hash) && !content.absent.includes(hash)) {
      problems.push({ fault: 'document-missing', seq: null, detail: `document ${hash} is named by the events and is not there` });
    }
  }
  return problems;
}

/** Lines of other incidents may stand between two of ours: neighbours by number must chain, the others must keep their order. */
function checkJournal(content: EvidenceContent, digest: Hashing): readonly EvidenceProblem[] {
  const problems: EvidenceProblem[] = [];
  let before: JournalLine | null = null;
  for (const line of content.journal) {
    const { hash, ...rest } = line;
    if (digest.of(rest as unknown as Json) !== hash)
      problems.push({ fault: 'journal-altered', seq: line.seq, detail: `journal line ${line.seq} does not match its hash` });
    if (before !== null && (line.seq <= before.seq || (line.seq === before.seq + 1 && line.prev !== before.hash))) {
      problems.push({ fault: 'journal-broken', seq: line.seq, detail: `journal line ${line.seq} does not follow line ${before.seq}` });
    }
    before = line;
  }
  return problems;
}

/** A delivery that has come to an end has an event that says so. */
function checkDeliveries(content: EvidenceContent): readonly EvidenceProblem[] {
  const proven = new Set<string>();
  for (const event of content.events) if (event.type === 'comms.changed') proven.add(`${event.data.delivery} ${event.data.state}`);
  return content.deliveries
    .filter((one) => !['planned', 'sending', 'ambiguous'].includes(one.state) && !proven.has(`${one.id} ${one.state}`))
    .map((one) => ({ fault: 'delivery-unproven' as const, seq: null, detail: `no event says that ${one.id} is ${one.state}` }));
}
