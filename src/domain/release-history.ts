// What Belay's own history says of a target's releases: how long each was live, how much of that nothing was wrong, since when it counts as stable,
// and what its version says about its kind. It judges spans of time and reads none.
import type { Instant } from './json.ts';

/** Healthy for so long before anybody may call a release stable, where a target does not say `soak`. */
export const DEFAULT_SOAK_MS = 48 * 3_600_000;

/** How often every target is looked at. */
export const RELEASES_EVERY_MS = 60_000;

/**
 * Looks further apart than five turns leave a gap: a restart, an upgrade or a target that does not answer once or twice is none. What is
 * longer nobody has watched, and it proves nothing.
 */
const GAP_MS = 5 * RELEASES_EVERY_MS;

/** From one look that found the release live to the last one of an unbroken row. */
export interface ReleaseSpan {
  readonly release: string;
  readonly from: Instant;
  readonly seenAt: Instant;
}

export interface Span {
  readonly from: Instant;
  readonly to: Instant;
}

/** `to`: when customers worked again. */
export interface Trouble extends Span {
  /** When it was resolved: until then whoever goes back rolls away from what is bad. Absent: `to`. */
  readonly over?: Instant;
}

export interface Soak {
  readonly healthyMs: number;
  /** When it had been healthy for the whole soak; null: not yet. */
  readonly stableSince: Instant | null;
  /** What was put live in its place, where that was done in an incident when it last was left; null: it was left in peace, or is live. */
  readonly leftFor: string | null;
}

/**
 * `spans`: of every release, oldest first; `troubles`: when its component was in an incident. Time under one counts for nothing. A release that was left
 * while one lasted has proven nothing at all: what was rolled away from must never be what "stable" means. It begins anew.
 */
export function soakOf(
  release: string,
  spans: readonly ReleaseSpan[],
  troubles: readonly Trouble[],
  o: { readonly now: Instant; readonly soakMs: number },
): Soak {
  let healthyMs = 0;
  let stableSince: Instant | null = null;
  let leftFor: string | null = null;
  for (const [index, span] of spans.entries()) {
    if (span.release !== release) continue;
    const next = spans[index + 1];
    for (const calm of without({ from: span.from, to: watchedUntil(span, next?.from ?? o.now) }, troubles)) {
      const lasted = calm.to - calm.from;
      if (stableSince === null && healthyMs + lasted >= o.soakMs) stableSince = calm.from + (o.soakMs - healthyMs);
      healthyMs += lasted;
    }
    if (next === undefined || next.release === release) {
      leftFor = null;
      continue;
    }
    leftFor = troubles.some((one) => leftIn(span, next, { ...one, to: one.over ?? one.to })) ? next.release : null;
    if (!troubles.some((one) => leftIn(span, next, one))) continue;
    healthyMs = 0;
    stableSince = null;
  }
  return { healthyMs, stableSince, leftFor };
}

const watchedUntil = ({ seenAt }: ReleaseSpan, end: Instant): Instant => (isUnbroken(seenAt, end) ? end : seenAt);

/** Where nobody looked, it may have been left at any time between. */
function leftIn(span: ReleaseSpan, next: ReleaseSpan, trouble: Span): boolean {
  return trouble.from <= next.from && watchedUntil(span, next.from) <= trouble.to;
}

/** One look goes on where the other ended: nothing of what lies between is unknown. */
export const isUnbroken = (lastLook: Instant, at: Instant): boolean => at - lastLook <= GAP_MS;

/** Since when a look's release is live: what the target says where that lies between the looks, else when it was seen. */
export function liveSince(look: { readonly at: Instant; readonly changedAt: Instant }, lastLook: Instant): Instant {
  const isBetween = look.changedAt > lastLook && look.changedAt <= look.at;
  return isBetween && isUnbroken(lastLook, look.at) ? look.changedAt : look.at;
}

/** What is left of a span when the others are cut out of it. */
function without(span: Span, cuts: readonly Span[]): readonly Span[] {
  let from = span.from;
  const left: Span[] = [];
  for (const cut of cuts.toSorted((a, b) => a.from - b.from)) {
    if (cut.to <= from || cut.from >= span.to) continue;
    if (cut.from > from) left.push({ from, to: cut.from });
    from = Math.max(from, cut.to);
  }
  return from < span.to ? [...left, { from, to: span.to }] : left;
}

/** By semantic versioning: v1.0.1 mends, v1.1.0 adds, v2.0.0 breaks, v1.0.0-rc1 is not meant for good. */
export type ReleaseKind = 'hotfix' | 'feature' | 'major' | 'candidate';

const VERSION = /^v?(\d{1,9})\.(\d{1,9})\.(\d{1,9})(-[0-9A-Za-z.-]{1,100})?(?:\+[0-9A-Za-z.-]{1,100})?$/;

/** Null: the version does not say. */
export function releaseKind(version: string): ReleaseKind | null {
  const [, , minor, patch, before] = VERSION.exec(version) ?? [];
  if (minor === undefined || patch === undefined) return null;
  if (before !== undefined) return 'candidate';
  if (Number(patch) > 0) return 'hotfix';
  return Number(minor) > 0 ? 'feature' : 'major';
}
