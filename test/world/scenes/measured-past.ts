// Minutes that were measured, for backtests: two organizations, one of them twice in trouble, and a time of which nothing is known.
import { HEARD_KEY, MINUTE_MS, slotKey } from '../../../src/domain/minutes.ts';
import type { SignalStore, SlotRow } from '../../../src/ports/signal-store.ts';

export interface MeasuredPast {
  readonly to: number;
  readonly minutes: number;
  /** Minutes before `to`, from the first to the last: nobody watched. */
  readonly away?: readonly [number, number];
  /** Of an organization the bad ones of 600 requests, `minutes` before `to`. */
  bad(org: string, minute: number): number;
  readonly orgs?: readonly string[];
}

export async function measuredPast(store: SignalStore, o: MeasuredPast): Promise<void> {
  const { to, minutes, away = [0, 0], orgs = ['acme', 'globex'] } = o;
  const key = slotKey('http.errors', 'org', 300_000);
  const slots: SlotRow[] = [];
  for (let minute = minutes; minute > 0; minute -= 1) {
    if (minute <= away[0] && minute > away[1]) continue;
    const slot = Math.floor(to / MINUTE_MS) * MINUTE_MS - minute * MINUTE_MS;
    for (const scope of ['', 'app']) slots.push({ signal: HEARD_KEY, scope, slot, bad: 0, all: 1, sum: 0 });
    for (const scope of orgs) slots.push({ signal: key, scope, slot, bad: o.bad(scope, minute), all: 600, sum: 0 });
  }
  await store.commit({ slots, series: [], states: [], transitions: [] });
}
