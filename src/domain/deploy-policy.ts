// What belay.yaml demands of deploys to a target: that a release was on a staging target first and passed its smoke test there, and which smoke
// test follows each deploy. It judges what was seen; it looks at nothing.
import type { CheckResult } from './guardrail.ts';
import type { Instant } from './json.ts';
import type { ReleaseSpan } from './release-history.ts';

export interface DeployPolicy {
  readonly target: string;
  /** A step forward is put live here only after it was live there, and passed. */
  readonly stagedOn?: string;
  /** What is run after each deploy, whoever made it. */
  readonly smoke?: { readonly probe: 'smoke' | 'synthetic'; readonly of: string };
}

/** What the smoke test after one deploy came to. `since`: when that release went live. */
export interface SmokeProof {
  readonly release: string;
  readonly since: Instant;
  readonly at: Instant;
  readonly result: CheckResult;
  /** Why it is no pass; '' for one. */
  readonly why: string;
}

/** The trigger that a broken policy raises: runbooks may name it. */
export const deployTrigger = (target: string): string => `deploy-${target}`;

/** The last word about a release on its staging target: null where it was never tried there. A later failure takes an earlier pass back. */
export function lastProof(proofs: readonly SmokeProof[], release: string): SmokeProof | null {
  return proofs.findLast((one) => one.release === release) ?? null;
}

/** What ran right before what runs now, as Belay saw it; null: nothing was seen. */
export function ranBefore(spans: readonly ReleaseSpan[], live: string): string | null {
  return spans.findLast((one) => one.release !== live)?.release ?? null;
}

interface Live {
  readonly release: string;
  /** By the word of the target. */
  readonly changedAt: Instant;
  readonly inFlight?: string;
}

/**
 * Since when what is live is live: gaps in which nobody looked and found the same again are no deploys, and the same name that the target says
 * was put there anew is one. A change in flight says nothing of what it has not replaced yet.
 */
export function deployedAt(spans: readonly ReleaseSpan[], { release, changedAt, inFlight }: Live): Instant {
  const other = spans.findLastIndex((one) => one.release !== release);
  const since = spans[other + 1]?.from ?? spans.at(-1)?.seenAt ?? 0;
  return inFlight === undefined ? Math.max(since, changedAt) : since;
}

/** What was said of the very deploy that is live; null: nothing yet. What earlier bits of the same name came to counts for nothing. */
export function liveProof(proofs: readonly SmokeProof[], spans: readonly ReleaseSpan[], live: Live): SmokeProof | null {
  const since = deployedAt(spans, live);
  const isOfIt = (one: SmokeProof): boolean => one.since === since || (live.inFlight !== undefined && one.since > since);
  return proofs.findLast((one) => one.release === live.release && isOfIt(one)) ?? null;
}
