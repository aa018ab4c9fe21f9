// The branch as a list of releases: what runs is a tree, so commits of one tree are one release, named by the oldest of them. A rollback
// is such a commit. It only reads the mirror.
import type { Instant } from '../../domain/json.ts';
import { BRANCH_REF, type Mirror, WINDOW } from './mirror.ts';

export interface Commit {
  readonly sha: string;
  readonly tree: string;
  /** Null: it is the first one. */
  readonly parent: string | null;
  /** When it was made, by the clock of whoever made it. */
  readonly made: Instant;
  /** The same, but never before its parent. */
  readonly at: Instant;
  readonly tags: readonly string[];
  /** Of our own commits: which order made it. */
  readonly key: string | null;
}

export interface History {
  /** The branch, newest first. */
  readonly commits: readonly [Commit, ...Commit[]];
  /** Tagged commits that are not on the branch. */
  readonly elsewhere: readonly Commit[];
}

const FIELD = '\x1f';
const FORMAT = ['%H', '%T', '%P', '%ct', '%D', '%(trailers:key=Belay-Key,valueonly,separator=%x1e)'].join('%x1f');
const OPTIONS = ['-z', '--decorate=full', '--decorate-refs=refs/tags/', `--format=${FORMAT}`];

export async function readHistory(mirror: Mirror): Promise<History> {
  const text = await mirror.said(['log', '--first-parent', `--max-count=${WINDOW}`, ...OPTIONS, '--end-of-options', BRANCH_REF, '--']);
  const [head, ...rest] = inOrder(parse(text));
  if (head === undefined) throw new Error('a branch without a commit');
  const known = new Set([head, ...rest].map((one) => one.sha));
  const tagged = await mirror.said(['log', '--no-walk=unsorted', `--max-count=${WINDOW}`, ...OPTIONS, '--tags', '--']);
  return { commits: [head, ...rest], elsewhere: parse(tagged).filter((one) => !known.has(one.sha)) };
}

/** Names and keys come from strangers: a record that is not of our form is left out. */
export function parse(text: string): readonly Commit[] {
  return text.split('\0').flatMap((record) => {
    const [sha = '', tree = '', parents = '', seconds = '', names = '', keys] = record.replace(/^\n/, '').split(FIELD);
    if (!/^[0-9a-f]{40,64}$/.test(sha) || !/^[0-9a-f]{40,64}$/.test(tree) || !/^\d{1,12}$/.test(seconds) || keys === undefined) return [];
    const tags = names.split(', ').flatMap((name) => /^tag: refs\/tags\/(\S{1,200})$/.exec(name)?.[1] ?? []);
    const key = keys.split('\x1e').at(-1)?.trim() ?? '';
    const made = Number(seconds) * 1_000;
    return [{ sha, tree, parent: parents.split(' ')[0] || null, made, at: made, tags, key: key === '' ? null : key }];
  });
}

/** Clocks of those who commit differ, and many commits fall into one second; the order of the branch does not lie. */
function inOrder(commits: readonly Commit[]): readonly Commit[] {
  let last = Number.NEGATIVE_INFINITY;
  return commits
    .toReversed()
    .map((one) => {
      last = Math.max(one.at, last + 1);
      return { ...one, at: last };
    })
    .toReversed();
}

export interface Found {
  /** What the release is called: the full name of the oldest commit of its tree. */
  readonly release: string;
  readonly tree: string;
  readonly version: string;
  readonly at: Instant;
}

export interface Releases {
  /** Newest first. */
  readonly all: readonly Found[];
  of(commit: Commit): Found;
  /** The release that was on the branch before that of `commits[index]`. */
  before(index: number): Found | null;
}

export function releasesOf({ commits, elsewhere }: History): Releases {
  const byTree = new Map<string, Commit[]>();
  for (const one of [...commits, ...elsewhere]) byTree.set(one.tree, [...(byTree.get(one.tree) ?? []), one]);
  const found = new Map(
    [...byTree].map(([tree, group]) => {
      const oldest = group.findLast((one) => commits.includes(one)) ?? group[0];
      const tag = group.flatMap((one) => one.tags)[0];
      const release = oldest?.sha ?? '';
      return [tree, { release, tree, version: tag ?? release.slice(0, 12), at: oldest?.at ?? 0 }] as const;
    }),
  );
  const of = (commit: Commit): Found => found.get(commit.tree) as Found;
  const all = commits.filter((one) => of(one).release === one.sha).map(of);
  return {
    all,
    of,
    before: (index) => {
      const other = commits.slice(index + 1).find((one) => one.tree !== commits[index]?.tree);
      return other === undefined ? null : of(other);
    },
  };
}

export type Named = { readonly commit: Commit } | { readonly none: 'unknown' | 'ambiguous' };

/** A tag, a full commit or an unambiguous beginning of one. */
export function named(name: string, { commits, elsewhere }: History): Named {
  const all = [...commits, ...elsewhere];
  const exact = all.find((one) => one.sha === name) ?? all.find((one) => one.tags.includes(name));
  if (exact !== undefined) return { commit: exact };
  if (!/^[0-9a-f]{7,64}$/.test(name)) return { none: 'unknown' };
  const [one, two] = all.filter((each) => each.sha.startsWith(name));
  if (one === undefined) return { none: 'unknown' };
  return two === undefined ? { commit: one } : { none: 'ambiguous' };
}

/** It has been on this branch, and is not any more. */
export async function wasThere(mirror: Mirror, sha: string): Promise<boolean> {
  if (!/^[0-9a-f]{40,64}$/.test(sha)) return false;
  const { code, stdout } = await mirror.git(['rev-list', '--reflog', `--max-count=${4 * WINDOW}`]);
  return code === 0 && stdout.includes(sha);
}

export interface Last {
  /** When the branch came to be what it is: a commit may have been made long before it was pushed. */
  readonly at: Instant;
  /** What was at the branch before, where that is not on it any more. */
  readonly from: string | null;
}

/** By what this mirror has seen. */
export async function lastChange(mirror: Mirror, { commits }: History): Promise<Last> {
  const [head] = commits;
  const log = ['log', '-g', '--max-count=2', '--date=unix', '--format=%H %gd', '--end-of-options', BRANCH_REF, '--'];
  const { code, stdout } = await mirror.git(log);
  const [seen, before] = code === 0 ? [...stdout.matchAll(/^([0-9a-f]+) .*@\{(\d+)\}$/gm)] : [];
  const whenOf = (entry: RegExpExecArray): Instant => Number(entry[2]) * 1_000;
  if (seen === undefined) return { at: head.made, from: null };
  // A clock may be ahead: it was here when we saw it.
  const made = Math.min(head.made, whenOf(seen));
  if (before === undefined) return { at: made, from: null };
  const from = before[1] ?? '';
  // Made before we saw the branch as something else: then it came here later than it was made.
  return { at: made < whenOf(before) ? whenOf(seen) : made, from: commits.some((one) => one.sha === from) ? null : from };
}
