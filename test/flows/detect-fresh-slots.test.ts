// What is counted between two commits: nothing of it is lost, however far apart the deliveries of one commit lie.
import { expect, test } from 'vitest';
import { FreshSlots } from '../../src/flows/detect/fresh-slots.ts';
import type { SlotRow } from '../../src/ports/signal-store.ts';

test('slots that lie whole rings apart in one commit keep their own counts, in any order', () => {
  const fresh = new FreshSlots();
  for (const [row, slot, bad, all] of [
    [0, 5, 1, 10],
    [0, 66, 2, 20],
    [0, 127, 3, 30],
    [0, 5, 4, 40],
    [0, 66, 5, 50],
    [1, 66, 6, 60],
  ] as const)
    fresh.add(row, slot, bad, all, 0);
  const taken = (): readonly unknown[] => {
    const rows: SlotRow[] = [];
    fresh.takeInto(rows, { key: 'errors', slotMs: 1_000, scopes: ['acme', 'globex'] });
    return rows.map((one) => [one.scope, one.slot, one.bad, one.all]);
  };
  expect(taken()).toEqual([
    ['acme', 5_000, 5, 50],
    ['acme', 66_000, 7, 70],
    ['acme', 127_000, 3, 30],
    ['globex', 66_000, 6, 60],
  ]);
  expect(taken()).toEqual([]);
});
