// Answers what a signal counted by the minute, in pages that stay small whatever the number of organizations.
import { BelayError } from '../domain/errors.ts';
import type { Instant } from '../domain/json.ts';
import { HEARD, MINUTE_MS, type MinuteRow } from '../domain/minutes.ts';
import type { ReadWorld } from './snapshot.ts';

/** A page ends with the first step that fills it. */
const PAGE_ROWS = 20_000;
const FIRST_STEP_MS = 5 * MINUTE_MS;
const LONGEST_STEP_MS = 6 * 3_600_000;
const MOST_MS = 400 * 86_400_000;

export interface HistoryQuery {
  readonly trigger?: string | undefined;
  readonly signal?: string | undefined;
  readonly by?: string | undefined;
  readonly scope?: string | undefined;
  readonly from: Instant;
  readonly to?: Instant | undefined;
}

export async function history(world: ReadWorld, query: HistoryQuery) {
  const { signal, by } = asked(world, query);
  const { from, scope } = query;
  const to = Math.min(query.to ?? Infinity, world.time.now(), from + MOST_MS);
  const only = scope === undefined ? {} : { scope };
  const rows: MinuteRow[] = [];
  let at = from;
  for (let stepMs = FIRST_STEP_MS; at < to && rows.length < PAGE_ROWS; ) {
    const end = Math.min(to, at + stepMs);
    const found = await world.signals.history({ signal, by, ...only, from: at, to: end });
    rows.push(...found);
    at = end;
    stepMs = found.length * 4 < PAGE_ROWS ? Math.min(LONGEST_STEP_MS, stepMs * 2) : Math.max(MINUTE_MS, stepMs / 2);
  }
  const scopes = [...new Set(rows.map((row) => row.scope))];
  const index = new Map(scopes.map((name, place) => [name, place]));
  return {
    signal,
    by,
    from,
    to: Math.max(from, at),
    next: at < to ? at : null,
    scopes,
    rows: rows.map((row) => [row.at, row.spanMs, index.get(row.scope) ?? 0, row.bad, row.all, row.sum] as const),
  };
}

/** @throws BELAY_USAGE, BELAY_NOT_FOUND */
function asked({ system }: ReadWorld, query: HistoryQuery): { readonly signal: string; readonly by: string | null } {
  if ((query.trigger === undefined) === (query.signal === undefined))
    throw new BelayError('BELAY_USAGE', 'A history is of a trigger or of a signal.', {
      hint: `Give trigger=…, or signal=… (${HEARD}: who was heard).`,
    });
  if (query.signal !== undefined) return { signal: query.signal, by: query.by ?? null };
  const rule = system.triggers.find((one) => one.id === query.trigger);
  const spec = system.signals.find((one) => one.id === rule?.signal);
  if (rule === undefined || spec === undefined)
    throw new BelayError('BELAY_NOT_FOUND', `there is no trigger ${query.trigger ?? ''}`, { hint: 'See which there are: belay status' });
  return { signal: spec.id, by: rule.scope === 'org' ? spec.by : null };
}
