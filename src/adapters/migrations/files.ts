// Migrations that are files of SQL: Belay itself runs the way back, in one transaction with the line in the table of the tool, so that
// they agree whatever happens in between. For tools that bring no way back (Prisma, Supabase, Drizzle) the files are the user's own.
import { createHash } from 'node:crypto';
import type { DatabaseSpec } from '../../domain/database-catalog.ts';
import { BelayError } from '../../domain/errors.ts';
import type { Migration } from '../../domain/migrations.ts';
import type { Migrations, SqlServer, SqlSession } from '../../ports/database.ts';
import { type Artefact, byName } from './artefact.ts';
import { hashOf } from './drill.ts';
import { drizzleLayout } from './drizzle.ts';
import type { Layout, MigrationFile } from './layout.ts';
import { columnOf, quoted, readColumn } from './table.ts';

type FilesSpec = Extract<DatabaseSpec, { driver: 'sql-files' | 'prisma' | 'supabase' | 'drizzle' }>;

export function createFileMigrations(spec: FilesSpec, deps: { readonly artefact: Artefact; readonly server: SqlServer }): Migrations {
  const { artefact, server } = deps;
  const layout = layoutOf(spec);
  const known = async (release: string): Promise<readonly Migration[]> => {
    const files = await layout.files(artefact, release);
    return Promise.all(
      files.map(async ({ id, up, down }) => {
        const [there, back] = await Promise.all([artefact.text(release, up), artefact.text(release, down)]);
        return { id, up: there, down: back, reversible: (back ?? '').trim() !== '', hash: hashOf(there, back) };
      }),
    );
  };
  const asKnown = async (release: string, written: readonly string[]): Promise<readonly string[]> => {
    const files = await layout.files(artefact, release);
    return namesOf(files, written);
  };
  return {
    compareAndSet: 'native',
    boot: layout.boot,
    known,
    applied: async (by) => {
      if (layout.unfinished !== undefined) refuseUnfinished(spec, await readColumn(server, layout.table, layout.unfinished));
      return asKnown(by, await readColumn(server, layout.table, layout.select));
    },
    down: async ({ from, revert, expected }) => {
      const [scripts, files] = [new Map((await known(from)).map((one) => [one.id, one.down])), await layout.files(artefact, from)];
      await server.change(async (session) => {
        await session.ask({ text: LOCK, values: [lockOf(spec.id)] });
        await session.script(`lock table ${layout.table} in share row exclusive mode`);
        if (layout.unfinished !== undefined) refuseUnfinished(spec, columnOf(await session.ask({ text: layout.unfinished, values: [] })));
        const written = columnOf(await session.ask({ text: layout.select, values: [] }));
        const now = namesOf(files, written);
        if (now.join('\n') !== expected.join('\n')) throw new BelayError('BELAY_TARGET_CONFLICT', `${spec.id} has other migrations by now`);
        for (const id of revert)
          await revertOne(session, { script: scripts.get(id) ?? null, id, layout, written: written[now.indexOf(id)] ?? id });
      });
    },
  };
}

/** What the table has, as the release calls it; what it does not know keeps its own name. */
function namesOf(files: readonly MigrationFile[], written: readonly string[]): readonly string[] {
  const ids = new Map(files.flatMap((one) => one.written.map((name) => [name, one.id] as const)));
  return written.map((name) => ids.get(name) ?? name);
}

/** @throws BELAY_TARGET_UNREACHABLE (effect none) */
function refuseUnfinished({ id }: FilesSpec, names: readonly string[]): void {
  if (names.length === 0) return;
  throw new BelayError(
    'BELAY_TARGET_UNREACHABLE',
    `${id}: ${names.join(', ')} began and did not finish: what of it is there is not known`,
    {
      effect: 'none',
      hint: 'Wait for it, or look at what it did and write that down: a step do db.resolve, or prisma migrate resolve --applied NAME, or --rolled-back NAME.',
    },
  );
}

const LOCK = 'select pg_advisory_xact_lock($1::bigint)';
/** The same number for everybody who migrates this database through Belay. */
const lockOf = (id: string): string => String(createHash('sha256').update(`belay:migrations:${id}`).digest().readInt32BE(0));

