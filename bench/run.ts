// Owns `npm run bench`: runs the measures one after another (`-- NAME` picks those whose name contains it) and writes RESULTS.md.
// `-- detection` is a bench of its own, beside other programs: detection.ts; `-- rollback` is one, too: rollback.ts.
import { readFileSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import path from 'node:path';
import { belayApproval, belayMemory, belayResume, belayStart } from './belay-life.ts';
import { detectionBench } from './detection.ts';
import { detection } from './detector.ts';
import { engineApproval, engineResume, engineStart } from './engine-life.ts';
import { engineOverhead } from './engine-overhead.ts';
import { holds, type Measure } from './measure.ts';
import { remoteWrite } from './remote-write.ts';
import { detectionIn, render, type Taken } from './results.ts';
import { rollbackBench } from './rollback.ts';
import { storyMeasure } from './story.ts';

const MEASURES: readonly Measure[] = [
  engineOverhead,
  engineStart,
  engineResume,
  engineApproval,
  belayStart,
  belayResume,
  belayApproval,
  belayMemory,
  detection,
  remoteWrite,
  storyMeasure('deploy', 5),
  storyMeasure('org', 5),
];

const RESULTS = path.join(import.meta.dirname, 'RESULTS.md');

const [wanted = '', ...args] = process.argv.slice(2);
const BENCHES: Readonly<Record<string, (args: readonly string[]) => Promise<number>>> = {
  detection: detectionBench,
  rollback: rollbackBench,
};
process.exitCode = await (BENCHES[wanted] ?? takeAll)(args);

async function takeAll(): Promise<number> {
  const taken: Taken[] = [];
  for (const measure of MEASURES.filter(({ name }) => name.includes(wanted))) {
    process.stderr.write(`measuring: ${measure.name}\n`);
    taken.push(await take(measure));
  }
  const text = render(taken, new Date());
  // A part of the measures must not replace the results of all.
  if (wanted === '') writeFileSync(RESULTS, `${text}\n${detectionIn(readFileSync(RESULTS, 'utf8'))}`);
  console.log(text);
  return taken.every(({ figures, failure }) => failure === undefined && figures.every((figure) => holds(figure) !== false)) ? 0 : 1;
}

/** One measure that breaks must not cost the others; it shows in the results and in the exit code. */
async function take(measure: Measure): Promise<Taken> {
  const load = (): number => loadavg()[0] ?? Number.NaN;
  try {
    return { measure, figures: await measure.run(), load: load() };
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    return { measure, figures: [], load: load(), failure: error instanceof Error ? error.message : String(error) };
  }
}
