// Migrations of a release against those of a database: which ones a way back reverts, and why it may be impossible. No tool, no file.

export interface Migration {
  readonly id: string;
  /** The SQL of the way there and of the way back; null where it is a program, or not written. */
  readonly up: string | null;
  readonly down: string | null;
  /** There is a way back, as far as its file says. */
  readonly reversible: boolean;
  /** Of its text, there and back; missing where a driver does not say. */
  readonly hash?: string;
  /** Of a program: why what it does is not known, where that can be said. */
  readonly untold?: string;
}

/** A program of a release that was not tried yet: looking at a list tries nothing. */
export const NOT_TRIED = 'not tried yet: a plan of this release tries it on scratch';

/** The word for "none of them stays". */
export const BASE = 'base';

export type DownPlan =
  | { readonly ok: true; readonly to: string | null; readonly revert: readonly string[] }
  | { readonly ok: false; readonly why: DownRefusal; readonly ids: readonly string[] };
/**
 * `relative`: not the name of a migration. `unknown-here`: the database has what the release does not know, so the release cannot take it
 * back. `no-such`: the release has no such migration. `not-applied`: going there would be a way up. `irreversible`: no way back is written.
 * `keeps-none`: the release to be kept knows nothing of what is applied. `between`: these lie before one that it knows.
 */
export type DownRefusal = 'relative' | 'unknown-here' | 'no-such' | 'not-applied' | 'irreversible' | 'keeps-none' | 'between';

const RELATIVE = /^([-+~^].*|\d{1,2}|head|heads|current|previous|last|first|HEAD.*)$/i;

/** The way from what is applied down to `to`, which stays. */
export function downPlan(applied: readonly string[], known: readonly Migration[], to: string): DownPlan {
  const refuse = (why: DownRefusal, ids: readonly string[] = [to]): DownPlan => ({ ok: false, why, ids });
  const names = known.map((one) => one.id);
  if (to !== BASE && !names.includes(to)) return refuse(RELATIVE.test(to) ? 'relative' : 'no-such');
  const strangers = applied.filter((id) => !names.includes(id));
  if (strangers.length > 0) return refuse('unknown-here', strangers);
  const place = to === BASE ? -1 : names.indexOf(to);
  const isAfter = (id: string): boolean => names.indexOf(id) > place;
  if (to !== BASE && !applied.includes(to)) return refuse('not-applied');
  const revert = names.filter((id) => applied.includes(id) && isAfter(id)).toReversed();
  const stuck = revert.filter((id) => known.find((one) => one.id === id)?.reversible !== true);
  return stuck.length > 0 ? refuse('irreversible', stuck) : { ok: true, to: to === BASE ? null : to, revert };
}

/** The way down to what another release knows, which stays, all of it; `release` is its name. */
export function downPlanKeeping(
  applied: readonly string[],
  known: readonly Migration[],
  kept: { readonly release: string; readonly known: readonly Pick<Migration, 'id'>[] },
): DownPlan {
  const gone = beyond(applied, kept.known);
  const inOrder = known.map((one) => one.id).filter((id) => applied.includes(id));
  const to = inOrder.findLast((id) => !gone.includes(id));
  if (to === undefined)
    return applied.length === 0 ? downPlan(applied, known, BASE) : { ok: false, why: 'keeps-none', ids: [kept.release] };
  const way = downPlan(applied, known, to);
  const left = way.ok ? gone.filter((id) => !way.revert.includes(id)) : [];
  return left.length > 0 ? { ok: false, why: 'between', ids: left } : way;
}

/** What the database has and a release does not know. */
export function beyond(applied: readonly string[], known: readonly Pick<Migration, 'id'>[]): readonly string[] {
  const names = new Set(known.map((one) => one.id));
  return applied.filter((id) => !names.has(id));
}
