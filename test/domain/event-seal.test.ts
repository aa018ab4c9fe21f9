// Sealing: events are numbered, chained and hashed so that whoever reads them back can check each one.
import { expect, test } from 'vitest';
import { Bug } from '../../src/domain/assert.ts';
import type { EventDraft } from '../../src/domain/event.ts';
import { GENESIS } from '../../src/domain/event.ts';
import { EMPTY_LOG, sealEvents } from '../../src/domain/event-seal.ts';
import type { Json } from '../../src/domain/json.ts';
import { createFakeDigest } from '../world/fakes/digest.ts';

const digest = createFakeDigest();
const o = { incident: 'INC-1', now: 77, hashOf: (value: Json) => digest.of(value) };
const note = (text: string): EventDraft => ({
  type: 'note.added',
  data: { by: 'ana', text, lang: 'en' },
  at: 5,
  actor: { kind: 'user', id: 'ana' },
});

test('sealed events chain from the head that is given, and each hash covers all but itself', () => {
  const events = sealEvents([note('a'), { ...note('b'), observedAt: 6 }], { ...o, after: { seq: 3, head: 'f'.repeat(64) } });
  expect(events.map((event) => [event.v, event.seq, event.observedAt, event.incident])).toEqual([
    [1, 4, 77, 'INC-1'],
    [1, 5, 6, 'INC-1'],
  ]);
  expect(events[0]?.prev).toBe('f'.repeat(64));
  expect(events[1]?.prev).toBe(events[0]?.hash);
  for (const { hash, ...rest } of events) expect(digest.of(rest as unknown as Json)).toBe(hash);
});

test('a new log begins at genesis with a declaration and with nothing else', () => {
  expect(EMPTY_LOG).toEqual({ seq: 0, head: GENESIS });
  expect(() => sealEvents([note('a')], { ...o, after: EMPTY_LOG })).toThrow(Bug);
  expect(() => sealEvents([], { ...o, after: EMPTY_LOG })).toThrow(Bug);
  expect(sealEvents([], { ...o, after: { seq: 1, head: GENESIS } })).toEqual([]);
});

test('numbers that JSON would write as null are refused', () => {
  for (const at of [Number.NaN, Number.POSITIVE_INFINITY])
    expect(() => sealEvents([{ ...note('a'), at }], { ...o, after: { seq: 1, head: GENESIS } })).toThrow(Bug);
});

test('a property that is undefined is not part of what is hashed', () => {
  const loose = { ...note('a'), org: undefined } as unknown as EventDraft;
  const [sealed] = sealEvents([loose], { ...o, after: { seq: 1, head: GENESIS } });
  expect(sealed).not.toHaveProperty('org');
  expect(sealed?.hash).toBe(sealEvents([note('a')], { ...o, after: { seq: 1, head: GENESIS } })[0]?.hash);
});
