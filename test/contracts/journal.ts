// What every Journal keeps: a chain, an order, and nothing acknowledged that is not there.
import { expect, test } from 'vitest';
import { GENESIS } from '../../src/domain/event.ts';
import type { JournalDraft } from '../../src/domain/journal.ts';
import type { Journal } from '../../src/ports/journal.ts';
import { createFakeDigest } from '../world/fakes/digest.ts';

export const draftOf = (key: string, more: Partial<JournalDraft> = {}): JournalDraft => ({
  kind: 'intent',
  at: Date.parse('2025-03-10T12:00:00Z'),
  run: 'run-1',
  incident: 'INC-1',
  step: 'restore',
  attempt: 1,
  key,
  target: 'web',
  expected: 'v2',
  desired: { release: 'v1', list: [1, 'á', null] },
  effect: 'none',
  actor: 'belay',
  ...more,
});

export interface JournalWorld {
  readonly journal: Journal;
  /** The same journal in a new life. */
  readonly reopen: () => Promise<Journal>;
}

export function journalContract(make: () => Promise<JournalWorld>): void {
  test('an empty journal has the genesis as its head', async () => {
    const { journal } = await make();
    expect(await journal.head()).toEqual({ seq: 0, hash: GENESIS });
    expect(await journal.all()).toEqual([]);
  });

  test('lines are numbered and chained, and their hashes cover everything they say', async () => {
    const { journal } = await make();
    const first = await journal.append(draftOf('a'));
    const second = await journal.append(draftOf('a', { kind: 'outcome', effect: 'done', note: 'confirmed' }));
    expect([first.seq, second.seq]).toEqual([1, 2]);
    expect(first.prev).toBe(GENESIS);
    expect(second.prev).toBe(first.hash);
    const { hash, ...rest } = second;
    expect(createFakeDigest().of({ ...rest })).toBe(hash);
    expect(await journal.head()).toEqual({ seq: 2, hash });
  });

  test('lines of one key come oldest first, without those of others', async () => {
    const { journal } = await make();
    for (const key of ['a', 'b', 'a']) await journal.append(draftOf(key));
    expect((await journal.ofKey('a')).map((line) => line.seq)).toEqual([1, 3]);
    expect(await journal.ofKey('c')).toEqual([]);
  });

  test('concurrent appends make one chain in the order of the calls', async () => {
    const { journal } = await make();
    const lines = await Promise.all(Array.from({ length: 50 }, (_, index) => journal.append(draftOf(`k${index}`))));
    expect(lines.map((line) => line.seq)).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
    expect((await journal.all()).map((line) => line.key)).toEqual(Array.from({ length: 50 }, (_, index) => `k${index}`));
  });

  test('a new life reads what was acknowledged and continues the chain', async () => {
    const { journal, reopen } = await make();
    const first = await journal.append(draftOf('a'));
    const again = await reopen();
    expect(await again.ofKey('a')).toEqual([first]);
    expect((await again.append(draftOf('b'))).prev).toBe(first.hash);
  });
}
