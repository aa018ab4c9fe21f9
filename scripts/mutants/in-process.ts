// Runs tests for Stryker inside one process: Node itself strips the types, a mutant costs what its tests cost. Loaded as its plug-in, in
// a copy of the repository, with the tests that MUTANT_TESTS names;
// MUTANT_RELOAD loads them for each mutant. Refuses to know any file of Belay.
import { registerHooks } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { takeListed } from './test-words.ts';

/** What the instrumented sources read and write. */
interface Shared {
  activeMutant?: string | undefined;
  currentTestId?: string | undefined;
  mutantCoverage?: unknown;
  hitCount?: number | undefined;
  hitLimit?: number | undefined;
}
interface MutantRun {
  readonly activeMutant: { readonly id: string };
  readonly mutantActivation: 'static' | 'runtime';
  readonly testFilter?: readonly string[];
  readonly hitLimit?: number;
}
interface OneTest {
  readonly id: string;
  readonly run: () => unknown;
}

const WORDS = new URL('test-words.ts', import.meta.url).href;
const copy = `${pathToFileURL(process.cwd()).href}/`;
let generation = 0;

// Each generation of modules is loaded anew, so that what is computed on loading is computed under the mutant.
registerHooks({
  resolve(specifier, context, next) {
    if (specifier === 'vitest' && context.parentURL !== WORDS) return { url: WORDS, shortCircuit: true };
    const found = next(specifier, context);
    const isOurs = found.url.startsWith(copy) && !found.url.includes('/node_modules/') && found.url !== WORDS;
    return isOurs ? { ...found, url: `${found.url.replace(/\?.*$/, '')}?generation=${generation}` } : found;
  },
});

class InProcess {
  #shared: Shared = {};
  #tests: readonly OneTest[] | null = null;

  capabilities(): { readonly reloadEnvironment: boolean } {
    return { reloadEnvironment: true };
  }

  async init(): Promise<void> {
    const all = globalThis as unknown as Record<string, Shared>;
    all['__stryker__'] ??= {};
    this.#shared = all['__stryker__'];
  }

  async dryRun() {
    const tests = await this.#load();
    const results = [];
    for (const one of tests) {
      this.#shared.currentTestId = one.id;
      const startedAt = performance.now();
      const failure = await failureOf(one);
      const timeSpentMs = performance.now() - startedAt;
      results.push({
        id: one.id,
        name: one.id,
        timeSpentMs,
        ...(failure === null ? { status: 0 } : { status: 1, failureMessage: failure }),
      });
    }
    this.#shared.currentTestId = undefined;
    return { status: 'complete', tests: results, mutantCoverage: this.#shared.mutantCoverage };
  }

  async mutantRun({ activeMutant, mutantActivation, testFilter, hitLimit }: MutantRun) {
    const shared = this.#shared;
    const isStatic = mutantActivation === 'static';
    const mustLoad = isStatic || process.env['MUTANT_RELOAD'] === 'true';
    Object.assign(shared, { activeMutant: undefined, hitCount: hitLimit === undefined ? undefined : 0, hitLimit });
    try {
      if (isStatic) shared.activeMutant = activeMutant.id;
      const tests = mustLoad || this.#tests === null ? await this.#load() : this.#tests;
      shared.activeMutant = activeMutant.id;
      const wanted = testFilter === undefined ? tests : tests.filter(({ id }) => testFilter.includes(id));
      for (const [index, one] of wanted.entries()) {
        const failure = await failureOf(one);
        if (hitLimit !== undefined && (shared.hitCount ?? 0) > hitLimit) return { status: 'timeout', reason: 'an endless loop' };
        if (failure !== null) return { status: 'killed', killedBy: [one.id], failureMessage: failure, nrOfTests: index + 1 };
      }
      return { status: 'survived', nrOfTests: wanted.length };
    } catch (error) {
      // The files could not even be loaded: no suite would have been green.
      return { status: 'killed', killedBy: [], failureMessage: String(error), nrOfTests: 0 };
    } finally {
      shared.activeMutant = undefined;
      // What was loaded under a mutant serves nobody else.
      if (mustLoad) this.#tests = null;
    }
  }

  async #load(): Promise<readonly OneTest[]> {
    generation += 1;
    takeListed();
    for (const file of (process.env['MUTANT_TESTS'] ?? '').split(',')) await import(pathToFileURL(path.resolve(file)).href);
    this.#tests = takeListed().map(({ name, body }, index) => ({ id: `${index + 1} ${name}`, run: body }));
    return this.#tests;
  }
}

async function failureOf({ run }: OneTest): Promise<string | null> {
  try {
    await run();
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

export const strykerPlugins = [{ kind: 'TestRunner', name: 'in-process', injectableClass: InProcess }];
