import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Event } from '../../src/domain/event.ts';
import { GENESIS } from '../../src/domain/event.ts';
import type { EvidenceContent, EvidenceFault } from '../../src/domain/evidence.ts';
import { sealEvidence, verifyEvidence } from '../../src/domain/evidence.ts';
import type { Incident } from '../../src/domain/incident.ts';
import { foldLog } from '../../src/domain/incident-fold.ts';
import type { JournalLine } from '../../src/domain/journal.ts';
import type { Json } from '../../src/domain/json.ts';
import type { Delivery } from '../../src/domain/message.ts';
import { createFakeDigest } from '../world/fakes/digest.ts';
import { longStory, sealStory, storyDrafts, T0 } from '../world/story-log.ts';

const digest = createFakeDigest();
const IR: Json = { id: 'org-rollback', steps: [] };
const PLAN: Json = { runbook: 'org-rollback', steps: ['switch \ufffd'] };
const HASHES = { irHash: digest.of(IR), planHash: digest.of(PLAN) };

function journalOf(seqs: readonly number[]): readonly JournalLine[] {
  let prev = GENESIS;
  let last = 0;
  return seqs.map((seq) => {
    // Between two of ours stood lines of others: the link is not ours to show.
    if (seq !== last + 1) prev = digest.ofText(`line ${seq - 1}`);
    last = seq;
    const line = {
      v: 1 as const,
      seq,
      kind: 'intent' as const,
      at: T0 + seq,
      run: 'r1',
      incident: 'INC-7',
      step: 'switch',
      attempt: 1,
      key: 'r1/switch',
      target: 'switch:checkout',
      expected: 'f',
      desired: 'stable',
      effect: 'unknown' as const,
      actor: 'belay',
      prev,
    };
    prev = digest.of(line as unknown as Json);
    return { ...line, hash: prev };
  });
}

const DELIVERY: Delivery = {
  id: 'INC-7/tell/team/oncall',
  audience: 'team',
  audienceKind: 'responders',
  channel: 'terminal',
  to: 'oncall',
  template: 'initial',
  lang: 'en',
  zone: 'UTC',
  values: {},
  thread: 'INC-7',
  exempt: false,
  incident: 'INC-7',
  state: 'sent',
  attempt: 1,
  plannedAt: T0,
  dueAt: T0,
  resent: false,
};

function contentOf(events: readonly Event[], more: Partial<EvidenceContent> = {}): EvidenceContent {
  const incident = foldLog(events) as Incident;
  return {
    incident,
    exportedAt: T0,
    count: events.length,
    head: incident.head,
    events,
    documents: {},
    absent: [],
    journal: [],
    deliveries: [],
    ...more,
  };
}

const whole = contentOf(sealStory(storyDrafts(HASHES)), {
  documents: { [HASHES.irHash]: IR, [HASHES.planHash]: PLAN },
  journal: journalOf([3, 4, 9]),
  deliveries: [DELIVERY],
});
const text = sealEvidence(whole, digest);
const faults = (content: EvidenceContent, head?: string): readonly EvidenceFault[] =>
  verifyEvidence(sealEvidence(content, digest), digest, head === undefined ? {} : { head }).problems.map((one) => one.fault);
/** A change that a forger sealed anew, with count and head put right. */
const resealed = (events: readonly Event[]): EvidenceContent => ({
  ...whole,
  events,
  count: events.length,
  head: events.at(-1)?.hash ?? '',
});

