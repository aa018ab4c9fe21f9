// Which actions put something else live, and where: asked by the lint, the plan and the guards alike. It does none of them.
import type { PlanStep } from './plan.ts';
import type { System } from './system.ts';

/** A release that is named. */
export const RELEASE_SWITCHES: ReadonlySet<string> = new Set(['deploy.rollback', 'deploy.activate']);

/** What stands behind it afterwards is other code. */
export const CODE_SWITCHES: ReadonlySet<string> = new Set([...RELEASE_SWITCHES, 'deploy.revert', 'deploy.commit', 'service.connect']);

/** A release or a flow, wholly or in part; freezing and pausing are not among them. */
export const LIVE_SWITCHES: ReadonlySet<string> = new Set([...CODE_SWITCHES, 'deploy.traffic', 'flow.set']);

/** The old one is gone, and what stands there is another one of the same name. */
export const REMAKES: ReadonlySet<string> = new Set(['service.delete', 'service.create', 'service.connect']);

/** Whether other code stands there after the step. */
export const switchesCode = ({ action = '', args, builds = [] }: PlanStep, target: string): boolean =>
  CODE_SWITCHES.has(action) && (args?.['target'] === target || builds.some((one) => one.target === target));

/** Where what a service runs is deployed to: targets that are this very service, else those of its component. */
export function targetsBehind({ services = [], targets }: Pick<System, 'services' | 'targets'>, id: string): readonly string[] {
  const service = services.find((one) => one.id === id);
  if (service === undefined) return [];
  const same = targets.filter(
    (one) =>
      one.driver === 'railway' &&
      service.driver === 'railway' &&
      [one.project, one.environment, one.service].join() === [service.project, service.environment, service.service].join(),
  );
  const near = targets.filter((one) => one.component !== undefined && one.component === service.component);
  return (same.length > 0 ? same : near).map((one) => one.id);
}
