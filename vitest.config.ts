// Which test belongs to which lane, decided by folder alone. Refuses to know what a test needs: that is scripts/lanes.ts.
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './scripts/longest-first.ts';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 19)) {
  throw new Error(
    `The tests need Node 22.19 or newer and this is ${process.versions.node}. Type: npm test (it uses the Node of this clone).`,
  );
}

const core = ['test/adapters/**/*.test.ts', 'test/scenarios/**/*.test.ts'];
const web = ['test/web/**/*.test.ts'];
const crash = ['test/crash/**/*.test.ts'];
const heavy = ['test/heavy/**/*.test.ts'];

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      // One lane after the other, so that a run over several lanes may have different numbers of workers.
      // Unit tests share their process: they may not leave a global changed behind them. What no other lane claims lands here.
      lane('unit', ['test/**/*.test.ts'], {
        sequence: { groupOrder: 0 },
        exclude: [...core, ...web, ...crash, ...heavy],
        pool: 'threads',
        isolate: false,
        maxWorkers: '100%',
        testTimeout: 60_000,
        hookTimeout: 60_000,
      }),
      lane('core', core, { sequence: { groupOrder: 1 }, pool: 'forks', maxWorkers: 2, testTimeout: 60_000, hookTimeout: 60_000 }),
      lane('web', web, { sequence: { groupOrder: 2 }, pool: 'forks', maxWorkers: 2, testTimeout: 60_000, hookTimeout: 60_000 }),
      // The tests of the raw engine mostly wait, for locks and for leases that run out.
      lane('crash', crash, { sequence: { groupOrder: 3 }, pool: 'forks', maxWorkers: 3, testTimeout: 600_000, hookTimeout: 120_000 }),
      lane('heavy', heavy, { sequence: { groupOrder: 4 }, pool: 'forks', maxWorkers: 1, testTimeout: 180_000, hookTimeout: 180_000 }),
    ],
  },
});

function lane(name: string, include: string[], options: Record<string, unknown>) {
  return { test: { name, include, ...options } };
}
