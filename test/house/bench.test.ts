// The arithmetic and the page of the bench: an aim that is missed must show.
import { expect, test } from 'vitest';
import { counted, outagesOf } from '../../bench/detection/delay-world.ts';
import { holds, quantile } from '../../bench/measure.ts';
import { cpuMs, memoryMiB, treeOf } from '../../bench/process-tree.ts';
import { detectionIn, render, withDetection } from '../../bench/results.ts';

test('a quantile of unsorted samples is one of the samples', () => {
  expect([quantile([3, 1, 2], 0.5), quantile([3, 1, 2], 1), quantile([7], 0.5)]).toEqual([2, 3, 7]);
});

test('an aim is judged by the median, and a figure without aim is not judged', () => {
  const figure = { name: 'x', unit: 's', samples: [0.1, 0.2, 9] };
  expect([holds({ ...figure, aim: 0.2 }), holds({ ...figure, aim: 0.19 }), holds(figure)]).toEqual([true, false, null]);
});

test('the page says machine, date, load and which aim is missed', () => {
  const measure = { name: 'a story', how: 'by hand', run: async () => [] };
  const page = render(
    [{ measure, figures: [{ name: 'slow', unit: 's', samples: [2, 4, 3], aim: 1 }], load: 2.25 }],
    new Date('2026-01-02T03:04:05Z'),
  );
  expect(page).toContain('Taken 2026-01-02 on ');
  expect(page).toContain('by hand Load average 2.3.');
  expect(page).toContain('| slow | 3.00 | 4.00 | s | 3 | ≤ 1 s: MISSED |');
});

test('a measure that broke stands on the page without figures', () => {
  const measure = { name: 'a story', how: 'by hand', run: async () => [] };
  const page = render([{ measure, figures: [], load: 1, failure: 'no shop\nat line 1' }], new Date());
  expect(page).toContain('\nNOT MEASURED: no shop\n');
});

test.skipIf(process.platform !== 'linux')('the tree of a process holds the process itself and its memory', () => {
  expect(treeOf(process.pid)).toContain(process.pid);
  expect(memoryMiB(process.pid)).toBeGreaterThan(10);
});

test.skipIf(process.platform !== 'linux')('CPU of a process grows with what it does', () => {
  const before = cpuMs([process.pid]);
  const until = performance.now() + 200;
  while (performance.now() < until);
  expect(cpuMs([process.pid])).toBeGreaterThan(before);
});

const part = (name: string, figure: string) => ({
  name,
  how: 'by hand.',
  rows: [{ measure: 'delay', side: 'Belay', figure, aim: '≤ 1 s', met: false }],
  at: new Date('2026-01-02T03:04:05Z'),
  machine: 'a machine',
  load: 40.2,
  tookS: 12,
});

test('a part of the detection bench replaces itself alone on the page, says its load, and an aim that is missed stays missed', () => {
  const first = withDetection('# Results\n', [part('delay', '9 s'), part('cost', '8 s')]);
  const second = withDetection(first, [part('delay', '7 s')]);
  expect(second).toContain('| delay | Belay | 7 s | ≤ 1 s | **MISSED** |');
  expect(second).not.toContain('9 s');
  expect(second).toContain('| delay | Belay | 8 s |');
  expect(second).toContain('load average 40.2');
  expect(second.startsWith('# Results\n')).toBe(true);
  expect(`# Others\n\n${detectionIn(second)}`).toContain('8 s');
});

test('the world of the delay bench crosses its rule at the error that is said to be the first beyond it', () => {
  const [hard, mild, unborn, burst] = outagesOf({ organizations: 4, healthy: 1, holdMs: 10_000, leadMs: 100_000, spreadMs: 0 });
  const errorsAt = (outage: typeof hard, at: number): number => (outage === undefined ? Number.NaN : counted(outage, at).bad);
  for (const outage of [hard, mild, unborn, burst]) {
    const crossing = (outage?.due ?? 0) - 10_000;
    expect([errorsAt(outage, crossing - 1), errorsAt(outage, crossing)]).toEqual([60, 61]);
  }
  expect(errorsAt(burst, 500_000)).toBe(300);
});

test('no counter of the service that the delay bench watches ever goes back', () => {
  for (const outage of outagesOf({ organizations: 40, healthy: 4, holdMs: 10_000, leadMs: 1_000, spreadMs: 30_000 })) {
    let before = counted(outage, 0);
    for (let at = 0; at < 60_000; at += 37) {
      const now = counted(outage, at);
      expect(now.bad).toBeGreaterThanOrEqual(before.bad);
      expect(now.good).toBeGreaterThanOrEqual(before.good);
      before = now;
    }
  }
});
