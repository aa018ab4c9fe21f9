// How tests run under the mutation tester: from the root, no lanes, those that scripts/mutants.ts names. (Named by Stryker's own option
// `testFiles`, version 10.1.1 sets a mutant of what is computed on loading only after it was loaded: no test can then notice it.)
import { defineConfig } from 'vitest/config';

const include = (process.env['MUTANT_TESTS'] ?? 'test/domain/**/*.test.ts').split(',');

// One process for all files of a mutant, as in the unit lane: starting it is most of the work.
export default defineConfig({ test: { include, isolate: false, testTimeout: 60_000 } });
