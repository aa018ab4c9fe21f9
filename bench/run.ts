// Owns `npm run bench`: runs the measures one after another (`-- NAME` picks those whose name contains it) and writes RESULTS.md.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { belayApproval, belayMemory, belayResume, belayStart } from './belay-life.ts';
import { detection } from './detector.ts';
import { engineApproval, engineResume, engineStart } from './engine-life.ts';
import { engineOverhead } from './engine-overhead.ts';
import { type Figure, holds, type Measure } from './measure.ts';
import { render } from './results.ts';
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
  storyMeasure('deploy', 5),
  storyMeasure('org', 5),
];

const wanted = process.argv[2] ?? '';
const taken: { measure: Measure; figures: readonly Figure[] }[] = [];
for (const measure of MEASURES.filter(({ name }) => name.includes(wanted))) {
  process.stderr.write(`measuring: ${measure.name}\n`);
  taken.push({ measure, figures: await measure.run() });
}
const text = render(taken, new Date());
// A part of the measures must not replace the results of all.
if (wanted === '') writeFileSync(path.join(import.meta.dirname, 'RESULTS.md'), text);
console.log(text);
process.exitCode = taken.every(({ figures }) => figures.every((figure) => holds(figure) !== false)) ? 0 : 1;
