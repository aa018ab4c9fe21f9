// The trees of SQL statements, as Postgres itself reads them.
import type { Json } from '../domain/json.ts';

export interface SqlParser {
  /** In order; null for a text that Postgres would refuse, or that is too long. */
  parse(sql: string): Promise<readonly Json[] | null>;
}
