// Owns bench/RESULTS.md: figures as a table, with the machine and the date they were taken on. Refuses to measure.
import { cpus, totalmem } from 'node:os';
import { type Figure, holds, type Measure, quantile } from './measure.ts';

export interface Taken {
  readonly measure: Measure;
  readonly figures: readonly Figure[];
  /** Load average of the machine in the minute before it ended: who else was busy decides about absolute times. */
  readonly load: number;
  /** Why there are no figures. */
  readonly failure?: string;
}

export function render(taken: readonly Taken[], at: Date): string {
  const processor = cpus()[0]?.model.trim() ?? 'unknown processor';
  const machine = `${cpus().length} × ${processor}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`;
  const parts = taken.map(({ measure, figures, load, failure }) => {
    const found = failure === undefined ? table(figures) : [`NOT MEASURED: ${failure.split('\n')[0] ?? ''}`];
    return [`## ${measure.name}`, '', `${measure.how} Load average ${load.toFixed(1)}.`, '', ...found].join('\n');
  });
  return [
    `# Results of \`npm run bench\``,
    '',
    `Taken ${at.toISOString().slice(0, 10)} on ${machine}.`,
    '',
    ...parts.flatMap((part) => [part, '']),
  ].join('\n');
}

function table(figures: readonly Figure[]): readonly string[] {
  const rows = figures.map((figure) => {
    const aim = figure.aim === undefined ? '' : `≤ ${figure.aim} ${figure.unit}: ${holds(figure) === true ? 'holds' : 'MISSED'}`;
    return `| ${figure.name} | ${show(quantile(figure.samples, 0.5))} | ${show(Math.max(...figure.samples))} | ${figure.unit} | ${figure.samples.length} | ${aim} |`;
  });
  return ['| figure | p50 | max | unit | n | aim for the p50 |', '|---|---|---|---|---|---|', ...rows];
}

function show(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(2);
}
