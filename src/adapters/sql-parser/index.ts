// Postgres' own parser, as WebAssembly: a text of SQL becomes the trees of its statements. It runs nothing and judges nothing.
import type { Json } from '../../domain/json.ts';
import type { SqlParser } from '../../ports/sql-parser.ts';

/** Longer files are not migrations that somebody has read. */
const LONGEST = 1_000_000;

export function createSqlParser(): SqlParser {
  // Loaded with the first text: 1.2 MB that most commands do not need.
  let loading: Promise<typeof import('libpg-query')> | null = null;
  const load = async () => {
    const module = await import('libpg-query');
    await module.loadModule();
    return module;
  };
  const split: SqlParser['split'] = async (sql) => {
    if (sql.length > LONGEST || sql.includes('\0')) return null;
    loading ??= load();
    return statementsOf(await loading, sql);
  };
  return { split, parse: async (sql) => (await split(sql))?.map(({ tree }) => tree) ?? null } satisfies SqlParser;
}

interface Raw {
  readonly stmt?: Json;
  /** In bytes; none for the first one's place and the last one's length. */
  readonly stmt_location?: number;
  readonly stmt_len?: number;
}

function statementsOf(module: Pick<typeof import('libpg-query'), 'parseSync'>, sql: string): Awaited<ReturnType<SqlParser['split']>> {
  // The parser takes an empty text for a mistake.
  if (sql.replace(/--[^\n]*|\/\*[\s\S]*?\*\/|;/g, '').trim() === '') return [];
  try {
    const { stmts = [] } = module.parseSync(sql) as unknown as { readonly stmts?: readonly Raw[] };
    const bytes = Buffer.from(sql);
    return stmts.map(({ stmt = null, stmt_location: from = 0, stmt_len: length }) => {
      const text = bytes.toString('utf8', from, length === undefined ? bytes.length : from + length);
      return { text: text.trim().replace(/;$/, ''), tree: stmt };
    });
  } catch (error) {
    // What Postgres could not read it would refuse: nobody knows what was meant.
    if (error instanceof Error) return null;
    throw error;
  }
}
