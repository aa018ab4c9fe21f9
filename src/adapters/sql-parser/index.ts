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
  return {
    parse: async (sql) => {
      if (sql.length > LONGEST || sql.includes('\0')) return null;
      loading ??= load();
      return statementsOf(await loading, sql);
    },
  } satisfies SqlParser;
}

function statementsOf(module: Pick<typeof import('libpg-query'), 'parseSync'>, sql: string): readonly Json[] | null {
  // The parser takes an empty text for a mistake.
  if (sql.replace(/--[^\n]*|\/\*[\s\S]*?\*\/|;/g, '').trim() === '') return [];
  try {
    const { stmts = [] } = module.parseSync(sql) as unknown as { readonly stmts?: readonly { readonly stmt?: Json }[] };
    return stmts.map(({ stmt }) => stmt ?? null);
  } catch (error) {
    // What Postgres could not read it would refuse: nobody knows what was meant.
    if (error instanceof Error) return null;
    throw error;
  }
}
