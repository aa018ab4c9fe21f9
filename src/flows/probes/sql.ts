// The `sql` probe: one named query of a database, its values beside it. It composes no statement.
import { BelayError } from '../../domain/errors.ts';
import type { JsonObject } from '../../domain/json.ts';
import { findQuery, type NamedQuery, resultOf, takesWindow } from '../../domain/named-query.ts';
import { boundValues, growthOf, rowOf } from '../../domain/query-answer.ts';
import type { Database } from '../../ports/database.ts';
import type { Probe } from '../../ports/probe.ts';
import type { Time } from '../../ports/time.ts';
import { named, textOf } from '../actions/arguments.ts';
import { durationOf, probeOf, unknown } from './probe.ts';

type Databases = Readonly<Record<string, Database>>;

export function sqlProbe(databases: Databases, time: Pick<Time, 'now'> | undefined): Probe {
  const found = (args: JsonObject) => findQuery({ databases: Object.values(databases).map(({ spec }) => spec) }, args);
  const probe = probeOf('sql', async (args, o) => {
    const one = found(args);
    if (one === null) throw noQuery(databases, args);
    const over = windowOf(one.query, args, o?.since === undefined || time === undefined ? null : time.now() - o.since);
    return measure(named(databases, 'database', one.database), one.query, { args, over });
  });
  const resultOfCall = (args: JsonObject) => {
    const query = found(args)?.query;
    return query === undefined ? probe.spec.result : resultOf(query);
  };
  return { ...probe, resultOf: resultOfCall };
}

function noQuery(databases: Databases, args: JsonObject): BelayError {
  const query = textOf(args, 'query');
  const owners = Object.values(databases).filter(({ spec }) => Object.hasOwn(spec.queries, query));
  if (owners.length > 1 && args['database'] === undefined)
    return new BelayError('BELAY_INPUT_INVALID', `${owners.length} databases have a query ${query}`, { hint: 'Give database in `with`.' });
  const names = Object.values(databases).flatMap(({ spec }) => Object.keys(spec.queries));
  return new BelayError('BELAY_NOT_FOUND', `there is no query ${query}`, {
    hint: `Known: ${names.join(', ') || 'none'}. They stand in belay.yaml.`,
  });
}

/** A watch does not look at what was before it. */
function windowOf(query: NamedQuery, args: JsonObject, sinceMs: number | null): number | null {
  const over = durationOf(args, 'over');
  if (over === undefined || !takesWindow(query)) return null;
  return sinceMs === null ? over : Math.max(1, Math.min(over, sinceMs));
}

async function measure(
  { server }: Database,
  query: NamedQuery,
  { args, over }: { readonly args: JsonObject; readonly over: number | null },
): ReturnType<Probe['measure']> {
  const parts =
    over === null
      ? [null]
      : query.growth === undefined
        ? [[over, 0]]
        : [
            [over, 0],
            [over, over / 2],
            [over / 2, 0],
          ];
  const statements = [];
  for (const part of parts) {
    const [fromMsAgo = 0, toMsAgo = 0] = part ?? [];
    const bound = boundValues(query, args, part === null ? null : { fromMsAgo, toMsAgo });
    if (!bound.ok) return unknown(bound.why);
    statements.push({ text: query.text, values: bound.values });
  }
  const rows = (await server.read(statements)).map((table) => rowOf(table, query.gives));
  const broken = rows.find((one) => !one.ok);
  if (broken !== undefined && !broken.ok) return unknown(broken.why);
  const [whole = {}, earlier = {}, later = {}] = rows.map((one) => (one.ok ? one.values : {}));
  if (query.growth === undefined) return { known: true, values: whole };
  const grown = growthOf(whole, query.growth, { earlier, later });
  return grown.ok ? { known: true, values: grown.values } : unknown(grown.why);
}
