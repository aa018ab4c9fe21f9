// Owns `npm run bench -- rollback`: what acting costs, part by part. Quick unless it is asked for the whole; it prints, and keeps nothing.
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { holds, type Measure } from './measure.ts';
import { render } from './results.ts';
import { fanOut } from './rollback/fan-out.ts';
import { parse } from './rollback/parse.ts';
import { planning } from './rollback/plan.ts';
import { switching } from './rollback/switch.ts';

const PARTS = { switch: switching, plan: planning, fanout: fanOut, parse } as const satisfies Record<
  string,
  (o: { readonly full: boolean }) => Measure
>;
type Name = keyof typeof PARTS;

const HELP = `npm run bench -- rollback [--full] [--only ${Object.keys(PARTS).join(',')}]
  quick: about a minute
  --full: the sizes that are aimed at, some minutes`;

export async function rollbackBench(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { full: { type: 'boolean' }, only: { type: 'string' }, help: { type: 'boolean' } },
  });
  const wanted = values.only?.split(',') ?? Object.keys(PARTS);
  const names = (Object.keys(PARTS) as Name[]).filter((name) => wanted.includes(name));
  if (values.help === true || names.length !== wanted.length) {
    process.stderr.write(`${HELP}\n`);
    return values.help === true ? 0 : 2;
  }
  const measures = names.map((name) => PARTS[name]({ full: values.full === true }));
  const taken = [];
  for (const measure of measures) {
    process.stderr.write(`measuring: ${measure.name}\n`);
    taken.push({ measure, figures: await measure.run(), load: loadavg()[0] ?? Number.NaN });
  }
  console.log(render(taken, new Date()));
  return taken.every(({ figures }) => figures.every((figure) => holds(figure) !== false)) ? 0 : 1;
}
