// Which files are mutated, and which tests alone must notice: the tests of the domain, by values. Refuses to know any tool.

export interface Subject {
  /** A file of `src/domain`, without its ending. */
  readonly name: string;
  /** Files of `test/domain`, without theirs. */
  readonly tests: readonly string[];
  /** What runs through it is remembered in a module: each mutant needs modules of its own. */
  readonly remembers?: true;
}

/** What decides whether something is wrong, how sure that is, and whether Belay may act on it. */
export const SUBJECTS: readonly Subject[] = [
  { name: 'trigger-machine', tests: ['trigger-holds', 'trigger-clears', 'trigger-words'] },
  { name: 'people-report', tests: ['people-report'] },
  { name: 'trigger', tests: ['trigger-words'] },
  { name: 'condition', tests: ['condition-counts', 'condition-kinds', 'condition-proof', 'condition'] },
  { name: 'comparison', tests: ['comparison'] },
  { name: 'evidence-test', tests: ['exact-oracle', 'evidence-test'], remembers: true },
  { name: 'cusum', tests: ['cusum'] },
  { name: 'special-functions', tests: ['exact-oracle'], remembers: true },
  { name: 'ring', tests: ['ring-and-counter'] },
  { name: 'counter', tests: ['ring-and-counter'] },
  { name: 'clock-skew', tests: ['ring-and-counter'] },
  { name: 'selector', tests: ['selector'] },
  { name: 'standing', tests: ['standing'] },
  { name: 'silence', tests: ['silence'] },
  { name: 'guardrail', tests: ['guardrail-breach', 'guardrail-act', 'guardrail', 'guardrail-locality'] },
];

export const sourceOf = ({ name }: Pick<Subject, 'name'>): string => `src/domain/${name}.ts`;
export const testsOf = ({ tests }: Subject): readonly string[] => tests.map((test) => `test/domain/${test}.test.ts`);
