// Messages of intakes in Postgres: one row each, in the order in which they came, with counts beside them that are moved in the same statement.
import type { Breaker, LineBreaker } from '../../domain/breaker.ts';
import { ALL_LINES, type IntakeMessage, type IntakeStatus, TRIES_OF_WRONG } from '../../domain/intake.ts';
import type { Digest } from '../../ports/digest.ts';
import type { IntakeStore, Line } from '../../ports/intake-store.ts';
import type { Database } from './connection.ts';
import { fenceOf } from './fence.ts';

const ADD = `with new as (
    insert into belay.intake (intake, line, id, at, method, rest, headers, body) values ($1, $2, $3, $4, $5, $6, $7, $8)
    on conflict (intake, line, id) do nothing returning 1
  ), counted as (
    insert into belay.intake_count (intake, line, received) select $1, $2, 1 from new
    on conflict (intake, line) do update set received = belay.intake_count.received + 1
  ) select count(*)::int as stored from new`;

const IS_HELD = `exists (select from belay.intake_hold h where h.intake = m.intake and h.line in (m.line, '${ALL_LINES}'))`;

const take = (which: string): string => `update belay.intake set tries = tries + 1, tried_at = $3
  where seq = (select seq from belay.intake m where intake = $1 and line = $2 and state = 0 and not ${IS_HELD} ${which} limit 1)
  returning seq::float8 as seq, intake, line, id, at, method, rest, headers, body, tries`;
const TAKE = take('order by seq');
const TAKE_BEHIND = take(`and seq > $4 order by (tries >= ${TRIES_OF_WRONG}), seq`);

const PUT_BACK = `with back as (
    update belay.intake set state = 0, tries = 0, done_at = null, said = '' where intake = $1 and ($2 = '${ALL_LINES}' or line = $2) and state = 2
    returning line
  ) update belay.intake_count c set aside = c.aside - b.n from (select line, count(*) as n from back group by line) b
  where c.intake = $1 and c.line = b.line`;

/** `column` of the counts goes up by one, once for each message. */
const done = (state: 1 | 2, column: 'delivered' | 'aside', lets: string): string => `with gone as (
    update belay.intake set state = ${state}, tried_at = null, done_at = $2${lets} where seq = $1 and state = 0 returning intake, line
  ) update belay.intake_count c set ${column} = ${column} + 1 from gone where c.intake = gone.intake and c.line = gone.line`;
const DELIVERED = done(1, 'delivered', `, body = '', headers = '{}', said = ''`);
const ASIDE = done(2, 'aside', ', said = $3');

const STATUS = `select coalesce(sum(received), 0)::float8 as received, coalesce(sum(delivered), 0)::float8 as delivered,
    coalesce(sum(aside), 0)::float8 as aside,
    (select count(*)::int from belay.intake m where m.intake = $1 and ($2 = '${ALL_LINES}' or m.line = $2) and state = 0) as waiting,
    (select min(at) from belay.intake m where m.intake = $1 and ($2 = '${ALL_LINES}' or m.line = $2) and state = 0) as oldest,
    (select max(tried_at) from belay.intake m where m.intake = $1 and ($2 = '${ALL_LINES}' or m.line = $2) and state = 0) as under_way,
    exists (select from belay.intake_hold h where h.intake = $1 and h.line in ($2, '${ALL_LINES}')) as held
  from belay.intake_count where intake = $1 and ($2 = '${ALL_LINES}' or line = $2)`;

const KEEP_BREAKER = `insert into belay.intake_breaker (intake, line, breaker) values ($1, $2, $3)
  on conflict (intake, line) do update set breaker = excluded.breaker`;

type TakenRow = Omit<IntakeMessage, 'body'> & { readonly body: Buffer; readonly [column: string]: unknown };

interface StatusRow {
  readonly received: number;
  readonly delivered: number;
  readonly aside: number;
  readonly waiting: number;
  readonly oldest: number | null;
  readonly under_way: number | null;
  readonly held: boolean;
  readonly [column: string]: unknown;
}

export function createIntakeStore(database: Database, digest: Digest): IntakeStore {
  // Whoever holds a line waits for those that are taking from it: afterwards nobody has taken without having seen the hold.
  const fence = fenceOf(digest, 'intake-holds');
  const taken = (sql: string, values: readonly (string | number)[]): Promise<IntakeMessage | null> =>
    database.transact(
      async (client) => {
        const { rows } = await client.query<TakenRow>(sql, [...values]);
        const [row] = rows;
        // Postgres' own texts hold no U+0000; a message may.
        return row === undefined ? null : { ...row, body: row.body.toString('utf8') };
      },
      { shared: fence },
    );
  return {
    add: async ({ intake, line, id, at, method, rest, headers, body }) => {
      const values = [intake, line, id, at, method, rest, JSON.stringify(headers), Buffer.from(body, 'utf8')];
      const [row] = await database.query<{ stored: number }>(ADD, values);
      return row?.stored === 1 ? 'stored' : 'known';
    },
    ready: () =>
      database.query<Line & Record<string, unknown>>(`select distinct intake, line from belay.intake m where state = 0 and not ${IS_HELD}`),
    waiting: async () => {
      const rows = await database.query<{ intake: string; waiting: number }>(
        'select intake, count(*)::int as waiting from belay.intake where state = 0 group by intake',
      );
      return Object.fromEntries(rows.map((row) => [row.intake, row.waiting]));
    },
    take: ({ intake, line }, at) => taken(TAKE, [intake, line, at]),
    takeBehind: ({ seq, intake, line }, at) => taken(TAKE_BEHIND, [intake, line, at, seq]),
    delivered: async ({ seq }, at) => void (await database.query(DELIVERED, [seq, at])),
    failed: async ({ seq }, said) =>
      void (await database.query('update belay.intake set tried_at = null, said = $2 where seq = $1 and state = 0', [seq, said])),
    setAside: async ({ seq }, at, said) => void (await database.query(ASIDE, [seq, at, said])),
    putBack: async ({ intake, line }) => void (await database.query(PUT_BACK, [intake, line])),
    hold: ({ intake, line }, { by, at }) =>
      database.transact(
        async (client) => {
          const values = [intake, line, by, at];
          await client.query('insert into belay.intake_hold (intake, line, by, at) values ($1, $2, $3, $4) on conflict do nothing', values);
        },
        { fence },
      ),
    release: async ({ intake, line }) =>
      void (await database.query('delete from belay.intake_hold where intake = $1 and line = $2', [intake, line])),
    status: async ({ intake, line }) => statusOf(await database.query<StatusRow>(STATUS, [intake, line])),
    breakers: () => database.query<LineBreaker & Record<string, unknown>>('select intake, line, breaker from belay.intake_breaker'),
    keepBreaker: async ({ intake, line }, breaker: Breaker) =>
      void (await database.query(KEEP_BREAKER, [intake, line, JSON.stringify(breaker)])),
    forget: async (intake, before) =>
      void (await database.query('delete from belay.intake where intake = $1 and state = 1 and done_at < $2', [intake, before])),
  } satisfies IntakeStore;
}

function statusOf([row]: readonly StatusRow[]): IntakeStatus {
  return {
    received: row?.received ?? 0,
    delivered: row?.delivered ?? 0,
    aside: row?.aside ?? 0,
    waiting: row?.waiting ?? 0,
    oldestAt: row?.oldest ?? null,
    held: row?.held ?? false,
    underWayAt: row?.under_way ?? null,
  };
}
