// The keys of a journal in bounded memory, against a plain map of everything.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KeyIndex } from '../../../src/adapters/journal-file/key-index.ts';
import type { JournalLine } from '../../../src/domain/journal.ts';

test('whatever is written in whichever order, it has all lines of a key or says that the files must be read, and never keeps more than it may', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 3 }), { maxLength: 60 }), fc.integer({ min: 1, max: 8 }), (keys, most) => {
      const index = new KeyIndex(most);
      const model = new Map<string, JournalLine[]>();
      for (const [seq, key] of keys.entries()) {
        const line = { key, seq } as unknown as JournalLine;
        index.add(line);
        model.set(key, [...(model.get(key) ?? []), line]);
        expect(index.kept).toBeLessThanOrEqual(most);
        const said = index.linesOf(key);
        if (said !== null) expect(said).toEqual(model.get(key));
      }
      for (const [key, lines] of model) expect(index.linesOf(key) ?? lines).toEqual(lines);
      expect(keys.length === 0 ? null : index.linesOf(keys.at(-1) ?? '')).not.toEqual([]);
    }),
    { numRuns: 300 },
  );
});

test('of a hundred thousand keys it takes none for gone, and hardly one that never was for written', () => {
  const index = new KeyIndex(10);
  for (let at = 0; at < 100_000; at += 1) index.add({ key: `INC-${at}/run/step#1:do`, seq: at } as unknown as JournalLine);
  const gone = Array.from({ length: 90_000 }, (_, at) => index.linesOf(`INC-${at}/run/step#1:do`)).filter((lines) => lines !== null);
  expect(gone).toEqual([]);
  const unsure = Array.from({ length: 20_000 }, (_, at) => index.linesOf(`INC-${at}/run/step#2:do`)).filter((lines) => lines === null);
  expect(unsure.length).toBeLessThan(100);
});
