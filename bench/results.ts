// Owns bench/RESULTS.md: figures as a table, with the machine and the date they were taken on. Refuses to measure.
import { cpus, totalmem } from 'node:os';
import type { Row } from './detection/row.ts';
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

export interface DetectionPart {
  readonly name: string;
  readonly rows: readonly Row[];
  readonly how: string;
  readonly at: Date;
  readonly machine: string;
  readonly load: number;
  readonly tookS: number;
  /** Why there are no figures. */
  readonly failure?: string;
}

const HEADING = '# Detection beside its peers (`npm run bench -- detection`)';
const begin = (name: string): string => `<!-- detection ${name}: begin -->`;
const end = (name: string): string => `<!-- detection ${name}: end -->`;

/** What stands on the page about detection: `withDetection` writes it, the other measures keep it. */
export function detectionIn(page: string): string {
  const from = page.indexOf(HEADING);
  return from < 0 ? '' : page.slice(from);
}

/** Each part is replaced by itself: a run of some must not take away the others. */
export function withDetection(page: string, parts: readonly DetectionPart[]): string {
  let text = page.includes(HEADING) ? page : `${page.trimEnd()}\n\n${HEADING}\n`;
  for (const part of parts) {
    const block = `${begin(part.name)}\n${renderPart(part)}\n${end(part.name)}`;
    const from = text.indexOf(begin(part.name));
    const to = text.indexOf(end(part.name));
    text = from < 0 ? `${text.trimEnd()}\n\n${block}\n` : `${text.slice(0, from)}${block}${text.slice(to + end(part.name).length)}`;
  }
  return text;
}

function renderPart({ name, rows, how, at, machine, load, tookS, failure }: DetectionPart): string {
  const verdict = ({ met }: Row): string => (met === undefined ? '' : met ? 'met' : '**MISSED**');
  const found =
    failure === undefined
      ? [
          '| measure | side | figure | aim | |',
          '|---|---|---|---|---|',
          ...rows.map((row) => `| ${row.measure} | ${row.side} | ${row.figure} | ${row.aim ?? ''} | ${verdict(row)} |`),
        ]
      : [`NOT MEASURED: ${failure.split('\n')[0] ?? ''}`];
  const taken = `Taken ${at.toISOString().slice(0, 10)} on ${machine}, in ${tookS.toFixed(0)} s, load average ${load.toFixed(1)}.`;
  return [`## ${name}`, '', `${how} ${taken}`.trim(), '', ...found].join('\n');
}
