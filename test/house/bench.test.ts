// The arithmetic and the page of the bench: an aim that is missed must show.
import { expect, test } from 'vitest';
import { holds, quantile } from '../../bench/measure.ts';
import { cpuMs, memoryMiB, treeOf } from '../../bench/process-tree.ts';
import { render } from '../../bench/results.ts';

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
