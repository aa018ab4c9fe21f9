// A backtest with all that a screen shows of it: the rule as it is written and one that is tried, each replayed, then the lines of the worst
// scopes. It is made for a process that does nothing else.
import type { Instant } from '../../domain/json.ts';
import { MINUTE_MS, type MinuteRow } from '../../domain/minutes.ts';
import {
  KEPT,
  type Replayed,
  type ReplayReport,
  replayReport,
  type ScopeLine,
  scopeLine,
  scopeTotals,
} from '../../domain/replay-report.ts';
import { hasSeries } from '../../domain/series.ts';
import type { System } from '../../domain/system.ts';
import type { TriggerRule } from '../../domain/trigger.ts';
import type { ReplayOrder, ReplayReports } from '../../ports/replays.ts';
import type { SignalStore } from '../../ports/signal-store.ts';
import { backtest } from './backtest.ts';
import { triggersOf } from './stand-in.ts';

export interface ReplayDeps {
  readonly history: SignalStore['history'];
  readonly onProgress: (share: number) => void;
}

/** Of a rule's own part: the rest of it is for the lines. */
const REPLAY_SHARE = 0.95;
/** Minutes of a scope that are read at once. */
const READ_MS = 7 * 24 * 60 * MINUTE_MS;

/** @throws BELAY_NOT_FOUND, BELAY_USAGE, BELAY_STORE_UNAVAILABLE */
export async function replay(order: ReplayOrder, { history, onProgress }: ReplayDeps): Promise<ReplayReports> {
  const { system, tried } = order;
  const part = tried === null ? 1 : 0.5;
  const written = await replayOne(order, { history, onProgress: (share) => onProgress(share * part) });
  if (tried === null) return { written, tried: null };
  const changed = { ...system, triggers: system.triggers.map((rule) => (rule.id === tried.id ? tried : rule)) };
  const second = await replayOne({ ...order, system: changed }, { history, onProgress: (share) => onProgress(part + share * part) });
  return { written, tried: second };
}

async function replayOne(order: ReplayOrder, { history, onProgress }: ReplayDeps): Promise<ReplayReport> {
  const { org, ...rest } = order;
  const found = await backtest({
    ...rest,
    ...(org === null ? {} : { org }),
    history,
    onProgress: (share) => onProgress(share * REPLAY_SHARE),
  });
  const lines = await linesOf(order, found, history);
  onProgress(1);
  return replayReport(found, lines);
}

/** Of the worst scopes; without an episode of the one that was asked for, or of the whole system. */
async function linesOf(
  { system, trigger, org }: ReplayOrder,
  found: Replayed,
  history: ReplayDeps['history'],
): Promise<readonly ScopeLine[]> {
  const rule = system.triggers.find((one) => one.id === trigger);
  const spec = system.signals.find((one) => one.id === rule?.signal);
  if (rule?.breach === undefined || spec === undefined || !hasSeries(spec.signal.kind)) return [];
  const { overMs } = rule.breach;
  const worst = scopeTotals(found.episodes, found.to).map((one) => one.scope);
  const calm = rule.scope === 'org' ? (org === null ? [] : [org]) : [''];
  const { gaps, from, to } = found;
  const lines: ScopeLine[] = [];
  for (const scope of [...new Set([...worst.slice(0, KEPT.lines), ...calm])]) {
    const rows = await minutesOf(history, { signal: spec.id, by: rule.scope === 'org' ? spec.by : null, scope, from, to });
    lines.push(scopeLine(rows, { scope, from, to, gaps, kind: spec.signal.kind, overMs, inverse: isInverse(rule) }));
  }
  return lines;
}

const isInverse = ({ breach }: TriggerRule): boolean => breach?.above === undefined && breach?.below !== undefined;

interface Asked {
  readonly signal: string;
  readonly by: string | null;
  readonly scope: string;
  readonly from: Instant;
  readonly to: Instant;
}

async function minutesOf(history: ReplayDeps['history'], { signal, by, scope, from, to }: Asked): Promise<readonly MinuteRow[]> {
  const rows: MinuteRow[] = [];
  for (let at = from; at < to; at += READ_MS) {
    const only = by === null ? {} : { scope };
    for (const row of await history({ signal, by, ...only, from: at, to: Math.min(to, at + READ_MS) })) rows.push(row);
  }
  return rows;
}

/** What a replay needs of a system: no address of a source or a channel goes along, no secret, no person. */
export function replaySystem(system: System, trigger: string): System {
  return {
    ...system,
    components: [],
    targets: [],
    switches: [],
    people: [],
    channels: [],
    audiences: [],
    templates: {},
    sources: system.sources.map(({ id, everyMs }) => ({ id, driver: 'push', everyMs })),
    triggers: triggersOf(system, trigger),
  };
}
