// The migration tool of a database on a copy of it, as a run would use it on the real one: the same files, the same program, another address. It judges
// nothing.
import { createHash } from 'node:crypto';
import type { Drill, Migrations, SqlServer } from '../../ports/database.ts';
import type { Copies } from '../../ports/drill.ts';
import { demandReached, type Tool } from './capture.ts';

interface DrillDeps {
  readonly copies: Copies;
  /** The tool on a database of this address; `heard`: it is a program, which has to ask the copy before it may change anything. */
  readonly on: (database: { readonly url: string; readonly server: SqlServer }) => Tool;
  readonly isProgram: boolean;
  /** Asked before anything is copied. @throws BELAY_TARGET_CONFLICT where the release must not be run on a copy */
  readonly demand: (release: string) => Promise<void>;
  /** In which the tool writes down what it has applied: `schema.name`. */
  readonly table: string;
}

export function createDrill({ copies, on, isProgram, demand, table }: DrillDeps): Drill {
  return {
    sweep: () => copies.sweep(),
    use: async ({ production, from }, work) => {
      await demand(from);
      return copies.use(production, async (copy) => {
        const tool = on(copy.database);
        if (isProgram) await demandReached(tool, copy.database, from);
        return work({
          postgres: copy.postgres,
          copiedAt: copy.copiedAt,
          migrations: tool,
          before: () => copy.before(),
          now: () => copy.schemaOf(copy.database.server),
          compare: () => copy.compare(table),
          up: (release, ids) => tool.up(release, ids),
          made: (releases) =>
            copy.empty(async (database) => {
              const there = on(database);
              const found = [];
              for (const release of releases) {
                if (isProgram) await demandReached(there, database, release);
                await there.up(release);
                found.push(await copy.schemaOf(database.server));
              }
              return found;
            }),
        });
      });
    },
  } satisfies Drill;
}

/** For a table as a statement names it. */
export const tableName = (quoted: string): string => {
  const plain = quoted.replaceAll('"', '');
  return plain.includes('.') ? plain : `public.${plain}`;
};

/** Of files of SQL: Belay runs them, as it runs the way back. */
export function filesTool(migrations: Migrations, server: SqlServer): Tool {
  const applied: string[] = [];
  return {
    ...migrations,
    look: async () => undefined,
    up: async (release, ids) => {
      const known = await migrations.known(release);
      for (const { id, up } of known) {
        if (ids === undefined ? applied.includes(id) : !ids.includes(id)) continue;
        await server.change((session) => session.script(up ?? ''), { timeoutMs: UP_MS });
        applied.push(id);
      }
    },
  };
}

const UP_MS = 600_000;

/** Of the text of a migration, there and back. */
export const hashOf = (...texts: readonly (string | null)[]): string =>
  createHash('sha256')
    .update(texts.map((text) => text ?? '').join('\0'))
    .digest('hex');
