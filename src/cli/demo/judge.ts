// Judges a story from what the service answered, what the customers saw and what the incident's log says. Pure: three lists in, figures
// out. Where something has not happened (yet) the figure is null.
import type { Event } from '../../domain/event.ts';
import type { Instant } from '../../domain/json.ts';
import type { TriggerRule } from '../../domain/trigger.ts';
import type { Asked, Served } from './log-lines.ts';
import type { Scenario } from './story.ts';
import { firstTruth } from './truth.ts';

export interface StoryFacts {
  readonly scenario: Scenario;
  readonly served: readonly Served[];
  readonly asked: readonly Asked[];
  /** Of the incident, oldest first. */
  readonly events: readonly Event[];
  readonly rule: Pick<TriggerRule, 'breach' | 'evidence'>;
}

export interface Timings {
  /** From the first moment at which the rule truly held to the breach being written into the incident. */
  readonly detectMs: number | null;
  /** To the decision. */
  readonly decideMs: number | null;
  /** To the first good answer of the old release (of the old flow, for the organization). */
  readonly actMs: number | null;
  /** To the end of the watch: resolved. */
  readonly proveMs: number | null;
  /** From the first moment at which the rule truly held to resolved. */
  readonly totalMs: number | null;
}
export interface BeforeAfter {
  readonly before: string | null;
  readonly after: string | null;
}
export interface Judgement {
  readonly timings: Timings;
  /** As the customers saw them, up to resolved. */
  readonly requests: { readonly total: number; readonly failed: number; readonly failedOtherOrgs: number };
  readonly release?: BeforeAfter;
  readonly flow?: BeforeAfter;
}

export function judgeStory(facts: StoryFacts): Judgement {
  const { scenario, asked, events } = facts;
  const org = orgOf(events);
  const truth = truthOf(facts, org);
  const moments = momentsOf(events);
  const changed = beforeAfter(facts, org, truth, moments.proven);
  const good = firstGood(facts, org, changed.after, moments.decided);
  const between = (from: Instant | null, to: Instant | null): number | null => (from === null || to === null ? null : to - from);
  return {
    timings: {
      detectMs: between(truth, moments.recorded),
      decideMs: between(moments.recorded, moments.decided),
      actMs: between(moments.decided, good),
      proveMs: between(good, moments.proven),
      totalMs: between(truth, moments.proven),
    },
    requests: countRequests(asked, org, moments.proven),
    ...(scenario === 'deploy' ? { release: changed } : { flow: changed }),
  };
}

/** The one organization of the incident, or null when it is about all. */
function orgOf(events: readonly Event[]): string | null {
  const declared = find(events, 'incident.declared');
  const orgs = declared?.data.orgs ?? 'all';
  return orgs === 'all' ? null : (orgs[0] ?? null);
}

function truthOf({ served, rule }: StoryFacts, org: string | null): Instant | null {
  const orgs = org === null ? [...new Set(served.map((one) => one.org))] : [org];
  const truths = orgs.map((one) => firstTruth(served, one, rule)).filter((at) => at !== null);
  return truths.length === 0 ? null : Math.min(...truths);
}

interface Moments {
  readonly recorded: Instant | null;
  readonly decided: Instant | null;
  readonly proven: Instant | null;
}

/** When Belay wrote things down, not the times that it says they were at. */
function momentsOf(events: readonly Event[]): Moments {
  const declared = find(events, 'incident.declared');
  const breached = find(events, 'trigger.changed', (event) => event.data.transition.to === 'breached');
  const recorded = declared === undefined || breached === undefined ? null : Math.max(declared.observedAt, breached.observedAt);
  const decided = find(events, 'decision.made', (event) => event.data.choice === 'act') ?? find(events, 'decision.made');
  const proven = find(events, 'phase.entered', (event) => event.data.to === 'resolved');
  return { recorded, decided: decided?.observedAt ?? null, proven: proven?.observedAt ?? null };
}

type Of<T extends Event['type']> = Extract<Event, { type: T }>;

function find<T extends Event['type']>(
  events: readonly Event[],
  type: T,
  wanted: (event: Of<T>) => boolean = () => true,
): Of<T> | undefined {
  return events.find((event): event is Of<T> => event.type === type && wanted(event as Of<T>));
}

/** What served when the rule came true, and what serves at the end. */
function beforeAfter({ scenario, served }: StoryFacts, org: string | null, truth: Instant | null, proven: Instant | null): BeforeAfter {
  const concerned = org === null ? served : served.filter((one) => one.org === org);
  const name = (one: Served | undefined): string | null => (one === undefined ? null : scenario === 'deploy' ? one.release : one.flow);
  const before = truth === null ? undefined : concerned.findLast((one) => one.t <= truth);
  return { before: name(before), after: name(concerned.findLast((one) => proven === null || one.t <= proven)) };
}

function firstGood({ scenario, served }: StoryFacts, org: string | null, after: string | null, decided: Instant | null): Instant | null {
  if (decided === null || after === null) return null;
  const isGood = (one: Served): boolean =>
    one.status < 400 && (scenario === 'deploy' ? one.release : one.flow) === after && (org === null || one.org === org);
  return served.find((one) => one.t >= decided && isGood(one))?.t ?? null;
}

function countRequests(asked: readonly Asked[], org: string | null, proven: Instant | null): Judgement['requests'] {
  const counted = asked.filter((one) => proven === null || one.sent <= proven);
  const failed = counted.filter((one) => one.status === null || one.status >= 400);
  return {
    total: counted.length,
    failed: failed.length,
    failedOtherOrgs: org === null ? 0 : failed.filter((one) => one.org !== org).length,
  };
}
