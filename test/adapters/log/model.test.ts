// Whatever is written, rotated, read, refused and killed, in any order: every complete line is counted exactly once.
import { copyFileSync, existsSync, renameSync, truncateSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LogFolder } from './kit.ts';

interface Model {
  /** The line that has begun at the end of the live file, or of the one before. */
  open: { readonly live: string; readonly old: string };
  hasOld: boolean;
  exists: boolean;
}

class Real {
  readonly log = new LogFolder({ pattern: '^(?<n>\\d+) ' });
  readonly counted = new Map<string, number>();
  dropped = 0;
  next = 0;
  readonly complete: string[] = [];
  tooLong = 0;

  line(length: number): string {
    this.next += 1;
    return `${this.next} ${'x'.repeat(length)}`;
  }

  done(line: string): void {
    if (Buffer.byteLength(line) > 65_536) this.tooLong += 1;
    else this.complete.push(line.split(' ')[0] ?? '');
  }

  async start(): Promise<void> {
    const line = this.line(3);
    this.log.write(`${line}\n`);
    this.done(line);
    await this.take();
  }

  async take(): Promise<number> {
    const batch = await this.log.read();
    expect(batch.alive).toBe(true);
    for (const sample of batch.samples) {
      if (sample.kind !== 'delta') throw new Error(sample.kind);
      if (sample.name === 'log_lines')
        this.counted.set(sample.labels['n'] ?? '', (this.counted.get(sample.labels['n'] ?? '') ?? 0) + sample.delta);
      else if (sample.name === 'log_lines_dropped') this.dropped += sample.delta;
      else throw new Error(sample.name);
    }
    return batch.samples.length;
  }

  async drain(): Promise<void> {
    while ((await this.take()) > 0);
  }
}

type Command = fc.AsyncCommand<Model, Real>;
const command = (name: string, check: (m: Model) => boolean, run: (m: Model, r: Real) => Promise<void> | void): Command => ({
  check: (m) => check(m),
  run: async (m, r) => run(m, r),
  toString: () => name,
});

const always = (): boolean => true;
const commands: readonly fc.Arbitrary<Command>[] = [
  fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 1, maxLength: 5 }).map((lengths) =>
    command(`write ${lengths.length} lines`, always, (m, r) => {
      const lines = lengths.map((length) => r.line(length));
      const [first = '', ...rest] = lines;
      const whole = [m.open.live === '' ? first : m.open.live, ...(m.open.live === '' ? rest : lines)];
      r.log.write(`${m.open.live === '' ? '' : '\n'}${lines.join('\n')}\n`);
      for (const line of whole) r.done(line);
      m.open = { ...m.open, live: '' };
      m.exists = true;
    }),
  ),
  fc.constantFrom(0, 5, 300, 65_530, 65_534, 65_535, 70_000, 140_000).map((length) =>
    command(`begin a line of ${length}`, always, (m, r) => {
      const more = m.open.live === '' ? r.line(length) : 'y'.repeat(length);
      r.log.write(more);
      m.open = { ...m.open, live: m.open.live + more };
      m.exists = true;
    }),
  ),
  fc.boolean().map((reopened) =>
    command(
      `rotate${reopened ? '' : ', and the writer is slow'}`,
      (m) => m.exists,
      (m, r) => {
        r.log.rotate();
        m.open = { live: '', old: m.open.live };
        m.hasOld = true;
        m.exists = false;
        if (!reopened) return;
        r.log.write('');
        m.exists = true;
      },
    ),
  ),
  fc.boolean().map((ends) =>
    command(
      `write into the old file${ends ? '' : ' half a line'}`,
      (m) => m.hasOld,
      (m, r) => {
        const more = m.open.old === '' ? r.line(9) : 'z';
        r.log.write(ends ? `${more}\n` : more, 'app.log.1');
        if (ends) r.done(m.open.old + more);
        m.open = { ...m.open, old: ends ? '' : m.open.old + more };
      },
    ),
  ),
  fc.boolean().map((copied) =>
    command(
      `cut off${copied ? ' after a copy' : ''}`,
      (m) => m.exists,
      async (m, r) => {
        await r.drain();
        if (copied) {
          let last = 1;
          while (existsSync(r.log.at(`app.log.${last}`))) last += 1;
          for (let n = last; n > 1; n -= 1) renameSync(r.log.at(`app.log.${n - 1}`), r.log.at(`app.log.${n}`));
          copyFileSync(r.log.at(), r.log.at('app.log.1'));
          m.hasOld = false;
          m.open = { live: '', old: '' };
        }
        truncateSync(r.log.at());
        // The rest of a line that was dropped already is cut off with it.
        m.open = { ...m.open, live: '' };
      },
    ),
  ),
  fc.constant(command('read', always, async (_m, r) => void (await r.take()))),
  fc.constant(command('read, and the store refuses', always, async (_m, r) => void (await r.log.peek()))),
  fc.constant(command('kill', always, (_m, r) => r.log.restart())),
  fc.constant(
    command('read, and be killed before it is durable', always, async (_m, r) => {
      await r.log.peek();
      r.log.restart();
    }),
  ),
];

test('every complete line is counted exactly once', async () => {
  let read = 0;
  await fc.assert(
    fc.asyncProperty(fc.commands([...commands], { maxCommands: 40, size: 'max' }), async (cmds) => {
      const real = new Real();
      try {
        // An open line that is too long is dropped when it is seen: those that are cut off are not told apart here.
        let cutOff = 0;
        const setup = () => ({ model: { open: { live: '', old: '' }, hasOld: false, exists: true }, real });
        // What was rotated away before Belay first looked is not its business.
        await real.start();
        await fc.asyncModelRun(setup, cmds);
        await real.drain();
        expect(Object.fromEntries(real.counted)).toEqual(Object.fromEntries(real.complete.map((n) => [n, 1])));
        read += real.complete.length;
        cutOff = real.dropped - real.tooLong;
        expect(cutOff).toBeGreaterThanOrEqual(0);
      } finally {
        real.log.remove();
      }
    }),
    { numRuns: 150 },
  );
  expect(read).toBeGreaterThan(1_000);
});
