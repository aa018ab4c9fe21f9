// Which release was live when, in memory, on the disk of a world.
import type { SmokeProof } from '../../domain/deploy-policy.ts';
import { isUnbroken, liveSince } from '../../domain/release-history.ts';
import type { Surroundings } from '../../domain/surroundings.ts';
import type { ReleaseHistory } from '../../ports/release-history.ts';
import type { VirtualStoreDeps } from './store-tables.ts';
import { partOf } from './store-tables.ts';

export function createVirtualReleaseHistory({ disk, kill }: Pick<VirtualStoreDeps, 'disk' | 'kill'>): ReleaseHistory {
  const rows = partOf(disk, 'releases-live', () => [] as { target: string; release: string; from: number; seenAt: number }[]);
  const of = (target: string) => rows.filter((row) => row.target === target);
  const smokes = partOf(disk, 'releases-smoke', () => [] as { target: string; proof: SmokeProof }[]);
  const around = partOf(disk, 'releases-around', () => new Map<string, Surroundings>());
  return {
    note: async (target, release, look) => {
      await kill?.gate?.();
      const last = of(target).at(-1);
      if (last !== undefined && (last.seenAt > look.at || last.from >= look.at)) return;
      if (last !== undefined && last.release === release && isUnbroken(last.seenAt, look.at)) last.seenAt = look.at;
      else {
        const from = last === undefined || last.release === release ? look.at : liveSince(look, last.seenAt);
        rows.push({ target, release, from, seenAt: look.at });
      }
    },
    spans: async (target) => {
      await kill?.gate?.();
      return of(target).map(({ release, from, seenAt }) => ({ release, from, seenAt }));
    },
    prove: async (target, proof) => {
      await kill?.gate?.();
      const known = smokes.find((one) => one.target === target && one.proof.release === proof.release && one.proof.since === proof.since);
      if (known === undefined) smokes.push({ target, proof: { ...proof } });
      else known.proof = { ...proof };
    },
    proofs: async (target) => {
      await kill?.gate?.();
      const mine = smokes.filter((one) => one.target === target).map((one) => ({ ...one.proof }));
      return mine.toSorted((a, b) => a.since - b.since || a.at - b.at);
    },
    keep: async (target, release, seen) => {
      await kill?.gate?.();
      around.set(JSON.stringify([target, release]), structuredClone(seen));
    },
    surroundings: async (target, release) => {
      await kill?.gate?.();
      return around.get(JSON.stringify([target, release])) ?? null;
    },
  } satisfies ReleaseHistory;
}
