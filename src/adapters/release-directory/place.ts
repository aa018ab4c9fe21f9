// Where a release directory lies, here or on another host: the few things that are done to its files, each with the same promises in both
// places. It says nothing of when they are done.
import type { ProcessSighting } from '../../ports/process.ts';
import type { History, Line, SwitchLine } from './history.ts';
import type { Link } from './link.ts';

export interface Seen {
  readonly link: Link;
  /** Read after the link: a switch of ours stands in it before its link is live. */
  readonly history: History;
  readonly frozen: boolean;
  /** What the pid file names, if it is provably still that process; null when there is none, undefined when no pid file is configured. */
  readonly process: ProcessSighting | null | undefined;
  /** Empty where nobody asked. */
  readonly folders: readonly Folder[];
}

export interface Folder {
  readonly name: string;
  readonly changedAt: number;
  readonly isEmpty: boolean;
  /** Of the files that were asked for, those that it has. */
  readonly has: readonly string[];
}

export interface Change {
  readonly seen: Seen;
  /** What is to be live; it may be already. */
  readonly release: string;
  /** What is written of the switch, but for its link; null: the link names the release already, and only the service is told. */
  readonly line: Omit<SwitchLine, 'link'> | null;
}

/** All of it throws BELAY_TARGET_UNREACHABLE (effect none) where the place cannot be read. */
export interface Place {
  /** For people: a path, behind the name of its host where it is not here. */
  readonly name: string;
  /** Of one release, for people. */
  artefact(release: string): string;
  /** `wanted`: the folders of releases, too, and which of these files each has. */
  see(wanted?: readonly string[]): Promise<Seen>;
  /** Durable when it resolves. */
  note(line: Line, history: History): Promise<void>;
  /** Everything of `work` stands under the lock, at the latest when it changes something. */
  underLock<T>(work: (change: (o: Change) => Promise<void>) => Promise<T>): Promise<T>;
  /** A FREEZE that is there stays as it is: it may be somebody else's, with their reason. */
  freeze(on: boolean, note: { readonly who: string; readonly why: string; readonly at: string }): Promise<void>;
  changedFiles(from: string, to: string, within: readonly string[]): Promise<readonly string[]>;
  text(release: string, path: string): Promise<string | null>;
}
