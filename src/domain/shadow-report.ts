// The shadow report: what triggers in shadow would have done in some span of time, put together from what was kept. It computes no
// decision again and reads no clock.
import { Episodes, isNearMiss } from './episodes.ts';
import type { GuardVerdict, Locality } from './guardrail.ts';
import type { Instant } from './json.ts';
import type { ShadowChoice, ShadowDecision, ShadowMark, WouldChange } from './shadow.ts';
import type { SignalKind } from './signal.ts';
import type { Transition, TriggerRule } from './trigger.ts';
import type { ShownLimit } from './trigger-list.ts';

/** What people know of an incident that happened, to be laid beside an episode. */
export interface PastIncident {
  readonly id: string;
  readonly since: Instant;
  /** Null: it is still open. */
  readonly endedAt: Instant | null;
  readonly orgs: 'all' | readonly string[];
}

export interface ShadowEpisode {
  readonly trigger: string;
  readonly scope: string;
  readonly episode: string;
  readonly since: Instant;
  readonly endedAt: Instant | null;
  /** The value that was farthest beyond the limit, with its counts. */
  readonly peak: number | null;
  readonly bad: number;
  readonly all: number;
  /** Null: nothing was decided: a silence held it back until it was over, or it is older than this report. */
  readonly choice: ShadowChoice | null;
  readonly reason: string;
  readonly runbook: string | null;
  readonly locality: Locality | null;
  readonly changes: readonly WouldChange[];
  /** The guards that did not pass. */
  readonly inTheWay: readonly GuardVerdict[];
  readonly judgedAt: Instant | null;
  /** The episode that it would have been a part of; null: it would have been an incident of its own. */
  readonly joins: string | null;
  /** The real incident of that time and organization, if there was one. */
  readonly incident: string | null;
  /** The newest word of a person; null: nobody said anything. */
  readonly mark: Pick<ShadowMark, 'verdict' | 'why' | 'by' | 'at'> | null;
}

export interface ShadowSummary {
  readonly trigger: string;
  /** As it is written now. */
  readonly mode: TriggerRule['mode'] | null;
  readonly kind: SignalKind['kind'];
  readonly limit: ShownLimit | null;
  readonly overMs: number | null;
  /** Incidents that it would have made. */
  readonly episodes: number;
  readonly acts: number;
  readonly asks: number;
  readonly refusals: number;
  /** Others that would have been a part of one of these. */
  readonly joined: number;
  readonly undecided: number;
  readonly right: number;
  readonly wrong: number;
}

export interface ShadowPast {
  readonly inverse: boolean;
  readonly transitions: readonly Transition[];
  readonly decisions: readonly ShadowDecision[];
  readonly marks: readonly ShadowMark[];
  readonly incidents: readonly PastIncident[];
  /** Organizations that belay.yaml names: an incident of one of them is none of another. */
  readonly organizations: readonly string[];
  readonly now: Instant;
}

/** An incident this long before or after an episode is not its. */
const NEAR_MS = 10 * 60_000;

/** Those that people would have been told of, in the order of their beginnings. */
export function shadowEpisodes(past: ShadowPast): readonly ShadowEpisode[] {
  const folded = new Episodes(past.inverse);
  for (const transition of past.transitions) folded.add(transition);
  const decided = new Map<string, ShadowDecision[]>();
  for (const one of past.decisions) decided.set(one.episode, [...(decided.get(one.episode) ?? []), one]);
  const marked = new Map(past.marks.map((mark) => [mark.episode, mark]));
  return folded
    .list()
    .filter((one) => !isNearMiss(one))
    .map(({ trigger, scope, episode, since, endedAt, peak, bad, all }) => {
      const mark = marked.get(episode);
      return {
        ...{ trigger, scope, episode, since, endedAt, peak, bad, all },
        ...decisionOf(decided.get(episode) ?? []),
        incident: incidentOf({ scope, since, endedAt }, past),
        mark: mark === undefined ? null : { verdict: mark.verdict, why: mark.why, by: mark.by, at: mark.at },
      };
    });
}

type Decided = Pick<ShadowEpisode, 'choice' | 'reason' | 'runbook' | 'locality' | 'changes' | 'inTheWay' | 'judgedAt' | 'joins'>;

/** It would have acted where it would have at any time of the episode; else its last word counts. */
function decisionOf(decisions: readonly ShadowDecision[]): Decided {
  const one = decisions.find(({ choice }) => choice === 'act') ?? decisions.at(-1);
  if (one === undefined)
    return { choice: null, reason: '', runbook: null, locality: null, changes: [], inTheWay: [], judgedAt: null, joins: null };
  const { choice, reason, runbook, locality, changes, judgedAt, joins, guards } = one;
  const inTheWay = guards.filter(({ answer }) => answer !== 'pass' && answer !== 'not-applicable');
  return { choice, reason, runbook, locality, changes, inTheWay, judgedAt, joins };
}

/** The real incident of that time and organization; null: none. */
export function incidentOf(
  { scope, since, endedAt }: Pick<ShadowEpisode, 'scope' | 'since' | 'endedAt'>,
  { incidents, organizations, now }: Pick<ShadowPast, 'incidents' | 'organizations' | 'now'>,
): string | null {
  const isWide = !organizations.includes(scope);
  const mine = incidents.filter(
    (one) =>
      one.since <= (endedAt ?? now) + NEAR_MS &&
      (one.endedAt ?? now) >= since - NEAR_MS &&
      (one.orgs === 'all' || isWide || one.orgs.includes(scope)),
  );
  const nearest = mine.toSorted((a, b) => Math.abs(a.since - since) - Math.abs(b.since - since))[0];
  return nearest?.id ?? null;
}

type Counts = Pick<ShadowSummary, 'episodes' | 'acts' | 'asks' | 'refusals' | 'joined' | 'undecided' | 'right' | 'wrong'>;

/** An incident would have been one, whatever the number of organizations in it: those that join count once, with the strongest choice. */
export function shadowCounts(episodes: readonly ShadowEpisode[]): Counts {
  const known = new Set(episodes.map((one) => one.episode));
  const heads = new Map<string, ShadowChoice | null>();
  let joined = 0;
  for (const { episode, joins, choice } of episodes) {
    const head = joins !== null && known.has(joins) ? joins : episode;
    if (head !== episode) joined += 1;
    heads.set(head, stronger(heads.get(head) ?? null, choice));
  }
  const having = (choice: ShadowChoice | null): number => [...heads.values()].filter((one) => one === choice).length;
  const said = (verdict: ShadowMark['verdict']): number => episodes.filter(({ mark }) => mark?.verdict === verdict).length;
  const found = { acts: having('act'), asks: having('ask'), refusals: having('refuse'), undecided: having(null) };
  return { episodes: heads.size, ...found, joined, right: said('right'), wrong: said('false') };
}

const STRENGTH: readonly (ShadowChoice | null)[] = [null, 'refuse', 'ask', 'act'];

const stronger = (a: ShadowChoice | null, b: ShadowChoice | null): ShadowChoice | null =>
  STRENGTH.indexOf(a) >= STRENGTH.indexOf(b) ? a : b;
