// A regular expression over lines that strangers wrote: dangerous ones are refused, and none may run for long.
import { createContext, Script } from 'node:vm';

/** So much of a line is looked at. */
export const LONGEST_MATCH = 8 * 1_024;
const PATIENCE_MS = 100;
/** A machine may stall at any line: it is the line's fault only when that happens again and again. */
const TRIES = 3;
const MANY = 10;

/** By group; null: no match; 'slow': it took too long to say. */
export type Match = Readonly<Record<string, string | undefined>> | null | 'slow';

/** What is wrong with a pattern, or null. */
export function patternProblem(pattern: string): string | null {
  try {
    new RegExp(pattern, 'u');
  } catch (error) {
    return `it is not a regular expression: ${(error as Error).message.split(': ').at(-1) ?? ''}`;
  }
  const nested = nestedRepetition(pattern);
  return nested === null ? null : `${nested} repeats what repeats already: a line could make it try for hours`;
}

/** `(a+)+` and its kin: a group that repeats without bound, around something that does. */
function nestedRepetition(pattern: string): string | null {
  const open: { readonly from: number; repeats: boolean }[] = [{ from: 0, repeats: false }];
  for (let at = 0; at < pattern.length; ) {
    const from = at;
    const char = pattern[at];
    let group: { readonly from: number; readonly repeats: boolean } | undefined;
    if (char === '(') {
      open.push({ from, repeats: false });
      at += 1;
      // What says which kind of group it is, is not repeated by its question mark.
      if (pattern[at] === '?') at += 1;
      continue;
    }
    if (char === ')') group = open.pop();
    at = char === '[' ? classEnd(pattern, at) : at + (char === '\\' ? 2 : 1);
    const bound = /^(?:[*+]|\{\d+,(\d*)\})/.exec(pattern.slice(at, at + 20));
    const unbounded = bound !== null && (bound[1] === undefined || bound[1] === '' || Number(bound[1]) > MANY);
    if (unbounded && group?.repeats === true) return pattern.slice(group.from, at + bound[0].length);
    const outer = open.at(-1);
    if (outer !== undefined && (unbounded || group?.repeats === true)) outer.repeats = true;
    at += bound?.[0].length ?? 0;
  }
  return null;
}

function classEnd(pattern: string, from: number): number {
  for (let at = from + 1; at < pattern.length; at += 1) {
    if (pattern[at] === '\\') at += 1;
    else if (pattern[at] === ']') return at + 1;
  }
  return pattern.length;
}

/** @returns a match for each line; fewer when `mostSlow` lines took too long, the last of them being one. */
export type MatchLines = (lines: readonly string[], mostSlow: number) => readonly Match[];

/** @example matcherOf('^(?<level>\\w+) ')(['ERROR it broke'], 1) // [{ level: 'ERROR' }] */
export function matcherOf(pattern: string): MatchLines {
  // A context of its own, because there alone an expression that runs away can be stopped. It is no cage, and need not be one.
  const room = createContext({ pattern, lines: [] as readonly string[], found: [] as Match[], until: 0 });
  new Script('const expression = new RegExp(pattern, "u"); const none = {};').runInContext(room);
  const script = new Script(`while (found.length < until) {
    const match = expression.exec(lines[found.length]);
    found.push(match === null ? null : match.groups ?? none);
  }`);
  const runsOut = (until: number): boolean => {
    room['until'] = until;
    try {
      script.runInContext(room, { timeout: PATIENCE_MS });
      return false;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return true;
      throw error;
    }
  };
  return (lines, mostSlow) => {
    const found: Match[] = [];
    room['lines'] = lines.map((line) => line.slice(0, LONGEST_MATCH));
    room['found'] = found;
    for (let slow = 0; found.length < lines.length && slow < mostSlow; ) {
      if (!runsOut(lines.length) || found.length >= lines.length) break;
      // The one at which it stood still, alone.
      const until = found.length + 1;
      let tries = 1;
      while (found.length < until && tries < TRIES && runsOut(until)) tries += 1;
      if (found.length >= until) continue;
      found.push('slow');
      slow += 1;
    }
    room['lines'] = [];
    return found;
  };
}
