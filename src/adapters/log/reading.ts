// One reading: which files it goes through, in which order, and where it ends. It follows rotation; it keeps nothing but what was told.
import { basename, dirname, join } from 'node:path';
import type { Instant } from '../../domain/json.ts';
import type { Rotated } from './files.ts';
import { areSame, findRotated, isCompressed, openLog, openSame, rotatedAfter, rotatedOf } from './files.ts';
import type { Budget, Line } from './lines.ts';
import { endOf, readLines } from './lines.ts';
import type { Reader } from './meaning.ts';
import type { LogFile, Place, Position } from './place.ts';
import { beginningOf, placeInFile } from './place.ts';
import type { LabelSets } from './tally.ts';
import { Tally } from './tally.ts';

const MOST_BYTES = 8 * 1_024 * 1_024;

/** What a life remembers beside the cursor: it may be forgotten at any time. */
export interface Memory {
  /** The file whose loss was told already. */
  toldOf: number;
  /** Where the file before the last rotation was found. */
  before: Rotated | null;
}

interface ReadingDeps {
  readonly path: string;
  readonly start: 'end' | 'beginning';
  readonly reader: Reader;
  readonly sets: LabelSets;
  readonly withNumber: boolean;
  readonly now: Instant;
  readonly isOver: () => boolean;
  readonly memory: Memory;
}

interface Stand extends Position {
  readonly now: Place;
}

export class Reading {
  readonly tally: Tally;
  readonly #deps: ReadingDeps;
  readonly #budget: Budget;

  constructor(deps: ReadingDeps) {
    this.#deps = deps;
    this.#budget = { bytes: MOST_BYTES, spent: false, isOver: deps.isOver };
    this.tally = new Tally(deps.sets, deps);
  }

  /** There is more to read than this reading may. */
  get isBehind(): boolean {
    return this.#budget.spent;
  }

  /** @returns where it ended, or why it could not be read */
  async from(position: Position | null): Promise<Position | string> {
    const current = await openLog(this.#deps.path);
    try {
      return position === null ? await this.#first(current) : await this.#on(current, position);
    } finally {
      await current?.handle.close();
    }
  }

  /** A file that is born later is new from its first line on. */
  async #first(current: LogFile | null): Promise<Position> {
    if (current === null) return { now: null, before: null };
    const now = this.#deps.start === 'end' ? await endOf(current) : await this.#through(current, beginningOf(current));
    return { now, before: null };
  }

  async #on(current: LogFile | null, position: Position): Promise<Position | string> {
    const before = position.before === null ? null : await this.#late(position.before);
    const { now } = position;
    if (this.isBehind) return { now, before };
    if (now === null) return { now: current === null ? null : await this.#through(current, beginningOf(current)), before };
    const place = current === null ? null : await placeInFile(current, now);
    if (current === null || place === null) return this.#rotated(current, { now, before });
    return { now: await this.#through(current, place), before };
  }

  /** What somebody wrote into the file before the last rotation, after it. Null when it is gone. */
  async #late(place: Place): Promise<Place | null> {
    const { path, memory } = this.#deps;
    let found = memory.before === null ? null : await openSame(path, memory.before, place);
    if (found === null) {
      const names = await rotatedOf(path);
      if (names === null) return place;
      found = await findRotated(path, names, place);
      if (found === null && !(await isAtRest(path, names))) return place;
    }
    memory.before = found?.as ?? null;
    return found === null ? null : this.#toEnd(found.file, found.place);
  }

  async #rotated(current: LogFile | null, { now, before }: Stand): Promise<Position | string> {
    const { path } = this.#deps;
    const names = await rotatedOf(path);
    // The next reading will find them at rest.
    if (names === null) return { now, before };
    const found = await findRotated(path, names, now);
    if (found === null) {
      // While nothing is there, it may come back.
      if (current === null || !(await isAtRest(path, names))) return { now, before };
      if (!this.#mayLose(now)) return lossOf(path, names);
      return { now: await this.#through(current, beginningOf(current)), before: null };
    }
    const rest = await this.#toEnd(found.file, found.place);
    if (this.isBehind) return { now: rest, before };
    return this.#between(current, { now: rest, before }, [found.as, ...rotatedAfter(names, found.as)]);
  }

  /** Through the files that came and went since the last reading, to the one that is there now. The first name is that of `now`. */
  async #between(current: LogFile | null, from: Stand, names: readonly Rotated[]): Promise<Position | string> {
    const { path } = this.#deps;
    let { now, before } = from;
    let last = names[0];
    for (const name of names.slice(1)) {
      if (isCompressed(name)) {
        if (!this.#mayLose(now)) return lossOf(path, names);
        continue;
      }
      const file = await openLog(join(dirname(path), name.name));
      if (file === null || last === undefined || !(await isNamed(path, last, now))) {
        // They have begun to move.
        await file?.handle.close();
        return { now, before };
      }
      if (file.id === current?.id) {
        await file.handle.close();
        break;
      }
      before = now;
      now = await this.#toEnd(file, beginningOf(file));
      last = name;
      if (this.isBehind) return { now, before };
    }
    return current === null ? { now, before } : { now: await this.#through(current, beginningOf(current)), before: now };
  }

  /** Told once as trouble; after that it is counted, and reading goes on behind it. */
  #mayLose({ file }: Place): boolean {
    const { memory } = this.#deps;
    if (memory.toldOf === file) {
      this.tally.lostRotations += 1;
      return true;
    }
    memory.toldOf = file;
    return false;
  }

  async #toEnd(file: LogFile, place: Place): Promise<Place> {
    try {
      return await this.#through(file, place);
    } finally {
      await file.handle.close();
    }
  }

  #through(file: LogFile, place: Place): Promise<Place> {
    return readLines(file, place, this.#budget, (lines) => this.#take(lines));
  }

  #take(lines: readonly Line[]): number {
    const meant = this.#deps.reader.read(lines);
    let taken = 0;
    for (const meaning of meant) {
      if (this.tally.isFull) break;
      this.tally.add(meaning);
      taken += 1;
    }
    return taken;
  }
}

/** What moved since it was listed is not gone. */
async function isAtRest(path: string, names: readonly Rotated[]): Promise<boolean> {
  const again = await rotatedOf(path);
  return again !== null && areSame(names, again);
}

async function isNamed(path: string, name: Rotated, place: Place): Promise<boolean> {
  const found = await openSame(path, name, place);
  await found?.file.handle.close();
  return found !== null;
}

function lossOf(path: string, names: readonly Rotated[]): string {
  const packed = names.filter(isCompressed).map(({ name }) => name);
  const why = packed.length === 0 ? 'that file is gone' : `compressed files cannot be read (${packed.slice(0, 3).join(', ')})`;
  return `${basename(path)} was rotated before it was read to its end: ${why}`;
}
