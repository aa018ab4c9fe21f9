// What `deploy.revert` leaves: the release that is live without one change of it. That code never ran and has no artefact, so it is told by the
// release that brought the change and the one before that. It only reads.
import { BelayError } from '../domain/errors.ts';
import type { PlanStep } from '../domain/plan.ts';
import type { DeployTarget } from '../ports/deploy-target.ts';
import { lookBack } from './look-back.ts';

export interface Change {
  /** The release that brought it. */
  readonly by: string;
  /** What would be there if it never had come. */
  readonly before: string;
}

export const commitOf = ({ action, args }: PlanStep): string | null =>
  action === 'deploy.revert' && typeof args?.['commit'] === 'string' ? args['commit'] : null;

/** For people: what is live after it has no name of its own. */
export const revertName = (commit: string): string => `revert(${commit.slice(0, 12)})`;

/** @throws BELAY_NOT_FOUND where the target does not list it, or nothing before it; BELAY_TARGET_UNREACHABLE */
export async function changeBy(target: Pick<DeployTarget, 'list' | 'resolve'>, commit: string): Promise<Change> {
  const by = (await target.resolve?.(commit)) ?? commit;
  const { releases } = await lookBack(target, (found) => found.findIndex((one) => one.ref === by) < found.length - 1);
  const before = releases[releases.findIndex((one) => one.ref === by) + 1];
  if (before !== undefined && releases.some((one) => one.ref === by)) return { by, before: before.ref };
  throw new BelayError('BELAY_NOT_FOUND', `what ${commit.slice(0, 12)} brought cannot be told: the target lists no release before it`);
}