async function revertOne(
  session: SqlSession,
  o: { readonly script: string | null; readonly id: string; readonly layout: Layout; readonly written: string },
): Promise<void> {
  if (o.script === null) throw new BelayError('BELAY_ACT_FAILED', `no way back is written for ${o.id}`);
  await session.script(o.script);
  await session.ask({ text: o.layout.forget, values: [o.written] });
}

function layoutOf(spec: FilesSpec): Layout {
  switch (spec.driver) {
    case 'sql-files':
      return sqlFiles(spec);
    case 'prisma':
      return prisma(spec);
    case 'supabase':
      return supabase(spec);
    case 'drizzle':
      return drizzleLayout(spec);
  }
}

/** `1_a.up.sql` with `1_a.down.sql`, or `1_a.sql` with `1_a.down.sql`, or a folder `1_a/` with both; the table may hold the number alone. */
function sqlFiles(spec: Extract<FilesSpec, { driver: 'sql-files' }>): Layout {
  const table = quoted(spec.id, 'table', spec.table);
  const column = quoted(spec.id, 'column', spec.column);
  return {
    table,
    select: `select ${column}::text from ${table} order by length(regexp_replace(${column}::text, '\\D.*$', '')), ${column}::text`,
    forget: `delete from ${table} where ${column}::text in ($1::text, substring($1::text from '^\\d+'))`,
    files: async (artefact, release) => {
      const names = await artefact.list(release, spec.migrations);
      const ids = new Set(names.flatMap((name) => /^(.+?)(?:\.up\.sql|\.sql|\/)$/.exec(name.replace(/\.down\.sql$/, ''))?.[1] ?? []));
      const at = (name: string): string => `${spec.migrations}/${name}`;
      return [...ids]
        .toSorted(byName)
        .map((id) =>
          names.includes(`${id}/`)
            ? { id, up: at(`${id}/up.sql`), down: at(`${id}/down.sql`), written: [id] }
            : { id, up: at(names.includes(`${id}.up.sql`) ? `${id}.up.sql` : `${id}.sql`), down: at(`${id}.down.sql`), written: [id] },
        );
    },
    boot: 'unknown',
  };
}

/** Prisma has no way back of its own: `down.sql` beside `migration.sql` is one. The line is kept and marked, as its own repair does. */
function prisma(spec: Extract<FilesSpec, { driver: 'prisma' }>): Layout {
  return {
    table: '_prisma_migrations',
    select: `select migration_name from _prisma_migrations where rolled_back_at is null and finished_at is not null order by started_at, migration_name`,
    unfinished: `select migration_name from _prisma_migrations where rolled_back_at is null and finished_at is null order by started_at, migration_name`,
    forget: `update _prisma_migrations set rolled_back_at = now() where migration_name = $1::text and rolled_back_at is null`,
    files: async (artefact, release) => {
      const names = await artefact.list(release, spec.migrations);
      return names.flatMap((name) => {
        const [id, folder] = [name.slice(0, -1), `${spec.migrations}/${name}`];
        return name.endsWith('/') ? [{ id, up: `${folder}migration.sql`, down: `${folder}down.sql`, written: [id] }] : [];
      });
    },
    boot: 'starts-blindly',
  };
}

/** Files of the way back lie beside the folder, in `rollbacks`: inside, the CLI would take them for migrations. */
function supabase(spec: Extract<FilesSpec, { driver: 'supabase' }>): Layout {
  const table = 'supabase_migrations.schema_migrations';
  return {
    table,
    select: `select version from ${table} order by version`,
    forget: `delete from ${table} where version = $1::text`,
    files: async (artefact, release) => {
      const names = (await artefact.list(release, spec.migrations)).filter((name) => /^\d+_.*\.sql$/.test(name));
      const rollbacks = spec.migrations.replace(/[^/]+\/?$/, 'rollbacks');
      return names.map((name) => {
        const id = name.slice(0, -'.sql'.length);
        return { id, up: `${spec.migrations}/${name}`, down: `${rollbacks}/${name}`, written: [/^\d+/.exec(id)?.[0] ?? id] };
      });
    },
    boot: 'starts-blindly',
  };
}
