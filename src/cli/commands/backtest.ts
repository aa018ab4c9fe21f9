// `belay backtest`: asks a running Belay for what was measured, and replays it here, under the rule as it is written now.
import { SETTABLE, tryRule } from '../../config/try-rule.ts';
import { BelayError } from '../../domain/errors.ts';
import type { IncidentRow } from '../../domain/incident-list.ts';
import type { Instant } from '../../domain/json.ts';
import type { MinuteRow } from '../../domain/minutes.ts';
import type { Replayed } from '../../domain/replay-report.ts';
import type { System } from '../../domain/system.ts';
import { DURATION_FORM, parseDuration } from '../../domain/units.ts';
import { backtest } from '../../flows/rehearse/backtest.ts';
import type { SignalStore } from '../../ports/signal-store.ts';
import { getIncident } from '../api.ts';
import type { Client } from '../client.ts';
import type { Context, Run, Typed } from '../context.ts';
import { listOption, textOption } from '../context.ts';
import { loadConfig } from '../load-config.ts';
import { backtestText, type MatchedEpisode, rehearsalWords, type ShownBacktest } from '../rehearsal-text.ts';
import { clean } from '../text-layout.ts';

const PROGRESS_MS = 1_000;
/** Incidents that are compared with the episodes. */
const MOST_INCIDENTS = 200;
/** An incident this long before or after an episode is not its. */
const NEAR_MS = 10 * 60_000;

export const run: Run = async (context, typed) => {
  const { out, lang, wiring, configDir, reach } = context;
  const id = typed.args[0] ?? '';
  const now = Date.now();
  const [from, to] = [timeOption(typed, 'from', now - 30 * 86_400_000, now), timeOption(typed, 'to', now, now)];
  if (from >= to) throw new BelayError('BELAY_USAGE', '--from must be before --to.', { hint: 'Type for example: --from -7d' });
  const { system: written } = await loadConfig(configDir, wiring, out.say);
  const system = withRule(written, id, listOption(typed, 'set'));
  const client = await reach();
  const org = textOption(typed, 'org');
  const found = await backtest({ system, trigger: id, from, to, org, history: historyOf(client), onProgress: progress(context) });
  const shown = await matched(client, system, found);
  const kind = system.signals.find((one) => one.id === system.triggers.find((rule) => rule.id === id)?.signal)?.signal.kind ?? 'ratio';
  const nameOf = (scope: string): string => system.organizations.find((one) => one.id === scope)?.name ?? scope;
  const { colour, marks, width } = out;
  out.data(shown, () =>
    backtestText(clean(shown), { colour, marks, width, lang, zone: system.zone, kind, nameOf: (scope) => clean(nameOf(scope)) }),
  );
  return undefined;
};

/** A line on stderr that is written again, in a terminal alone. */
function progress({ out, lang }: Context): (share: number) => void {
  let told = Date.now();
  return (share) => {
    if (!out.interactive || Date.now() - told < PROGRESS_MS) return;
    told = Date.now();
    const full = Math.round(share * 20);
    out.say(
      `${out.marks.full.repeat(full)}${out.marks.empty.repeat(20 - full)} ${rehearsalWords(lang).progress(`${Math.round(share * 100)} %`)}`,
    );
  };
}

interface Page {
  readonly next: number | null;
  readonly scopes: readonly string[];
  readonly rows: readonly (readonly [at: number, spanMs: number, scope: number, bad: number, all: number, sum: number])[];
}

function historyOf(client: Client): SignalStore['history'] {
  return async ({ signal, by, scope, from, to }) => {
    const found: MinuteRow[] = [];
    for (let next: number | null = from; next !== null && next < to; ) {
      const query: URLSearchParams = new URLSearchParams({ signal, from: String(next), to: String(to) });
      if (by !== null) query.set('by', by);
      if (scope !== undefined) query.set('scope', scope);
      const page: Page = await client.get<Page>(`/v1/history?${query.toString()}`);
      for (const [at, spanMs, place, bad, all, sum] of page.rows)
        found.push({ at, spanMs, scope: page.scopes[place] ?? '', bad, all, sum });
      next = page.next;
    }
    return found;
  };
}

function timeOption(typed: Typed, name: 'from' | 'to', otherwise: Instant, now: Instant): Instant {
  const text = textOption(typed, name);
  if (text === undefined) return otherwise;
  const ago = text.startsWith('-') ? parseDuration(text.slice(1)) : null;
  if (ago?.ok === true) return now - ago.value;
  const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(at)) return at;
  throw new BelayError('BELAY_USAGE', `--${name} "${text}" is no time.`, {
    hint: `Type -7d, or 2026-12-01T02:00Z with its zone (${DURATION_FORM}).`,
  });
}

/** The rule of belay.yaml, with what was typed instead. */
function withRule(system: System, id: string, sets: readonly string[]): System {
  const rule = system.triggers.find((one) => one.id === id);
  if (rule === undefined) {
    const known = system.triggers.map((one) => one.id).join(', ');
    throw new BelayError('BELAY_NOT_FOUND', `There is no trigger "${id}" in belay.yaml.`, {
      hint: `There are: ${known === '' ? 'none' : known}.`,
    });
  }
  const changed = sets.reduce((before, text) => {
    const [name = '', written = ''] = text.split('=', 2);
    const tried = tryRule(before, name, written);
    if (tried.ok) return tried.rule;
    const what = rule.breach === undefined ? `Trigger ${rule.id} has no breach to change.` : `--set ${text} cannot be read.`;
    throw new BelayError('BELAY_USAGE', what, { hint: `Type --set above=3%; also: ${SETTABLE.join(', ')}.` });
  }, rule);
  return { ...system, triggers: system.triggers.map((one) => (one === rule ? changed : one)) };
}

interface Past {
  readonly id: string;
  readonly since: Instant;
  readonly orgs: 'all' | readonly string[];
}

async function matched(client: Client, system: System, found: Replayed): Promise<ShownBacktest> {
  const { incidents } = await client.get<{ incidents: readonly IncidentRow[] }>('/v1/incidents');
  const inTime = incidents.filter((row) => row.kind === 'real' && row.since >= found.from - NEAR_MS && row.since <= found.to);
  const past: Past[] = [];
  for (const row of inTime.slice(0, MOST_INCIDENTS)) {
    const { incident } = await getIncident(client, row.id);
    if (incident.trigger === found.trigger) past.push({ id: incident.id, since: incident.detectedAt, orgs: incident.scope.orgs });
  }
  const known = new Set(system.organizations.map((one) => one.id));
  const episodes = found.episodes.map((one): MatchedEpisode => {
    const mine = past.find(
      ({ since, orgs }) =>
        since >= one.since - NEAR_MS &&
        since <= (one.endedAt ?? found.to) + NEAR_MS &&
        (orgs === 'all' || one.scope === '' || orgs.includes(one.scope) || !known.has(one.scope)),
    );
    return { ...one, incident: mine?.id ?? null };
  });
  const explained = new Set(episodes.map((one) => one.incident));
  return { ...found, episodes, unmatched: past.filter((one) => !explained.has(one.id)).map((one) => one.id) };
}
