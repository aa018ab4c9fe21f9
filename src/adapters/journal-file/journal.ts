// The journal outside Postgres: append-only NDJSON, one file a month, on disk before `append` resolves.
// It fails closed: after a write whose fate is unknown it takes nothing more until it is opened again.
import type { FileHandle } from 'node:fs/promises';
import { mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { BelayError } from '../../domain/errors.ts';
import type { JournalDraft, JournalLine } from '../../domain/journal.ts';
import type { Digest } from '../../ports/digest.ts';
import type { Journal } from '../../ports/journal.ts';
import type { Time } from '../../ports/time.ts';
import type { Content, Month } from './files.ts';
import { allLines, fileOfMonth, linesOfKey, readJournal } from './files.ts';
import { KeyIndex } from './key-index.ts';
import type { Head } from './lines.ts';
import { EMPTY, seal } from './lines.ts';
import type { WriterLock } from './writer-lock.ts';
import { lockForWriting } from './writer-lock.ts';

export type JournalFile = Journal & { readonly close: () => Promise<void> };
export type JournalReader = Omit<Journal, 'append'>;
interface Deps {
  readonly digest: Digest;
  readonly time: Pick<Time, 'now'>;
}

/**
 * Opens `dir` for writing: locks it, verifies all lines, cuts a torn tail and notes that.
 * @throws BELAY_JOURNAL_TAMPERED, BELAY_STORE_LOCKED, BELAY_AUDIT_UNAVAILABLE
 */
export async function openJournalFile(o: { readonly dir: string; readonly mostLines?: number }, deps: Deps): Promise<JournalFile> {
  const lock = await prepare(o.dir);
  try {
    const keys = new KeyIndex(o.mostLines);
    const content = await readJournal(o.dir, deps.digest, (line) => keys.add(line));
    const writer = new JournalWriter(o.dir, deps.digest, lock, { content, keys });
    await cutTornTail(o.dir, content, writer, deps);
    return writer satisfies JournalFile;
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** For other processes (`belay evidence verify`): locks, cuts and creates nothing; reads the files anew at every call. */
export function readJournalFile(o: { readonly dir: string }, deps: Pick<Deps, 'digest'>): JournalReader {
  const read = (): Promise<readonly JournalLine[]> => allLines(o.dir, deps.digest);
  return {
    all: read,
    ofKey: async (key) => (await read()).filter((line) => line.key === key),
    head: async () => (await readJournal(o.dir, deps.digest, () => undefined)).head,
  } satisfies JournalReader;
}

async function prepare(dir: string): Promise<WriterLock> {
  try {
    const made = await mkdir(dir, { recursive: true, mode: 0o700 });
    if (made !== undefined) await syncDirectory(dirname(made));
    return await lockForWriting(dir);
  } catch (error) {
    throw asUnavailable(error, dir);
  }
}

async function cutTornTail(dir: string, content: Content, writer: JournalWriter, deps: Deps): Promise<void> {
  if (content.last === null || content.last.goodBytes === content.last.bytes) return;
  const file = await open(join(dir, content.last.name), 'r+');
  const torn = Buffer.alloc(content.last.bytes - content.last.goodBytes);
  try {
    await file.read(torn, 0, torn.length, content.last.goodBytes);
    await file.truncate(content.last.goodBytes);
    await file.datasync();
  } finally {
    await file.close();
  }
  const note = `cut ${torn.length} bytes that a crash left behind line ${content.head.seq}: sha256 of them as text ${deps.digest.ofText(torn.toString('latin1'))}`;
  await writer.append({ ...ABOUT_ITSELF, at: deps.time.now(), note });
}

const ABOUT_ITSELF = {
  kind: 'observed',
  run: '',
  incident: '',
  step: '',
  attempt: 0,
  key: 'journal',
  target: 'journal',
  expected: '',
  desired: null,
  effect: 'none',
  actor: 'belay',
} as const satisfies Omit<JournalDraft, 'at'>;

interface Waiting {
  readonly draft: JournalDraft;
  readonly done: (line: JournalLine) => void;
  readonly failed: (error: unknown) => void;
}

class JournalWriter implements JournalFile {
  readonly #dir: string;
  readonly #digest: Digest;
  readonly #lock: WriterLock;
  /** Bounded, however long the journal and this life are. */
  readonly #keys: KeyIndex;
  readonly #older: Month[];
  #head: Head = EMPTY;
  #name: string;
  #file: FileHandle | null = null;
  #bytes = 0;
  #waiting: Waiting[] = [];
  #flushing: Promise<void> | null = null;
  #broken: BelayError | null = null;

  constructor(dir: string, digest: Digest, lock: WriterLock, o: { readonly content: Content; readonly keys: KeyIndex }) {
    this.#dir = dir;
    this.#digest = digest;
    this.#lock = lock;
    this.#name = o.content.last?.name ?? '';
    this.#bytes = o.content.last?.goodBytes ?? 0;
    this.#older = [...o.content.older];
    this.#keys = o.keys;
    this.#head = o.content.head;
  }

  append(draft: JournalDraft): Promise<JournalLine> {
    return new Promise((done, failed) => {
      this.#waiting.push({ draft, done, failed });
      this.#flushing ??= this.#flushAll();
    });
  }

  async ofKey(key: string): Promise<readonly JournalLine[]> {
    const known = this.#keys.linesOf(key);
    if (known !== null) return known;
    // What is being written in this moment is not acknowledged yet.
    const months = [...this.#older, { name: this.#name, bytes: this.#bytes }];
    try {
      return await linesOfKey(this.#dir, this.#digest, { key, months });
    } catch (error) {
      throw asUnavailable(error, this.#dir);
    }
  }

  async all(): Promise<readonly JournalLine[]> {
    return allLines(this.#dir, this.#digest);
  }

  async head(): Promise<Head> {
    return this.#head;
  }

  async close(): Promise<void> {
    await this.#flushing;
    this.#broken ??= new BelayError('BELAY_AUDIT_UNAVAILABLE', `the journal in ${this.#dir} is closed`);
    await this.#file?.close();
    this.#file = null;
    await this.#lock.release();
  }

  /** Group commit: whatever came while the disk was busy goes with the next write. */
  async #flushAll(): Promise<void> {
    // One turn later, so that appends of the same moment share one fdatasync.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      try {
        const lines = this.#sealAll(group.map((waiting) => waiting.draft));
        await this.#write(lines);
        for (const [index, waiting] of group.entries()) waiting.done(lines[index] as JournalLine);
      } catch (error) {
        for (const waiting of group) waiting.failed(asUnavailable(error, this.#dir));
      }
    }
    this.#flushing = null;
  }

  #sealAll(drafts: readonly JournalDraft[]): JournalLine[] {
    let head = this.#head;
    return drafts.map((draft) => {
      const line = seal(draft, head, this.#digest);
      head = { seq: line.seq, hash: line.hash };
      return line;
    });
  }

  async #write(lines: readonly JournalLine[]): Promise<void> {
    if (this.#broken !== null) throw this.#broken;
    if (!this.#lock.isHeld()) throw this.#break(`the writer's lock in ${this.#dir} is gone: another process may be writing`);
    const file = await this.#fileFor(Math.max(...lines.map((line) => line.at)));
    const bytes = Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(''), 'utf8');
    try {
      await writeFully(file, bytes);
    } catch (error) {
      await this.#takeBack(file, error);
      throw error;
    }
    try {
      await file.datasync();
    } catch (error) {
      // The kernel may have dropped the pages: nobody knows what is on the disk.
      throw this.#break(`fdatasync failed: ${String(error)}`, error);
    }
    this.#bytes += bytes.length;
    this.#remember(lines, lines.at(-1) ?? this.#head);
  }

  /** A full disk takes part of a line: cut it off, so that the next append continues a whole chain. */
  async #takeBack(file: FileHandle, cause: unknown): Promise<void> {
    try {
      await file.truncate(this.#bytes);
      await file.datasync();
    } catch {
      this.#break(`a partly written line could not be taken back: ${String(cause)}`, cause);
    }
  }

  #break(message: string, cause?: unknown): BelayError {
    this.#broken = new BelayError('BELAY_AUDIT_UNAVAILABLE', message, { hint: 'Check the disk, then restart Belay.', cause });
    return this.#broken;
  }

  /** Never an older month than the newest file, so that files and chain have one order even when the clock goes back. */
  async #fileFor(at: number): Promise<FileHandle> {
    const month = fileOfMonth(at);
    const isLater = month > this.#name;
    const name = isLater ? month : this.#name;
    if (this.#file !== null && name === this.#name) return this.#file;
    const file = await open(join(this.#dir, name), 'a', 0o600);
    await syncDirectory(this.#dir);
    const { size } = await file.stat();
    const before = this.#file;
    if (isLater) this.#older.push({ name: this.#name, bytes: this.#bytes });
    // Together: whoever reads beside must never take the length of one file for that of another.
    [this.#file, this.#name, this.#bytes] = [file, name, size];
    await before?.close();
    return file;
  }

  #remember(lines: readonly JournalLine[], head: Head): void {
    for (const line of lines) this.#keys.add(line);
    this.#head = { seq: head.seq, hash: head.hash };
  }
}

async function writeFully(file: FileHandle, bytes: Buffer): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    written += (await file.write(bytes, written, bytes.length - written)).bytesWritten;
  }
}

async function syncDirectory(dir: string): Promise<void> {
  const handle = await open(dir, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function asUnavailable(error: unknown, dir: string): unknown {
  if (BelayError.is(error) || !(error instanceof Error) || (error as NodeJS.ErrnoException).code === undefined) return error;
  const { code } = error as NodeJS.ErrnoException;
  const hint =
    code === 'ENOSPC' || code === 'EDQUOT' ? `Free space on the disk of ${dir}.` : `Check the rights on ${dir} and the disk below it.`;
  return new BelayError('BELAY_AUDIT_UNAVAILABLE', `the journal in ${dir} cannot be used: ${error.message}`, { hint, cause: error });
}
