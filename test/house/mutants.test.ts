// What `npm run mutants` makes of a report, and that its list of files and tests is true.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  isEnough,
  pageOf,
  percentOf,
  type Report,
  type Score,
  scoreOf,
  scoresIn,
  survivors,
  tableOf,
} from '../../scripts/mutants/score.ts';
import { SUBJECTS, sourceOf, testsOf } from '../../scripts/mutants/subjects.ts';
import { read, root, under } from './source.ts';

const at = (line: number, from: number, to: number, last = line) => ({ start: { line, column: from }, end: { line: last, column: to } });
const report: Report = {
  files: {
    'src/domain/a.ts': {
      source: 'const a = b > c;\nconst d = {\n  e: 1,\n};\n',
      mutants: [
        { mutatorName: 'EqualityOperator', status: 'Survived', replacement: 'b >= c', location: at(1, 11, 16) },
        { mutatorName: 'ObjectLiteral', status: 'NoCoverage', replacement: '{}', location: at(2, 11, 2, 4) },
        ...['Killed', 'Killed', 'Killed', 'Timeout', 'CompileError', 'Ignored'].map((status) => ({
          mutatorName: 'BlockStatement',
          status,
          location: at(1, 1, 2),
        })),
      ],
    },
  },
};
const score = (killed: number, survived: number, name = 'a'): Score => ({
  name,
  killed,
  timeout: 0,
  survived,
  uncovered: 0,
  taken: '2026-01-02',
});

describe('the score of a file', () => {
  test('counts what was noticed among what could have been, an endless loop and a line without a test included', () => {
    const found = scoreOf('a', report, '2026-01-02');
    expect(found).toEqual({ name: 'a', killed: 3, timeout: 1, survived: 1, uncovered: 1, taken: '2026-01-02' });
    expect(percentOf(found)).toBeCloseTo(66.67, 2);
  });

  test('is enough from eighty in a hundred on, and of a file without a mutant', () => {
    expect([isEnough(score(4, 1)), isEnough(score(799, 201)), isEnough(score(0, 0))]).toEqual([true, false, true]);
  });

  test('is told with every mutant that lived: where, what stood there, what stands there instead', () => {
    expect(survivors(report)).toEqual([
      'src/domain/a.ts:1:11 EqualityOperator: b > c → b >= c',
      'src/domain/a.ts:2:11 ObjectLiteral: { … → {} (no test runs through it)',
    ]);
  });
});

describe('the page of scores', () => {
  test('can be read back, so that a run over some files keeps the others', () => {
    const scores = [score(9, 1), score(40, 2, 'b')];
    expect(scoresIn(pageOf(scores))).toEqual(scores);
    expect(tableOf(scores)).toContain('| a | 10 | 9 | 0 | 1 | 0 | 90.0 % | 2026-01-02 |');
    expect(tableOf(scores)).toContain('| all | 52 | 49 | 0 | 3 | 0 | 94.2 % |  |');
  });

  test('holds every file that is mutated, in their order, each with enough', () => {
    const scores = scoresIn(read('bench/MUTANTS.md'));
    expect(scores.map(({ name }) => name)).toEqual(SUBJECTS.map(({ name }) => name));
    expect(scores.filter((one) => !isEnough(one)).map(({ name }) => name)).toEqual([]);
  });
});

describe('the files that are mutated', () => {
  test('are there, and so are their tests', () => {
    const named = SUBJECTS.flatMap((subject) => [sourceOf(subject), ...testsOf(subject)]);
    expect(named.filter((file) => !existsSync(path.join(root, file)))).toEqual([]);
  });

  test('are all that judge: what they import of the domain and that decides anything is among them', () => {
    const mutated = SUBJECTS.map((subject) => sourceOf(subject));
    const imported = mutated.flatMap((file) =>
      [...read(file).matchAll(/^import \{[^}]*\} from '\.\/([\w-]+)\.ts'/gm)].map(([, name]) => `src/domain/${name}.ts`),
    );
    expect(imported.length).toBeGreaterThan(10);
    // A name of a scope, and shapes: nothing in them can be wrong.
    const shapes = ['src/domain/signal.ts'];
    expect([...new Set(imported)].filter((file) => !mutated.includes(file) && !shapes.includes(file))).toEqual([]);
    expect(mutated.filter((file) => !under('src').includes(file))).toEqual([]);
  });
});
