// What a plan that makes something anew knows of what comes after: the old one's deploys are no measure, and what it has is gone. It asks nobody.
import type { DoStep } from '../domain/ir.ts';
import { REMAKES } from '../domain/put-live.ts';
import type { System } from '../domain/system.ts';

/** A service that is made anew has deploys of its own: what its targets were is no measure of what they will be. */
export function remadeBy({ services = [], targets }: System, { do: name, with: args }: DoStep): readonly string[] {
  if (!REMAKES.has(name)) return [];
  const service = services.find(({ id }) => id === args['service']);
  // Which one an input names is not asked here: each may be the one.
  const moved = targets.flatMap((one) => (service === undefined || one.component === service.component ? [`target:${one.id}`] : []));
  const ids = (service === undefined ? services : [service]).map(({ id }) => id);
  const gone = ids.flatMap((id) => [`${PERHAPS}service:${id}/form`, `${PERHAPS}service:${id}/source`]);
  const sources = name === 'service.connect' ? [] : ids.map((id) => `service:${id}/source`);
  return [...moved, ...sources, ...(name === 'service.delete' ? gone : [])];
}

const GONE = 'gone ';
const PERHAPS = 'gone? ';

/** Which one it is, and whether it is there at all, is known by now. */
export function settleGone(touched: Set<string>, { do: name }: DoStep, o: { readonly target: string; readonly reached: boolean }): void {
  if (name !== 'service.delete') return;
  for (const one of [...touched]) if (one.startsWith(PERHAPS)) touched.delete(one);
  if (o.reached) return;
  touched.add(`${GONE}${o.target}`);
  touched.add(`${GONE}${o.target.replace(/form$/, 'source')}`);
}

/** What is deleted by an earlier step of the plan has all of it now, and the new one will have nothing when its turn comes. */
export function asOfThen<T extends { readonly current: unknown; readonly reached: boolean }>(
  seen: T,
  touched: ReadonlySet<string>,
  { step, target }: { readonly step: DoStep; readonly target: string },
): T {
  const isGone = touched.has(`${GONE}${target}`) || touched.has(`${PERHAPS}${target}`);
  return isGone && REMADE.has(step.do) ? { ...seen, current: 'not there', reached: false } : seen;
}

const REMADE: ReadonlySet<string> = new Set(['service.restoreVariables', 'service.restoreSettings', 'service.connect']);
