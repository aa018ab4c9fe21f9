// The releases of a target, newest first, as far back as a question wants them: most are answered by the newest few. It judges none of them.
import type { DeployTarget, Release } from '../ports/deploy-target.ts';

/** How many are looked at first, and at most. */
const NEAR_LOOK = 50;
const FAR_LOOK = 1_000;

export interface LookedBack {
  readonly releases: readonly Release[];
  /** There are no more: what is not among them is not there. */
  readonly isAll: boolean;
}

/** It was enough, so nobody has looked further yet. */
export const isMore = ({ releases, isAll }: LookedBack): boolean => !isAll && releases.length < FAR_LOOK;

/** Looks further where the newest ones are not `enough` and there may be more. @throws BELAY_TARGET_UNREACHABLE */
export async function lookBack(target: Pick<DeployTarget, 'list'>, enough: (releases: readonly Release[]) => boolean): Promise<LookedBack> {
  const near = await target.list(NEAR_LOOK);
  if (near.length < NEAR_LOOK) return { releases: near, isAll: true };
  if (enough(near)) return { releases: near, isAll: false };
  const far = await target.list(FAR_LOOK);
  return { releases: far, isAll: far.length < FAR_LOOK };
}
