// What a tool whose migrations are files of SQL has: the table that it writes down, and the files of a release. It runs nothing.
import type { Migrations } from '../../ports/database.ts';
import type { Artefact } from './artefact.ts';

export interface MigrationFile {
  readonly id: string;
  readonly up: string;
  readonly down: string;
  /** What the table may call it. */
  readonly written: readonly string[];
}

export interface Layout {
  /** Of the table, quoted. */
  readonly table: string;
  /** Gives what is applied, oldest first. */
  readonly select: string;
  /** Gives what began and did not end, where the tool writes that down: nobody knows what of it the database has. */
  readonly unfinished?: string;
  /** Takes the line of `$1`, as the table calls it, back. */
  readonly forget: string;
  /** Of a release, oldest first. */
  files(artefact: Artefact, release: string): Promise<readonly MigrationFile[]>;
  readonly boot: Migrations['boot'];
}
