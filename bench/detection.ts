// Owns `npm run bench -- detection`: Belay beside Debian's Prometheus, Alertmanager, VictoriaMetrics and vmalert, part by part, one table,
// and the parts of bench/RESULTS.md that are about it. What is measured is the parts' business.
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { ALERTMANAGER, PROMETHEUS, VICTORIA_METRICS, VMALERT } from '../scripts/lanes.ts';
import { findPart } from '../scripts/parts.ts';
import { unpackMissing } from '../test/world/parts/debian-package.ts';
import { burst } from './detection/burst.ts';
import { cost, growth } from './detection/cost.ts';
import { delay } from './detection/delay.ts';
import { falseActions } from './detection/false.ts';
import { kill } from './detection/kill.ts';
import type { Part, Row, Run } from './detection/row.ts';
import { type DetectionPart, withDetection } from './results.ts';

const PARTS = { false: falseActions, cost, growth, kill, burst, delay } as const satisfies Record<string, (run: Run) => Promise<Part>>;
type Name = keyof typeof PARTS;
const PEERS = [PROMETHEUS, ALERTMANAGER, VICTORIA_METRICS, VMALERT];
const TOLD_EVERY_MS = 1_000;
const RESULTS = path.join(import.meta.dirname, 'RESULTS.md');

const HELP = `npm run bench -- detection [--quick] [--long] [--only ${Object.keys(PARTS).join(',')}]
  whole: about 45 minutes on an idle machine, and only this is written to bench/RESULTS.md
  --quick: under 6 minutes, smaller numbers, to see that it works
  --long: the kill in the middle of a hold with Prometheus' own grace period, 20 minutes more
  --only: these parts`;

export async function detectionBench(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { quick: { type: 'boolean' }, long: { type: 'boolean' }, only: { type: 'string' }, help: { type: 'boolean' } },
  });
  const wanted = values.only?.split(',') ?? Object.keys(PARTS);
  const names = (Object.keys(PARTS) as Name[]).filter((name) => wanted.includes(name));
  if (values.help === true || names.length !== wanted.length) {
    process.stderr.write(`${HELP}\n`);
    return values.help === true ? 0 : 2;
  }
  const missing = unpackMissing(PEERS);
  if (missing !== null) {
    process.stderr.write(`the peers are not here: ${missing}\n`);
    return 2;
  }
  const o = { quick: values.quick === true, long: values.long === true };
  const taken: DetectionPart[] = [];
  for (const name of names) taken.push(await take(name, o));
  console.log(table(taken, o.quick));
  if (!o.quick) {
    const text = withDetection(readFileSync(RESULTS, 'utf8'), taken);
    writeFileSync(RESULTS, text);
  }
  return taken.every(({ failure, rows }) => failure === undefined && rows.every(({ met }) => met !== false)) ? 0 : 1;
}

/** One part that breaks must not cost the others; it shows in the results and in the exit code. */
async function take(name: Name, o: { readonly quick: boolean; readonly long: boolean }): Promise<DetectionPart> {
  const begun = Date.now();
  const taken = { name, at: new Date(), machine: machine() };
  try {
    const part = await PARTS[name]({ ...o, progress: bar(name, begun) });
    return { ...taken, ...part, load: loadavg()[0] ?? Number.NaN, tookS: (Date.now() - begun) / 1_000 };
  } catch (error) {
    process.stderr.write(`\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    const failure = error instanceof Error ? error.message : String(error);
    return { ...taken, rows: [], how: '', failure, load: loadavg()[0] ?? Number.NaN, tookS: (Date.now() - begun) / 1_000 };
  } finally {
    process.stderr.write('\n');
  }
}

/** On a terminal one line that is written over; elsewhere a line now and then. */
function bar(name: Name, begun: number): Run['progress'] {
  let last = 0;
  return (done, all, what) => {
    const now = Date.now();
    const every = process.stderr.isTTY ? TOLD_EVERY_MS : 15 * TOLD_EVERY_MS;
    if (now - last < every) return;
    last = now;
    const share = Math.min(1, all > 0 ? done / all : 0);
    const left = share > 0.02 ? `, about ${Math.ceil(((now - begun) * (1 - share)) / share / 1_000)} s left` : '';
    const drawn = '█'.repeat(Math.round(20 * share)).padEnd(20, '·');
    const line = `${name.padEnd(7)} ${drawn} ${Math.round(100 * share)} %  ${what}${left}`;
    process.stderr.write(process.stderr.isTTY ? `\r\u001B[K${line}` : `${line}\n`);
  };
}

function table(taken: readonly DetectionPart[], quick: boolean): string {
  const rows: readonly (readonly string[])[] = [
    ['measure', 'side', 'figure', 'aim', ''],
    ...taken.flatMap(({ name, rows: found, failure }) =>
      failure === undefined ? found.map(cells) : [[name, '', `NOT MEASURED: ${failure.split('\n')[0] ?? ''}`, '', 'missed']],
    ),
  ];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const versions = PEERS.map((peer) => `${peer.name} ${findPart(peer)?.version ?? ''}`).join(', ');
  const loads = taken.map(({ name, load }) => `${name} ${load.toFixed(1)}`).join(', ');
  const title = `Detection, Belay beside ${versions}. ${machine()}. Load average at the end of each part: ${loads}.`;
  const warning = quick ? ['QUICK: smaller numbers, to see that it works; nothing here may be quoted.', ''] : [];
  return [title, '', ...warning, ...lines].join('\n');
}

const cells = ({ measure, side, figure, aim = '', met }: Row): readonly string[] => [
  measure,
  side,
  figure,
  aim,
  met === undefined ? '' : met ? 'met' : 'MISSED',
];

const machine = (): string =>
  `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`;
