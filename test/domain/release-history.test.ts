// Stable is measured: how long a release was live while nothing was wrong; and what a version says of its kind.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ReleaseSpan, Span } from '../../src/domain/release-history.ts';
import { DEFAULT_SOAK_MS, releaseKind, soakOf as soakOfAll } from '../../src/domain/release-history.ts';

const H = 3_600_000;
const soak = { now: 100 * H, soakMs: DEFAULT_SOAK_MS };
const NOW = 100;
/** Watched to its end. */
const live = (from: number, to: number | null, release = 'v1') => ({ release, from: from * H, seenAt: (to ?? NOW) * H });
/** Of v1; what was live between its spans was another release. */
const soakOf = (spans: readonly ReleaseSpan[], troubles: readonly Span[], o: typeof soak) => {
  const all = spans.toSorted((a, b) => a.from - b.from);
  const others = all.flatMap(({ seenAt }, index) => {
    const end = all[index + 1]?.from ?? o.now;
    return seenAt < end ? [{ release: 'other', from: seenAt, seenAt: end }] : [];
  });
  return soakOfAll(
    'v1',
    [...all, ...others].toSorted((a, b) => a.from - b.from),
    troubles,
    o,
  );
};

describe('the soak of a release', () => {
  it('is over after 48 healthy hours, and says since when', () => {
    expect(soakOf([live(10, null)], [], soak)).toMatchObject({ healthyMs: 90 * H, stableSince: 58 * H });
    expect(soakOf([live(60, null)], [], soak)).toMatchObject({ healthyMs: 40 * H, stableSince: null });
    expect(soakOf([], [], soak)).toMatchObject({ healthyMs: 0, stableSince: null });
  });

  it('counts no hour in which its component was in an incident, and keeps what it had proven before', () => {
    expect(soakOf([live(10, null)], [{ from: 20 * H, to: 30 * H }], soak)).toMatchObject({ healthyMs: 80 * H, stableSince: 68 * H });
    expect(soakOf([live(10, null)], [{ from: 0, to: 200 * H }], soak)).toMatchObject({ healthyMs: 0, stableSince: null });
    expect(soakOf([live(0, null)], [{ from: 60 * H, to: 100 * H }], soak)).toMatchObject({ healthyMs: 60 * H, stableSince: 48 * H });
  });

  it('is over for a release that was left in trouble, whatever it had proven before, and begins anew', () => {
    const left = [{ from: 60 * H, to: 62 * H }];
    expect(soakOf([live(0, 61)], left, soak)).toMatchObject({ healthyMs: 0, stableSince: null });
    expect(soakOf([live(0, 61), live(80, null)], left, soak)).toMatchObject({ healthyMs: 20 * H, stableSince: null });
    expect(soakOf([live(0, 59), live(61, null)], left, soak)).toMatchObject({ healthyMs: 97 * H, stableSince: 48 * H });
  });

  it('knows what took its place in trouble, until it is live again and left in peace', () => {
    const left = [{ from: 60 * H, to: 62 * H }];
    expect(soakOfAll('v1', [live(0, 61), live(61, null, 'v0')], left, soak).leftFor).toBe('v0');
    expect(soakOfAll('v1', [live(0, 59), live(59, null, 'v2')], left, soak).leftFor).toBeNull();
    expect(soakOfAll('v1', [live(0, 61), live(61, 70, 'v0'), live(70, null)], left, soak).leftFor).toBeNull();
    const again = [live(0, 61), live(61, 70, 'v0'), live(70, 90), live(90, null, 'v2')];
    expect(soakOfAll('v1', again, left, soak).leftFor).toBeNull();
    expect(soakOfAll('v2', again, left, soak).leftFor).toBeNull();
  });

  it('counts no hour in which nobody looked, be it between two looks or since the last one', () => {
    expect(soakOfAll('v1', [{ release: 'v1', from: 0, seenAt: H }], [], soak)).toMatchObject({ healthyMs: H, stableSince: null });
    expect(soakOfAll('v1', [live(0, 1), live(60, null)], [], soak)).toMatchObject({ healthyMs: 41 * H, stableSince: null });
    expect(soakOfAll('v1', [live(0, 50), live(60, null)], [{ from: 40 * H, to: 60 * H }], soak).healthyMs).toBe(80 * H);
  });

  it('takes a release that was left while nobody looked for left in the trouble of that time', () => {
    const spans = [live(0, 50), live(60, null, 'v2')];
    expect(soakOfAll('v1', spans, [{ from: 54 * H, to: 55 * H }], soak)).toMatchObject({ healthyMs: 0, stableSince: null });
    expect(soakOfAll('v1', spans, [{ from: 61 * H, to: 62 * H }], soak).stableSince).toBe(48 * H);
  });

  it('adds up the times that a release was live', () => {
    expect(soakOf([live(50, 80), live(0, 20)], [], soak)).toMatchObject({ healthyMs: 50 * H, stableSince: 78 * H });
  });

  it('never exceeds the time that the release was live, however incidents overlap', () => {
    const spans = fc.array(
      fc.tuple(fc.nat(100), fc.nat(100)).map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) })),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(spans, fc.nat(100), (troubles, from) => {
        const { healthyMs, stableSince } = soakOfAll('v', [{ release: 'v', from, seenAt: 100 }], troubles, { now: 100, soakMs: 20 });
        const hit = Array.from({ length: 100 - from }, (_, at) => from + at).filter((at) =>
          troubles.some((one) => at >= one.from && at < one.to),
        );
        expect(healthyMs).toBe(100 - from - hit.length);
        expect(stableSince !== null).toBe(healthyMs >= 20 && healthyMs > 0);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('the kind of a release', () => {
  it.each([
    ['v1.0.1', 'hotfix'],
    ['1.4.12', 'hotfix'],
    ['v1.1.0', 'feature'],
    ['v2.0.0', 'major'],
    ['v1.0.0-rc1', 'candidate'],
    ['v1.0.1+build.5', 'hotfix'],
    ['r41', null],
    ['v1.0', null],
    ['', null],
    [`v1.0.0-${'x'.repeat(500)}`, null],
  ])('of %s is %s by its version', (version, kind) => {
    expect(releaseKind(version)).toBe(kind);
  });
});
