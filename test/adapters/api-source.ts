// What every source that asks somebody's API keeps: the contract of sources, bad days told as dead readings without a secret, and a 429
// that is waited for. `make` gives a reader over a contract server that answers well.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createHttp } from '../../src/adapters/http/index.ts';
import { systemTime } from '../../src/adapters/system/index.ts';
import { loadAndLint } from '../../src/config/lint.ts';
import type { Batch } from '../../src/domain/signal.ts';
import type { SourceSpec } from '../../src/domain/source-catalog.ts';
import type { System } from '../../src/domain/system.ts';
import { polled } from '../../src/flows/detect/poll.ts';
import type { SignalReader } from '../../src/ports/signal-source.ts';
import type { Time } from '../../src/ports/time.ts';
import { TOOLS, told } from '../config/workspace.ts';
import { signalSourceContract } from '../contracts/signal-source.ts';
import { BAD_MOODS, type VendorServer } from '../world/vendors/vendor-server.ts';

export const http = createHttp({ allow: ['127.0.0.1'] });
export const NEVER: AbortSignal = new AbortController().signal;
/** Stands wherever a source wants one; no reading may repeat it. */
export const SECRET = 'hunter2-hunter2';

export type ReaderTime = Pick<Time, 'now' | 'monotonicMs'>;
export interface ApiUnderTest {
  readonly server: VendorServer;
  reader(o: { readonly time: ReaderTime; readonly timeoutMs: number }): SignalReader;
}

export function apiSource(name: string, make: () => Promise<ApiUnderTest>): void {
  signalSourceContract(`the ${name} adapter`, async () => {
    const { server, reader } = await make();
    const one = reader({ time: systemTime, timeoutMs: 2_000 });
    const waiting: (() => void)[] = [];
    const read: SignalReader['read'] = async (signal, from) => {
      const batch = await one.read(signal, from);
      for (const wake of waiting.splice(0)) wake();
      return batch;
    };
    return {
      source: polled({ ...one, read }, systemTime),
      beat: async (count) => {
        for (let n = 0; n <= count; n += 1)
          await Promise.race([new Promise<void>((resolve) => waiting.push(resolve)), systemTime.sleep(1_500)]);
      },
      trouble: async (on) => {
        server.mood = on ? 'error-500' : 'well';
      },
      close: server.close,
    };
  });

  describe(`a bad day of ${name}`, () => {
    const made = async (): Promise<ApiUnderTest> => {
      const one = await make();
      onTestFinished(one.server.close);
      return one;
    };

    test.each(BAD_MOODS)('(%s) is a dead reading with a reason that repeats no secret, and over when it is over', async (mood) => {
      const { server, reader } = await made();
      let now = Date.now();
      const time = { ...systemTime, now: () => now };
      const one = reader({ time, timeoutMs: mood === 'stall' ? 300 : 5_000 });
      server.mood = mood;
      const batch = await one.read(NEVER, {});
      expect(batch).toMatchObject({ alive: false, samples: [], reason: expect.stringMatching(/./) });
      expect(batch.reason).not.toContain(SECRET);
      server.mood = 'well';
      now += 3_600_000;
      const after = await one.read(NEVER, {});
      expect([after.alive, after.reason]).toEqual([true, undefined]);
    });

    test('(429) is not asked again before the time that it named', async () => {
      const { server, reader } = await made();
      let now = Date.now();
      const one = reader({ time: { ...systemTime, now: () => now }, timeoutMs: 5_000 });
      server.mood = 'rate-limited';
      await one.read(NEVER, {});
      server.mood = 'well';
      const before = server.asked.length;
      now += 6_900;
      expect(await one.read(NEVER, {})).toMatchObject({
        alive: false,
        reason: expect.stringMatching(/asked to be left alone for 1 s more \(429\)$/),
      });
      expect(server.asked).toHaveLength(before);
      now += 200;
      expect(await one.read(NEVER, {})).toMatchObject({ alive: true });
    });

    test('is none of ours: nothing that was asked breaks the description', async () => {
      const { server, reader } = await made();
      const batch = await reader({ time: systemTime, timeoutMs: 5_000 }).read(NEVER, {});
      expect([batch.reason, server.refused]).toEqual([undefined, []]);
      expect(batch.samples.length).toBeGreaterThan(0);
    });
  });
}

/** The example of a page, read by the real loader, its address replaced by that of a server. */
export function exampleOf(
  page: string,
  o: { readonly from?: string; readonly to?: string } = {},
): { readonly system: System; readonly text: string } {
  const text = readFileSync(path.join(import.meta.dirname, `../../docs/sources/${page}.md`), 'utf8');
  const yaml = /```yaml\n([\s\S]+?)```/.exec(text)?.[1] ?? '';
  const folder = mkdtempSync(path.join(tmpdir(), `belay-${page}-`));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(path.join(folder, 'belay.yaml'), o.from === undefined ? yaml : yaml.replaceAll(o.from, o.to ?? ''));
  const named = Object.fromEntries([...yaml.matchAll(/\{env\.([A-Z_]+)\}/g)].map((match) => [match[1] ?? '', SECRET]));
  const loaded = loadAndLint(folder, { ...TOOLS, env: named });
  expect(told(loaded)).toEqual([]);
  if (loaded.system === null) throw new Error('the example of the page cannot be read');
  return { system: loaded.system, text };
}

export function sourceIn<D extends SourceSpec['driver']>(system: System, driver: D): Extract<SourceSpec, { driver: D }> {
  const spec = system.sources.find((one) => one.driver === driver);
  if (spec === undefined) throw new Error(`the example has no source of driver ${driver}`);
  return spec as Extract<SourceSpec, { driver: D }>;
}

/** `name{label,label}` → what it says. */
export function saidIn({ samples }: Batch, ...labels: readonly string[]): Readonly<Record<string, number>> {
  return Object.fromEntries(
    samples.map((one) => {
      if (one.kind === 'probe') throw new Error('a probe');
      const number = one.kind === 'total' ? one.total : one.kind === 'delta' ? one.delta : one.value;
      const shown = labels.map((label) => one.labels[label]).filter((value) => value !== undefined);
      return [shown.length === 0 ? one.name : `${one.name}{${shown.join(',')}}`, number];
    }),
  );
}

/** Every sample is of a name of the page's table, finite, and short and plain in its labels. */
export function demandTame(batch: Batch, page: string): void {
  for (const one of batch.samples) {
    if (one.kind === 'probe') throw new Error('a probe');
    expect(page).toContain(`\`${one.name}\``);
    expect(Number.isFinite(one.kind === 'total' ? one.total : one.kind === 'delta' ? one.delta : one.value)).toBe(true);
    for (const label of Object.values(one.labels)) {
      expect(label.length).toBeLessThanOrEqual(256);
      expect(label).not.toMatch(/\p{Cc}/u);
    }
  }
}
