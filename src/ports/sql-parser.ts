// The trees of SQL statements, as Postgres itself reads them.
import type { Json } from '../domain/json.ts';

export interface SqlParser {
  /** In order; null for a text that Postgres would refuse, or that is too long. */
  parse(sql: string): Promise<readonly Json[] | null>;
  /** The same, each with its own part of the text. */
  split(sql: string): Promise<readonly { readonly text: string; readonly tree: Json }[] | null>;
}