describe('an evidence file', () => {
  it('is accepted as it was written', () => {
    expect(verifyEvidence(text, digest)).toEqual({
      ok: true,
      incident: 'INC-7',
      events: whole.events.length,
      head: whole.head,
      problems: [],
      absent: [],
    });
    expect(verifyEvidence(text, digest, { head: whole.head }).ok).toBe(true);
    expect(JSON.parse(text)).toMatchObject({ format: 'belay-evidence', version: 1, content: { incident: { id: 'INC-7' } } });
  });

  it('is rejected after the change of any one byte', () => {
    const bytes = Buffer.from(text, 'utf8');
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (index, flip) => {
        const changed = Buffer.from(bytes);
        changed[index] = (changed[index] ?? 0) ^ flip;
        expect(verifyEvidence(changed.toString('utf8'), digest).ok, `byte ${index} ^ ${flip}`).toBe(false);
      }),
      { numRuns: 400 },
    );
  });

  it('does not take an invalid byte for the character that stands for one', () => {
    const bytes = Buffer.from(text, 'utf8');
    const where = bytes.indexOf('\\ufffd');
    expect(where).toBeGreaterThan(0);
    expect(text).not.toContain('\ufffd');
    const changed = Buffer.concat([bytes.subarray(0, where), Buffer.from([0xff]), bytes.subarray(where + 6)]);
    expect(verifyEvidence(changed.toString('utf8'), digest).ok).toBe(false);
  });

  it('is rejected when it is cut at any length or longer by anything', () => {
    fc.assert(
      fc.property(fc.nat(text.length - 1), (length) => {
        expect(verifyEvidence(text.slice(0, length), digest).ok).toBe(false);
      }),
      { numRuns: 200 },
    );
    for (const more of [' ', '\n', '{}', '\n}\n']) expect(verifyEvidence(text + more, digest).ok, JSON.stringify(more)).toBe(false);
  });

  it('is rejected when other JSON of the same meaning is put in its place', () => {
    expect(verifyEvidence(JSON.stringify(JSON.parse(text)), digest).ok).toBe(false);
    expect(verifyEvidence('', digest).problems).toEqual([expect.objectContaining({ fault: 'not-evidence' })]);
  });

  it('names a removed, altered, swapped or inserted event at every place of 300, even under a new seal', () => {
    const events = longStory(300);
    const base = contentOf(events);
    const check = (changed: readonly Event[]): readonly (number | null)[] => {
      const forged = { ...base, events: changed, count: changed.length, head: changed.at(-1)?.hash ?? '' };
      const verdict = verifyEvidence(sealEvidence(forged, digest), digest);
      expect(verdict.ok).toBe(false);
      return verdict.problems.map((one) => one.seq);
    };
    for (let index = 0; index < events.length; index += 1) {
      const event = events[index] as Event;
      if (index < events.length - 1) {
        // The next event stands where it does not belong.
        expect(check(events.toSpliced(index, 1))).toContain(index + 2);
        expect(check(events.toSpliced(index, 2, events[index + 1] as Event, event))).toContain(index + 1);
      }
      expect(check(events.with(index, { ...event, at: event.at + 1 }))).toContain(index + 1);
      expect(check(events.toSpliced(index, 0, event))).toContain(index + 1);
    }
  }, 90_000);

  it('shows a log cut at its end by the declared count and head, and under a new seal by the anchored head', () => {
    for (let kept = 1; kept < whole.events.length; kept += 1) {
      const cut = whole.events.slice(0, kept);
      expect(faults({ ...whole, events: cut })).toEqual(expect.arrayContaining(['count-differs', 'head-differs']));
      expect(faults({ ...resealed(cut), incident: foldLog(cut) as Incident, deliveries: [] }, whole.head)).toContain('anchor-not-found');
    }
  });

  it('finds a log that was rewritten as a whole only by the anchored head', () => {
    const drafts = storyDrafts(HASHES).map((draft) =>
      draft.type === 'decision.made' ? ({ ...draft, data: { ...draft.data, by: 'somebody else' } } as typeof draft) : draft,
    );
    const rewritten = { ...whole, ...contentOf(sealStory(drafts)), documents: whole.documents };
    expect(faults(rewritten)).toEqual([]);
    expect(faults(rewritten, whole.head)).toEqual(['anchor-not-found']);
  });

  it('accepts an anchor that was taken before the last events', () => {
    expect(faults(whole, whole.events[20]?.hash)).toEqual([]);
  });

  it('finds a projection that is not what the events add up to', () => {
    expect(faults({ ...whole, incident: { ...whole.incident, severity: 'P2' } })).toEqual(['projection-differs']);
  });

  it('finds a changed, a missing and a declared-absent document apart', () => {
    expect(faults({ ...whole, documents: { ...whole.documents, [HASHES.irHash]: { id: 'other' } } })).toEqual(['document-altered']);
    expect(faults({ ...whole, documents: { [HASHES.irHash]: IR } })).toEqual(['document-missing']);
    const absent = { ...whole, documents: { [HASHES.irHash]: IR }, absent: [HASHES.planHash] };
    expect(verifyEvidence(sealEvidence(absent, digest), digest)).toMatchObject({ ok: true, absent: [HASHES.planHash] });
  });

  it('finds journal lines that were altered, removed between neighbours or put in another order', () => {
    const journal = journalOf([3, 4, 5, 9]);
    const altered = journal.with(1, { ...(journal[1] as JournalLine), desired: 'next' });
    const [first, second, third, fourth] = journal as [JournalLine, JournalLine, JournalLine, JournalLine];
    expect(faults({ ...whole, journal: altered })).toEqual(['journal-altered']);
    expect(faults({ ...whole, journal: [first, { ...third, seq: 4 }, fourth] })).toEqual(
      expect.arrayContaining(['journal-altered', 'journal-broken']),
    );
    expect(faults({ ...whole, journal: [second, first, third, fourth] })).toContain('journal-broken');
    expect(faults({ ...whole, journal: [first, second, second, fourth] })).toContain('journal-broken');
  });

  it('finds a delivery whose end no event tells', () => {
    expect(faults({ ...whole, deliveries: [{ ...DELIVERY, state: 'failed' }] })).toEqual(['delivery-unproven']);
    expect(faults({ ...whole, deliveries: [{ ...DELIVERY, id: 'INC-7/other', state: 'sending' }] })).toEqual([]);
  });

  it('says so, and does not throw, when sealed content has another shape', () => {
    const sealed = (body: string): string =>
      `{"format":"belay-evidence","version":1,"sha256":"${digest.ofText(body)}","content":\n${body}\n}\n`;
    const empty = { documents: {}, absent: [], journal: [], deliveries: [] };
    const shapes = [
      '',
      'null',
      '[]',
      '{}',
      '{"events":{}}',
      ...[
        { events: [null], ...empty },
        { ...whole, journal: [null] },
        { ...whole, deliveries: [null] },
        { ...whole, incident: null },
      ].map((one) => JSON.stringify(one)),
    ];
    for (const shape of shapes) {
      const verdict = verifyEvidence(sealed(shape), digest);
      expect([verdict.ok, verdict.problems.length > 0], shape.slice(0, 40)).toEqual([false, true]);
    }
  });
});
