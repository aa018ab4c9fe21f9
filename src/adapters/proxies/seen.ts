// What this life of Belay has seen of each organization: a value that went away and came back is a change, although it looks the same. A
// change that is only remembered here is forgotten with it, and then the plan is made again.
export interface Seen {
  readonly value: string;
  /** How often it was seen to change by other hands. */
  readonly moves: number;
  /** null: it has not been seen to change. */
  readonly movedAt: number | null;
  readonly previous: string | null;
  readonly key: string;
}

export interface SeenByOrg {
  look(org: string, value: string, now: number): Seen;
  /** Our own change. */
  put(org: string, value: string, o: { readonly key: string; readonly now: number }): void;
}

export function createSeen(): SeenByOrg {
  const all = new Map<string, Seen>();
  const look = (org: string, value: string, now: number): Seen => {
    const before = all.get(org);
    if (before?.value === value) return before;
    const seen: Seen =
      before === undefined
        ? { value, moves: 0, movedAt: null, previous: null, key: '' }
        : { value, moves: before.moves + 1, movedAt: now, previous: before.value, key: '' };
    all.set(org, seen);
    return seen;
  };
  return {
    look,
    put: (org, value, { key, now }) => {
      const before = all.get(org);
      all.set(org, { value, moves: before?.moves ?? 0, movedAt: now, previous: before?.value ?? null, key });
    },
  };
}
