// Rotation at every moment of a reading: real files, a real reader, and a rotation right before each of the operations that it asks of the
// file system, alone and twice in a row. Nothing is left to chance, so what is lost here is lost for a reason.
import fs, { appendFileSync, readdirSync, statSync } from 'node:fs';
import fsp from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inFolder, type LogFolder } from './kit.ts';

/** Called right before each operation, with its number from 1; null: nothing is watched. */
let before: ((operation: number) => void) | null = null;
let operations = 0;
const tick = (): void => {
  if (before === null) return;
  operations += 1;
  before(operations);
};

const original = { readdir: fsp.readdir, stat: fsp.stat, open: fsp.open };
/** What would run beside other operations runs in one instant: the order of all of them is known. */
const watched = {
  readdir: async (...args: Parameters<typeof readdirSync>) => {
    tick();
    return readdirSync(...args);
  },
  stat: async (...args: Parameters<typeof statSync>) => {
    tick();
    return statSync(...args);
  },
  open: (...args: Parameters<typeof fsp.open>) => {
    tick();
    return original.open(...args);
  },
};
beforeAll(() => {
  Object.assign(fsp, watched);
  syncBuiltinESMExports();
});
afterAll(() => {
  Object.assign(fsp, original);
  syncBuiltinESMExports();
});

interface Story {
  readonly seen: string[];
  readonly troubles: string[];
  readonly written: string[];
}

const NUMBERED = { pattern: '^(?<n>\\d+)' };

class Teller {
  readonly story: Story = { seen: [], troubles: [], written: [] };
  readonly #log: LogFolder;

  constructor(log: LogFolder) {
    this.#log = log;
  }

  line(name?: string): void {
    const text = String(this.story.written.length + 1);
    this.story.written.push(text);
    this.#log.write(`${text}\n`, ...(name === undefined ? [] : [name]));
  }

  rotate(): void {
    this.#log.rotate();
    this.line();
  }

  async read(): Promise<void> {
    const batch = await this.#log.read();
    if (!batch.alive) this.story.troubles.push(batch.reason ?? '');
    for (const one of batch.samples) if ('labels' in one) this.story.seen.push(`${one.labels['n']}`);
  }
}

/** Two files came and went since the last reading; then rotations happen before these operations of the next two readings. */
async function tell(
  moments: readonly number[],
  o: { readonly more?: (teller: Teller) => void } = {},
): Promise<Story & { readonly count: number }> {
  return inFolder(NUMBERED, async (log) => {
    const teller = new Teller(log);
    teller.line();
    await teller.read();
    teller.line();
    teller.rotate();
    teller.line();
    teller.rotate();
    operations = 0;
    before = (operation) => {
      if (!moments.includes(operation)) return;
      teller.rotate();
      o.more?.(teller);
    };
    await teller.read();
    await teller.read();
    const count = operations;
    before = null;
    for (let rest = 0; rest < 4; rest += 1) await teller.read();
    return { ...teller.story, count };
  });
}

function demandWhole({ seen, troubles, written }: Story, moments: readonly number[]): void {
  expect({ moments, seen: seen.toSorted((a, b) => Number(a) - Number(b)), troubles }).toEqual({ moments, seen: written, troubles: [] });
}

test('one rotation before any operation of a reading loses no line, counts none twice and troubles nobody', async () => {
  const { count } = await tell([]);
  expect(count).toBeGreaterThan(10);
  for (let moment = 1; moment <= count + 5; moment += 1) demandWhole(await tell([moment]), [moment]);
}, 60_000);

test('two rotations before any two operations of a reading lose no line, count none twice and trouble nobody', async () => {
  const { count } = await tell([]);
  for (let first = 1; first <= count; first += 1)
    for (let second = first + 1; second <= Math.min(count, first + 12); second += 1)
      demandWhole(await tell([first, second]), [first, second]);
}, 120_000);

test('a rotation before every operation from some moment on loses no line once it rests', async () => {
  const { count } = await tell([]);
  for (let first = 1; first <= count; first += 1) {
    const moments = Array.from({ length: 12 }, (_, n) => first + n);
    demandWhole(await tell(moments), moments);
  }
}, 60_000);

test('a writer that has not let go of the old file is heard whenever the names move', async () => {
  const story = async (moment: number): Promise<Story & { readonly count: number }> =>
    inFolder(NUMBERED, async (log) => {
      const teller = new Teller(log);
      teller.line();
      await teller.read();
      const kept = fs.openSync(log.at(), 'a');
      try {
        teller.rotate();
        await teller.read();
        // Late, and while it is looked for everything moves.
        teller.story.written.push('900');
        appendFileSync(kept, '900\n');
        operations = 0;
        before = (operation) => {
          if (operation === moment) teller.rotate();
        };
        await teller.read();
        const count = operations;
        before = null;
        for (let rest = 0; rest < 3; rest += 1) await teller.read();
        return { ...teller.story, written: teller.story.written.toSorted((a, b) => Number(a) - Number(b)), count };
      } finally {
        fs.closeSync(kept);
      }
    });
  const { count } = await story(0);
  expect(count).toBeGreaterThan(2);
  for (let moment = 1; moment <= count + 3; moment += 1) demandWhole(await story(moment), [moment]);
}, 60_000);
