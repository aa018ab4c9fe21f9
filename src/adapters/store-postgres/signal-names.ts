// Numbers for the names that pages speak of. They are given by the database and remembered here, until it says that names were taken away.
import { assert } from '../../domain/assert.ts';
import type { Database } from './connection.ts';

/** Held shared by whoever writes numbers into a page, and alone by whoever takes names away: none is taken that is just being written. */
export const NAMES_LOCK = 23_530n;

interface Known {
  readonly name: string;
  readonly id: number;
  /** What came behind it the last time: rows keep their order, and comparing is far cheaper than looking up. */
  next: Known | null;
}

export class SignalNames {
  readonly #database: Database;
  #known = new Map<string, Known>();
  #last: Known | null = null;
  #epoch = '-1';

  constructor(database: Database) {
    this.#database = database;
  }

  /** How often names were taken away, as far as this process knows. */
  get epoch(): string {
    return this.#epoch;
  }

  /** 0 where none was learned. */
  readonly idOf = (name: string): number => {
    const guess = this.#last?.next ?? null;
    if (guess !== null && guess.name === name) {
      this.#last = guess;
      return guess.id;
    }
    const known = this.#known.get(name) ?? null;
    if (this.#last !== null && known !== null) this.#last.next = known;
    this.#last = known;
    return known?.id ?? 0;
  };

  /** Afterwards `idOf` knows all of these. */
  async learn(missing: ReadonlySet<string>): Promise<void> {
    if (this.#epoch === '-1') this.#epoch = await epochOf(this.#database);
    const wanted = [...missing];
    // Two statements: what another process gives a number at this very moment is seen by the second one.
    await this.#database.query(
      'insert into belay.signal_name (name) select one from unnest($1::text[]) one order by one on conflict (name) do nothing',
      [wanted],
    );
    const rows = await this.#database.query<{ id: string; name: string }>(
      'select id, name from belay.signal_name where name = any($1::text[])',
      [wanted],
    );
    // The very texts that were asked for: whoever asks again asks with them, and they are compared at a glance.
    const own = new Map(wanted.map((name) => [name, name]));
    for (const { id, name } of rows) this.#known.set(own.get(name) ?? name, { name: own.get(name) ?? name, id: Number(id), next: null });
    assert(rows.length === wanted.length, 'a name was given a number and has none');
  }

  /** Names were taken away by somebody: all numbers are asked for again. */
  forget(): void {
    this.#known = new Map();
    this.#last = null;
    this.#epoch = '-1';
  }
}

const epochOf = async (database: Database): Promise<string> =>
  (await database.query<{ names: string }>('select names from belay.signal_horizon'))[0]?.names ?? '0';
