// An age that two sources tell, over a start: the newest good thing of both counts, whoever speaks first.
import { expect, test } from 'vitest';
import type { SourceSpec } from '../../src/domain/source-catalog.ts';
import { DetectWorld, START, scrape, signal, trigger } from './detect-world.ts';

const HOUR = 3_600_000;
const BOTH: readonly SourceSpec[] = [{ ...scrape(10_000) }, { ...scrape(10_000), id: 'other' }];

function world(sources: readonly string[]) {
  const one = new DetectWorld({
    sources: BOTH,
    signals: [signal({ kind: 'age', of: { name: 'backup', labels: [] } }, { by: null, sources })],
    triggers: [
      trigger('age', { scope: 'all', breach: { above: 900, overMs: 1, stillMs: 0, forMs: 0 }, clear: { below: 900, forMs: 5_000 } }),
    ],
  });
  const tell = (source: string, at: number, name = 'backup') =>
    one.detector.ingest({
      source,
      at: one.clock.nowMs,
      alive: true,
      samples: [{ kind: 'value', name, labels: { host: source }, at: one.clock.nowMs, value: at / 1_000 }],
    });
  const told = () => one.path('', 'age');
  return { one, tell, told };
}

test.each([[['shop', 'other']], [[]]])(
  'after a start the old backup of one source is no breach while the other, which has a newer one, has not spoken (%j)',
  async (sources) => {
    const { one, tell, told } = world(sources);
    await tell('shop', START - 5 * HOUR);
    await tell('other', START - 60_000);
    one.clock.nowMs += 10_000;
    await tell('shop', START - 5 * HOUR);
    await tell('other', START - 60_000);
    const before = await told();
    one.kill();
    one.clock.nowMs += HOUR;
    await tell('shop', START - 5 * HOUR);
    await one.detector.beat();
    one.clock.nowMs += 5_000;
    await tell('shop', START - 5 * HOUR);
    await one.detector.beat();
    expect(await told()).toEqual(before);
    await tell('other', one.clock.nowMs - 60_000);
    await one.detector.beat();
    expect(await one.view('age', '')).toMatchObject({ status: 'ok', value: 60 });
    expect(await told()).toEqual(before);
  },
);

test('a source that stays silent after a start is waited for no longer than for three of its readings, and what it told before counts', async () => {
  const { one, tell, told } = world(['shop', 'other']);
  await tell('other', START);
  await tell('shop', START - 5 * HOUR);
  const before = await told();
  one.kill();
  one.clock.nowMs += 10_000;
  for (let reading = 0; reading < 3; reading += 1) {
    await tell('shop', START - 5 * HOUR);
    expect(await one.view('age', '')).toMatchObject({ value: null, overLimit: false });
    one.clock.nowMs += 10_000;
  }
  one.clock.nowMs += 3_000;
  await tell('shop', START - 5 * HOUR);
  expect(await one.view('age', '')).toMatchObject({ value: (one.clock.nowMs - START) / 1_000 });
  expect(await told()).toEqual(before);
  for (one.clock.nowMs += 900_000; (await told()).length === before.length; one.clock.nowMs += 1_000) await tell('shop', START - 5 * HOUR);
  expect((await told()).at(-1)).toBe('suspect→breached');
});
