// Whether a scene of a runbook holds: played calm and compared with what it expects, then killed at one boundary after the other, and once
// twice; each of these must come to the same end, with each effect as often. It plays nothing itself.
import type { Placed, RunbookScene } from '../../domain/runbook-scene.ts';
import { type Ending, playRun } from './run-scene.ts';
import type { OpenStage } from './stage.ts';

/** What is not as it was expected, or not as it was without a kill. */
export interface Unlike {
  /** `ends`, `within`, `told`, `twice`, or `steps.<id>`, `world.<name>`, `effects.<step>`. */
  readonly what: string;
  readonly expected: string;
  readonly found: string;
}

export interface WrongEnd extends Unlike {
  readonly line: number;
  readonly column: number;
}

export interface KilledAt extends Unlike {
  /** The boundaries, counted in each life from 1; `name` is that of the first. */
  readonly at: readonly number[];
  readonly name: string;
}

export interface PlayedRun {
  readonly scene: RunbookScene;
  readonly ok: boolean;
  readonly calm: Ending;
  readonly wrong: readonly WrongEnd[];
  /** Boundaries at which it was killed, of so many that it has; nowhere, where the calm play does not hold already. */
  readonly killed: number;
  readonly boundaries: number;
  readonly unlike: KilledAt | null;
}

export interface Judging {
  readonly open: OpenStage;
  readonly everyBoundary: boolean;
  /** At most so many kills, where not every boundary is wanted. */
  readonly most?: number;
  /** So many of so many kills are played. */
  readonly onKill?: (done: number, all: number) => void;
}

/** Kills of one scene, if nobody wants more; fewer where a play is long. */
const MOST_KILLS = 100;
const MOST_COST = 60_000;
const LEAST_KILLS = 4;

export async function judgeScene(scene: RunbookScene, o: Judging): Promise<PlayedRun> {
  const calm = await playRun(o.open(scene), scene, []);
  const wrong = wrongIn(calm, scene);
  const boundaries = calm.boundaries.length;
  if (wrong.length > 0 || !scene.kills) return { scene, ok: wrong.length === 0, calm, wrong, killed: 0, boundaries, unlike: null };
  const chosen = o.everyBoundary ? evenly(boundaries, boundaries) : evenly(boundaries, Math.min(o.most ?? MOST_KILLS, affordable(calm)));
  const plays = [...chosen.map((one) => [one]), ...(boundaries > 1 ? [[Math.ceil(boundaries / 2), 7]] : [])];
  for (const [index, at] of plays.entries()) {
    const found = unlikeIn(calm, await playRun(o.open(scene), scene, at));
    if (found !== null) {
      const name = calm.boundaries[(at[0] ?? 1) - 1] ?? '';
      return { scene, ok: false, calm, wrong, killed: index + 1, boundaries, unlike: { ...found, at, name } };
    }
    o.onKill?.(index + 1, plays.length);
  }
  return { scene, ok: true, calm, wrong, killed: chosen.length, boundaries, unlike: null };
}

/** By what a play costs, not by the clock: the same scene is killed at the same boundaries everywhere. */
const affordable = ({ cost, boundaries }: Ending): number =>
  Math.max(LEAST_KILLS, Math.min(MOST_KILLS, Math.floor(MOST_COST / (cost + boundaries.length + 1))));

/** So many of 1 to `all`, the first and the last among them. */
function evenly(all: number, most: number): readonly number[] {
  const count = Math.min(all, most);
  if (count < 2) return all === 0 ? [] : [1];
  return Array.from({ length: count }, (_, n) => 1 + Math.round((n * (all - 1)) / (count - 1)));
}

function wrongIn(calm: Ending, { expect }: RunbookScene): readonly WrongEnd[] {
  const wrong: WrongEnd[] = [];
  const compare = (what: string, { value, line, column }: Placed<string | number>, found: string | undefined): void => {
    if (String(value) !== found) wrong.push({ what, expected: String(value), found: found ?? 'nothing', line, column });
  };
  if (expect.ends !== undefined) compare('ends', expect.ends, calm.ends);
  for (const [id, one] of Object.entries(expect.steps)) compare(`steps.${id}`, one, calm.steps[id]);
  for (const [name, one] of Object.entries(expect.world)) compare(`world.${name}`, one, calm.world[name]);
  for (const [id, one] of Object.entries(expect.effects)) compare(`effects.${id}`, one, String(calm.effects[id] ?? 0));
  for (const one of expect.told) {
    const isTold = calm.told.some((said) => said.split(' to ').includes(one.value));
    if (!isTold)
      wrong.push({ what: 'told', expected: one.value, found: calm.told.join(', ') || 'nothing', line: one.line, column: one.column });
  }
  const { withinMs } = expect;
  if (withinMs !== undefined && calm.tookMs > withinMs.value)
    wrong.push({ ...withinMs, what: 'within', expected: String(withinMs.value), found: String(calm.tookMs) });
  return wrong.map(({ what, expected, found, line, column }) => ({ what, expected, found, line, column }));
}

/** The first difference; null: it is the same end. */
function unlikeIn(calm: Ending, killed: Ending): Unlike | null {
  const [first] = killed.twice;
  if (first !== undefined) return { what: 'twice', expected: 'once', found: first };
  if (calm.ends !== killed.ends) return { what: 'ends', expected: calm.ends, found: withReason(killed) };
  // What nobody could vouch for was asked, people were called for it, and it was answered from the world.
  const asked = killed.asked.filter((id) => !calm.asked.includes(id));
  return (
    rowUnlike('effects', calm.effects, killed.effects, []) ??
    rowUnlike('world', calm.world, killed.world, []) ??
    rowUnlike('steps', calm.steps, killed.steps, asked) ??
    toldUnlike(calm.told, asked.length === 0 ? killed.told : killed.told.filter((one) => calm.told.includes(one) || !CALLED.test(one)))
  );
}

/** Of Belay's own, to those who are to answer. */
const CALLED = /^belay-asks to /;

const toldUnlike = (calm: readonly string[], killed: readonly string[]): Unlike | null =>
  calm.join() === killed.join() ? null : { what: 'told', expected: calm.join(', ') || 'nothing', found: killed.join(', ') || 'nothing' };

const withReason = ({ ends, reason }: Ending): string => (reason === '' ? ends : `${ends} (${reason})`);

type Row = Readonly<Record<string, string | number>>;

function rowUnlike(what: string, calm: Row, killed: Row, excused: readonly string[]): Unlike | null {
  for (const name of new Set([...Object.keys(calm), ...Object.keys(killed)].sort())) {
    const [expected, found] = [String(calm[name] ?? 'nothing'), String(killed[name] ?? 'nothing')];
    if (expected !== found && !excused.includes(name)) return { what: `${what}.${name}`, expected, found };
  }
  return null;
}
