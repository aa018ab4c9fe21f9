// Owns what a report of the mutation tester comes to: counts, a score, the survivors, the page bench/MUTANTS.md. It runs nothing.

/** The part of Stryker's report (mutation-testing-report-schema) that is read here. */
export interface Report {
  readonly files: Readonly<Record<string, { readonly source: string; readonly mutants: readonly Mutant[] }>>;
}

interface Mutant {
  readonly mutatorName: string;
  readonly status: string;
  readonly replacement?: string;
  readonly location: { readonly start: Place; readonly end: Place };
}
interface Place {
  readonly line: number;
  readonly column: number;
}

export interface Score {
  readonly name: string;
  readonly killed: number;
  /** The mutant ran into an endless loop: noticed, too. */
  readonly timeout: number;
  readonly survived: number;
  /** No test ran through it: not noticed, either. */
  readonly uncovered: number;
  /** `YYYY-MM-DD` */
  readonly taken: string;
}

/** Every file must reach it. */
export const LEAST_PERCENT = 80;

export const mutantsOf = ({ killed, timeout, survived, uncovered }: Score): number => killed + timeout + survived + uncovered;

/** A file without a mutant has nothing to notice. */
export function percentOf(score: Score): number {
  const all = mutantsOf(score);
  return all === 0 ? 100 : (100 * (score.killed + score.timeout)) / all;
}

export const isEnough = (score: Score): boolean => percentOf(score) >= LEAST_PERCENT;

export function scoreOf(name: string, report: Report, taken: string): Score {
  const mutants = Object.values(report.files).flatMap((file) => file.mutants);
  const count = (status: string): number => mutants.filter((mutant) => mutant.status === status).length;
  return {
    name,
    killed: count('Killed'),
    timeout: count('Timeout'),
    survived: count('Survived'),
    uncovered: count('NoCoverage'),
    taken,
  };
}

/** One line for each mutant that nothing noticed: where, what stood there, what stands there instead. */
export function survivors(report: Report): readonly string[] {
  return Object.entries(report.files).flatMap(([file, { source, mutants }]) => {
    const lines = source.split('\n');
    return mutants
      .filter(({ status }) => status === 'Survived' || status === 'NoCoverage')
      .map((mutant) => {
        const { start, end } = mutant.location;
        const line = lines[start.line - 1] ?? '';
        const was = start.line === end.line ? line.slice(start.column - 1, end.column - 1) : `${line.slice(start.column - 1)} …`;
        const mark = mutant.status === 'NoCoverage' ? ' (no test runs through it)' : '';
        return `${file}:${start.line}:${start.column} ${mutant.mutatorName}: ${short(was)} → ${short(mutant.replacement ?? '')}${mark}`;
      });
  });
}

const short = (text: string): string => text.replace(/\s+/g, ' ').slice(0, 100);

const HEAD = ['| file | mutants | killed | timeout | survived | not covered | score | taken |', '|---|---|---|---|---|---|---|---|'];

export function tableOf(scores: readonly Score[]): string {
  const row = (score: Score): string =>
    `| ${score.name} | ${mutantsOf(score)} | ${score.killed} | ${score.timeout} | ${score.survived} | ${score.uncovered} | ${percentOf(score).toFixed(1)} % | ${score.taken} |`;
  const sum = (field: 'killed' | 'timeout' | 'survived' | 'uncovered'): number => scores.reduce((all, score) => all + score[field], 0);
  const total: Score = {
    name: 'all',
    killed: sum('killed'),
    timeout: sum('timeout'),
    survived: sum('survived'),
    uncovered: sum('uncovered'),
    taken: '',
  };
  return [...HEAD, ...[...scores, total].map(row)].join('\n');
}

/** The rows of a page as they were written, so that a run over some files keeps the others. */
export function scoresIn(page: string): readonly Score[] {
  return page.split('\n').flatMap((line): readonly Score[] => {
    const [, name = '', , killed, timeout, survived, uncovered, , taken = ''] = line.split('|').map((cell) => cell.trim());
    if (!/^\d{4}-\d\d-\d\d$/.test(taken)) return [];
    return [{ name, killed: Number(killed), timeout: Number(timeout), survived: Number(survived), uncovered: Number(uncovered), taken }];
  });
}

export function pageOf(scores: readonly Score[]): string {
  return `# Results of \`npm run mutants\`

Stryker changes one operator, condition, number or text of a file at a time; a mutant is killed when a test of \`test/domain\` fails.
Score = (killed + timeout) / all; below ${LEAST_PERCENT} % in any file the command fails. Each row tells the day on which it was taken.

${tableOf(scores)}
`;
}
