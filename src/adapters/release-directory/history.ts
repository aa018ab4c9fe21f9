// `.belay-history.ndjson`: which links have been live, who put them there, and whether the service was told. It is bookkeeping: the
// link alone says what is live.
import { open, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { BelayError } from '../../domain/errors.ts';
import type { Instant } from '../../domain/json.ts';
import type { Link } from './link.ts';
import { syncFolder } from './link.ts';

/** What was live before a switch of ours, as the target then said it. */
export interface Before {
  readonly release: string;
  readonly fingerprint: string;
  readonly changedAt: Instant;
  readonly previous: string | null;
}

export type Line =
  /** Written before the link is put in place: it counts when a link of that id is seen. */
  | {
      readonly kind: 'switch';
      readonly at: Instant;
      readonly link: string;
      readonly to: string;
      readonly key: string;
      readonly reason: string;
      readonly before: Before;
    }
  /** The service was told to load the link. */
  | { readonly kind: 'reloaded'; readonly at: Instant; readonly link: string }
  /** Somebody else's link, written when first seen. */
  | { readonly kind: 'seen'; readonly at: Instant; readonly link: string; readonly to: string; readonly from: string | null };
export type SwitchLine = Extract<Line, { kind: 'switch' }>;
export type Origin = Extract<Line, { kind: 'switch' | 'seen' }>;

export interface History {
  readonly lines: readonly Line[];
  /** False when a kill cut the last line. */
  readonly whole: boolean;
}

const file = (root: string): string => join(root, '.belay-history.ndjson');

export async function readHistory(root: string): Promise<History> {
  let text = '';
  try {
    text = await readFile(file(root), 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw unusable(root, cause);
  }
  return historyOf(text);
}

export const historyOf = (text: string): History => ({
  lines: text.split('\n').flatMap(parse),
  whole: text === '' || text.endsWith('\n'),
});

/** A line that a kill cut tells nothing. */
function parse(text: string): readonly Line[] {
  if (text === '') return [];
  try {
    return [JSON.parse(text) as Line];
  } catch {
    return [];
  }
}

/** Durable when it resolves. */
export async function appendHistory(root: string, line: Line, history: History): Promise<void> {
  try {
    const handle = await open(file(root), 'a', 0o644);
    try {
      await handle.write(`${history.whole ? '' : '\n'}${JSON.stringify(line)}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (history.lines.length === 0) await syncFolder(dirname(file(root)));
  } catch (cause) {
    throw unusable(root, cause);
  }
}

function unusable(root: string, cause: unknown): BelayError {
  const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
  return new BelayError(code === 'ENOSPC' ? 'BELAY_DISK_FULL' : 'BELAY_TARGET_UNREACHABLE', `${file(root)} cannot be used (${code})`, {
    hint: 'Belay needs to write in that folder.',
    cause,
  });
}

/** The line that tells how a link came to be live; the last one, because inodes come back. */
export function originOf(history: History, link: Link): Origin | null {
  return (
    history.lines.findLast((line): line is Origin => line.kind !== 'reloaded' && line.link === link.id && line.to === link.release) ?? null
  );
}

export function wasReloaded(history: History, link: Link): boolean {
  return history.lines.some((line) => line.kind === 'reloaded' && line.link === link.id);
}

export function previousOf(origin: Origin): string | null {
  if (origin.kind === 'seen') return origin.from;
  return origin.before.release === origin.to ? origin.before.previous : origin.before.release;
}

/** How an unknown link shall be written down: after the last one that is known to have been live. */
export function seenNow(history: History, link: Link, at: Instant): Extract<Line, { kind: 'seen' }> {
  return { kind: 'seen', at, link: link.id, to: link.release, from: releaseBefore(history, link) };
}

function releaseBefore(history: History, link: Link): string | null {
  const last = history.lines.findLast((line): line is Origin => line.kind !== 'reloaded');
  if (last === undefined) return null;
  // Our switch was prepared and a kill came: whether its link was ever live, nobody can say.
  if (last.kind === 'switch' && !history.lines.some((line) => line.kind === 'reloaded' && line.link === last.link)) return null;
  return last.to === link.release ? previousOf(last) : last.to;
}
