// Episodes put together from transitions: when each began, when people would have been told of it, how bad it was, how it ended.
// It asks nobody and reads no clock.
import type { Instant } from './json.ts';
import type { EvidenceLevel, Transition } from './trigger.ts';

export interface Episode {
  readonly episode: string;
  readonly trigger: string;
  readonly scope: string;
  /** First crossing of the limit. */
  readonly since: Instant;
  /** Enough to ask people; null: it was over before. */
  readonly askedAt: Instant | null;
  /** Enough to act alone, as far as the counts are concerned. */
  readonly actedAt: Instant | null;
  readonly endedAt: Instant | null;
  /** The value that was farthest beyond the limit, with its counts. */
  readonly peak: number | null;
  readonly bad: number;
  readonly all: number;
  readonly level: EvidenceLevel;
  readonly reopened: number;
}

/** Nobody would have been told. */
export const isNearMiss = (one: Episode): boolean => one.askedAt === null && one.actedAt === null;

/** When the first person would have heard of it. */
export const toldAt = ({ askedAt, actedAt }: Episode): Instant | null =>
  askedAt === null ? actedAt : actedAt === null ? askedAt : Math.min(askedAt, actedAt);

const LEVELS: readonly EvidenceLevel[] = ['none', 'suspect', 'act'];

export interface Measured {
  readonly value: number | null;
  readonly bad: number;
  readonly all: number;
}

/** Episodes by their names, in the order of their beginnings; `inverse`: too little is bad. */
export class Episodes {
  readonly #found = new Map<string, Episode>();
  readonly #inverse: boolean;

  constructor(inverse = false) {
    this.#inverse = inverse;
  }

  add(one: Transition): void {
    const before = this.#found.get(one.episode) ?? begun(one);
    const told = one.to === 'suspect' && one.announced;
    const isOver = one.to === 'cleared' || one.to === 'ok';
    const next: Episode = {
      ...before,
      askedAt: before.askedAt ?? (told || one.to === 'breached' ? one.at : null),
      actedAt: before.actedAt ?? (one.to === 'breached' ? one.at : null),
      endedAt: isOver ? (one.from === 'cleared' ? before.endedAt : one.at) : null,
      level: LEVELS[Math.max(LEVELS.indexOf(before.level), LEVELS.indexOf(one.inputs.level))] ?? 'none',
      reopened: before.reopened + (one.from === 'cleared' && one.to === 'suspect' ? 1 : 0),
    };
    this.#found.set(one.episode, isOver ? next : this.#worse(next, one.inputs));
  }

  /** What was measured while it lasts. */
  measured(episode: string, look: Measured): void {
    const known = this.#found.get(episode);
    if (known !== undefined && known.endedAt === null) this.#found.set(episode, this.#worse(known, look));
  }

  get open(): boolean {
    for (const one of this.#found.values()) if (one.endedAt === null) return true;
    return false;
  }

  list(): readonly Episode[] {
    return [...this.#found.values()].sort((a, b) => a.since - b.since || (a.scope < b.scope ? -1 : 1));
  }

  #worse(one: Episode, { value, bad, all }: Measured): Episode {
    if (value === null) return one;
    const isWorse = one.peak === null || (this.#inverse ? value < one.peak : value > one.peak);
    return isWorse ? { ...one, peak: value, bad, all } : one;
  }
}

function begun({ episode, trigger, scope, since }: Transition): Episode {
  return {
    episode,
    trigger,
    scope,
    since,
    askedAt: null,
    actedAt: null,
    endedAt: null,
    peak: null,
    bad: 0,
    all: 0,
    level: 'none',
    reopened: 0,
  };
}

export function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.floor((sorted.length - 1) / 2)];
  return upper === undefined || lower === undefined ? null : (lower + upper) / 2;
}
