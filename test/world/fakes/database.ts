// A database with migrations in memory: each release knows a list of names, and somebody else can migrate at any time. Its queries give
// what the test says.
import type { DatabaseSpec } from '../../../src/domain/database-catalog.ts';
import { BelayError } from '../../../src/domain/errors.ts';
import type { Database, MigrationState, SqlTable } from '../../../src/ports/database.ts';

export interface FakeDatabaseOptions {
  readonly known: Readonly<Record<string, readonly string[]>>;
  readonly applied: readonly string[];
  readonly target?: string;
  /** What began and did not end. */
  readonly unfinished?: readonly string[];
  readonly files?: Readonly<Record<string, string>>;
}
export interface FakeDatabase extends Database {
  /** Somebody else's migration. */
  migrate(...applied: readonly string[]): void;
  /** Somebody else settles one that began and did not end. */
  settled(id: string, as: MigrationState): void;
  /** Which files have run. */
  readonly ran: readonly string[];
}

export function createFakeDatabase(o: FakeDatabaseOptions): FakeDatabase {
  let applied = [...o.applied];
  const ran: string[] = [];
  const states: Record<string, MigrationState> = Object.fromEntries((o.unfinished ?? []).map((id) => [id, 'unfinished' as const]));
  let why: string | null = null;
  const isDone = (): SqlTable => ({ columns: [{ name: 'applied', type: 16 }], rows: [[ran.length > 0 ? 't' : 'f']] });
  const names = Object.keys(o.files ?? {});
  const spec: DatabaseSpec = {
    id: 'crm',
    driver: 'postgres',
    ...(o.target === undefined ? {} : { target: o.target }),
    url: 'postgres://belay@127.0.0.1/crm',
    timeoutMs: 1_000,
    queries: { done: { text: 'select true as applied', places: [], parameters: {}, gives: { applied: 'bool' } } },
    files: Object.fromEntries(names.map((name) => [name, { path: `${name}.sql`, applied: 'done' }])),
  };
  return {
    spec,
    ran,
    migrate: (...more) => {
      applied = [...applied, ...more];
    },
    settled: (id, as) => {
      states[id] = as;
    },
    server: {
      read: async (statements) => statements.map(isDone),
      change: (work) =>
        work({
          ask: async ({ text }) => (text.includes('lock') ? { columns: [], rows: [] } : isDone()),
          script: async (sql) => {
            ran.push(sql);
            return 0;
          },
        }),
    },
    parse: async () => [],
    freeze: {
      read: async () => ({ frozen: why !== null, why }),
      set: async (on, reason) => {
        why = on ? reason : null;
      },
    },
    file: async (name) => ({ text: o.files?.[name] ?? '', hash: `hash of ${o.files?.[name] ?? ''}` }),
    migrations: {
      compareAndSet: 'native',
      boot: 'unknown',
      known: async (release) => {
        const ids = o.known[release];
        if (ids === undefined) throw new BelayError('BELAY_NOT_FOUND', `release ${release} is gone`);
        return ids.map((id) => ({ id, up: null, down: null, reversible: !id.includes('one-way') }));
      },
      applied: async () => applied,
      down: async ({ revert, expected }) => {
        if (applied.join() !== expected.join()) throw new BelayError('BELAY_TARGET_CONFLICT', 'somebody was quicker');
        applied = applied.filter((id) => !revert.includes(id));
      },
      settling: {
        state: async (id) => states[id] ?? (applied.includes(id) ? 'applied' : 'absent'),
        settle: async ({ id, as }) => {
          if (states[id] !== 'unfinished') throw new BelayError('BELAY_TARGET_CONFLICT', 'somebody was quicker');
          states[id] = as;
        },
      },
    },
  };
}
