// A deploy target in memory, with a ledger of every effect. Somebody else can deploy at any time.
import { BelayError } from '../../domain/errors.ts';
import type { Instant } from '../../domain/json.ts';
import type { DeployTarget, Release } from '../../ports/deploy-target.ts';

export interface VirtualRelease {
  readonly ref: string;
  readonly createdAt: Instant;
  readonly stableMs?: number;
}
export interface VirtualDeployTargetOptions {
  /** Oldest first; the last one is live. */
  readonly releases: readonly VirtualRelease[];
  readonly now: () => Instant;
  readonly live?: string;
  /** What was live before it, and since when it is not any more; unknown and now, if not given. */
  readonly before?: { readonly release: string | null; readonly changedAt: Instant };
  /** What becomes of a deploy that has begun when another release is put live; it can be aborted, if not given. */
  readonly begun?: 'abort' | 'wait' | 'overtake';
}
export interface VirtualDeployTarget extends DeployTarget {
  /** Somebody else's deploy. */
  deploy(release: string): void;
  /** Somebody else's deploy has begun. */
  begin(release: string): void;
  /** What has begun has ended, well or not. */
  end(how: 'live' | 'failed'): void;
  prune(release: string): void;
  /** What is live (``), and whether it is frozen. */
  states(): Readonly<Record<string, string>>;
  readonly effects: readonly { readonly by: string; readonly to: string; readonly key: string }[];
}

export function createVirtualDeployTarget(o: VirtualDeployTargetOptions): VirtualDeployTarget {
  const { begun = 'abort' } = o;
  const releases = new Map(o.releases.map((one) => [one.ref, one]));
  const pruned = new Set<string>();
  const effects: { by: string; to: string; key: string }[] = [];
  let live = liveAtFirst(o);
  let frozen = false;
  let inFlight: string | undefined;
  const fingerprint = (): string => `${live.release}@${live.revision}${inFlight === undefined ? '' : `>${inFlight}`}`;
  const put = (to: string, by: string, key: string): void => {
    effects.push({ by, to, key });
    if (begun === 'overtake') inFlight = undefined;
    live = { release: to, revision: live.revision + 1, changedAt: o.now(), previous: to === live.release ? live.previous : live.release };
  };
  const restorable: DeployTarget['restorable'] = async (ref) =>
    releases.has(ref) ? { ok: true, artefact: `/releases/${ref}` } : { ok: false, why: pruned.has(ref) ? 'pruned' : 'unknown' };
  return {
    effects,
    deploy: (release) => put(release, 'somebody else', ''),
    begin: (release) => {
      inFlight = release;
    },
    end: (how) => {
      const release = inFlight ?? '';
      inFlight = undefined;
      if (how === 'live') put(release, 'somebody else', '');
      else live = { ...live, revision: live.revision + 1 };
    },
    ...(begun === 'abort'
      ? {
          abort: async (release: string) => {
            if (inFlight === release) inFlight = undefined;
          },
        }
      : {}),
    prune: (release) => {
      releases.delete(release);
      pruned.add(release);
    },
    states: () => ({ '': live.release, frozen: String(frozen) }),
    caps: { compareAndSet: 'lock', freeze: true, restoresConfig: 'none', ...(begun === 'wait' ? { races: true } : {}) },
    list: async (limit) =>
      [...releases.values()]
        .toSorted((a, b) => b.createdAt - a.createdAt)
        .slice(0, limit)
        .map((one) => listed(one, live.release)),
    current: async () => ({
      release: live.release,
      fingerprint: fingerprint(),
      units: [{ id: 'one', release: live.release, ready: true }],
      frozen,
      ...(inFlight === undefined ? {} : { inFlight }),
      changedAt: live.changedAt,
      previous: live.previous,
    }),
    restorable,
    rollTo: async (release, { expected, key }) => {
      const last = effects.at(-1);
      if (last?.by === 'belay' && last.key === key && live.release === release) return;
      if (fingerprint() !== expected) throw new BelayError('BELAY_TARGET_CONFLICT', `it is ${fingerprint()}, not ${expected}`);
      if (!(await restorable(release)).ok) throw new BelayError('BELAY_RELEASE_NOT_RESTORABLE', `${release} is gone`);
      // Comparing and putting is one act: `restorable` above has let others in.
      if (fingerprint() !== expected) throw new BelayError('BELAY_TARGET_CONFLICT', `it is ${fingerprint()}, not ${expected}`);
      put(release, 'belay', key);
    },
    freeze: async (on) => {
      frozen = on;
    },
  } satisfies VirtualDeployTarget;
}

interface Live {
  readonly release: string;
  readonly revision: number;
  readonly changedAt: Instant;
  readonly previous: string | null;
}

const liveAtFirst = (o: VirtualDeployTargetOptions): Live => ({
  release: o.live ?? o.releases.at(-1)?.ref ?? '',
  revision: 1,
  changedAt: o.before?.changedAt ?? o.now(),
  previous: o.before?.release ?? null,
});

const listed = ({ ref, createdAt, stableMs }: VirtualRelease, live: string): Release => ({
  ref,
  version: ref,
  artefact: `/releases/${ref}`,
  createdAt,
  status: ref === live ? 'live' : 'available',
  ...(stableMs === undefined ? {} : { stable: { sinceMs: stableMs } }),
});
