// Silences: spans of time in which people want no word and no act about a trigger. One that begins later is a maintenance window.
// Pure: what one covers, what is wrong with a request, what it makes of a transition, what it forbids a decision.
import type { Instant } from './json.ts';
import type { System } from './system.ts';
import { isTold, type Transition } from './trigger.ts';

export interface Silence {
  /** `SIL-1`, `SIL-2`, … */
  readonly id: string;
  /** Null: every trigger. */
  readonly trigger: string | null;
  /** Null: every organization, and what belongs to none. */
  readonly org: string | null;
  readonly from: Instant;
  readonly until: Instant;
  readonly by: string;
  readonly reason: string;
  /** When somebody ended it before its time. */
  readonly ended: { readonly by: string; readonly at: Instant } | null;
}

export type SilenceDraft = Omit<Silence, 'id' | 'ended'>;
export type SilenceRequest = Omit<SilenceDraft, 'by'>;

const DAY_MS = 24 * 3_600_000;
/** One that is longer is forgotten by those who asked for it. */
export const LONGEST_MS = 7 * DAY_MS;
const FARTHEST_MS = 366 * DAY_MS;
const LONGEST_REASON = 1_000;
/** Of those that hold or lie ahead. */
export const MOST_SILENCES = 200;

/** The instant from which on it covers nothing any more; for one that was called off before it began, that instant. */
export const endOf = ({ until, ended }: Silence): Instant => (ended === null ? until : Math.min(until, ended.at));

export const holds = (silence: Silence, now: Instant): boolean => silence.from <= now && now < endOf(silence);

const matches = (silence: Silence, trigger: string, org: string): boolean =>
  (silence.trigger === null || silence.trigger === trigger) && (silence.org === null || silence.org === org);

/** `org` is the scope of the trigger: the empty one belongs to no organization, so that only a silence for all covers it. */
export function covers(silence: Silence, o: { readonly trigger: string; readonly org: string; readonly now: Instant }): boolean {
  return matches(silence, o.trigger, o.org) && holds(silence, o.now);
}

/** The silence after somebody ended it; one that is over already stays as it is. */
export function ended(silence: Silence, by: string, at: Instant): Silence {
  return at >= endOf(silence) ? silence : { ...silence, ended: { by, at } };
}

/** Whole sentences, all of them at once. */
export function silenceProblems(
  request: SilenceRequest,
  system: Pick<System, 'triggers' | 'organizations'>,
  now: Instant,
): readonly string[] {
  return [...subjectProblems(request, system), ...timeProblems(request, now), ...reasonProblems(request.reason)];
}

function subjectProblems(
  { trigger, org }: SilenceRequest,
  { triggers, organizations }: Pick<System, 'triggers' | 'organizations'>,
): string[] {
  const problems: string[] = [];
  const rule = triggers.find((one) => one.id === trigger);
  if (trigger !== null && rule === undefined)
    problems.push(`There is no trigger ${JSON.stringify(trigger)}; there are: ${triggers.map((one) => one.id).join(', ') || 'none'}.`);
  if (org === null) return problems;
  if (rule?.scope === 'all') problems.push(`Trigger ${rule.id} has no organizations: leave the organization out.`);
  // Without a list in belay.yaml the organizations are those that the labels of the samples name.
  else if (org === '' || (organizations.length > 0 && !organizations.some((one) => one.id === org)))
    problems.push(
      `There is no organization ${JSON.stringify(org)}; there are: ${organizations.map((one) => one.id).join(', ') || 'none'}.`,
    );
  return problems;
}

function timeProblems({ from, until }: SilenceRequest, now: Instant): string[] {
  if (!Number.isFinite(from) || !Number.isFinite(until)) return ['A silence needs a beginning and an end.'];
  if (until <= from) return ['A silence must end after it begins.'];
  if (until <= now) return ['This silence would be over already.'];
  if (until - from > LONGEST_MS) return ['A silence lasts 7 days at most. Ask again when it ends.'];
  return from > now + FARTHEST_MS ? ['A silence begins within a year.'] : [];
}

function reasonProblems(reason: string): string[] {
  if (reason.trim() === '') return ['A silence needs a reason, for those who find it.'];
  return reason.length > LONGEST_REASON ? [`The reason is longer than ${LONGEST_REASON} characters.`] : [];
}

/** What is to be done with a transition that nobody has answered: answer it, leave it for later, or let it go without a word. */
export type Turn =
  | { readonly turn: 'now' }
  /** It waited for a silence to end: people learn of it at that instant, as if it had come then. */
  | { readonly turn: 'now'; readonly heldUntil: Instant }
  | { readonly turn: 'later' }
  | { readonly turn: 'never' };

/** One turn for each of the unanswered transitions, which come oldest first. */
export function turnsOf(transitions: readonly Transition[], silences: readonly Silence[], now: Instant): readonly Turn[] {
  const after = new Map<string, { cleared: boolean; told: boolean }>();
  const turns = transitions.toReversed().map((one): Turn => {
    const key = episodeKey(one);
    const later = after.get(key) ?? { cleared: false, told: false };
    after.set(key, { cleared: later.cleared || one.to === 'cleared', told: later.told || isTold(one) });
    return isTold(one) ? turnOf(one, { silences, now, ...later }) : { turn: 'now' };
  });
  return turns.toReversed();
}

/** Transitions of one episode are answered in their order or not at all. */
export const episodeKey = ({ trigger, scope, episode }: Transition): string => JSON.stringify([trigger, scope, episode]);

interface Around {
  readonly silences: readonly Silence[];
  readonly now: Instant;
  /** The same episode has cleared since. */
  readonly cleared: boolean;
  /** A newer transition of the same episode speaks for it. */
  readonly told: boolean;
}

function turnOf(transition: Transition, { silences, now, cleared, told }: Around): Turn {
  const { trigger, scope, observedAt } = transition;
  const holding = silences.filter((one) => matches(one, trigger, scope) && one.from <= now && endOf(one) > Math.min(observedAt, now));
  if (holding.length === 0) return { turn: 'now' };
  if (cleared) return { turn: 'never' };
  if (holding.some((one) => now < endOf(one))) return { turn: 'later' };
  return told ? { turn: 'never' } : { turn: 'now', heldUntil: Math.max(...holding.map(endOf)) };
}

/**
 * What forbids Belay to act alone. A plan for everybody (`org` null) touches each organization: any silence of the trigger counts then.
 * A silence of one of the triggers that it is made of does not hide it from people, but takes its word from what Belay would act on.
 */
export function restrictionsOf(
  silences: readonly Silence[],
  o: {
    readonly trigger: string;
    readonly members: readonly string[];
    readonly scope: string;
    readonly org: string | null;
    readonly now: Instant;
  },
): readonly string[] {
  const { scope, org, now } = o;
  const touches = (one: Silence): boolean =>
    [o.trigger, ...o.members].some(
      (trigger) =>
        covers(one, { trigger, org: scope, now }) || covers(org === null ? { ...one, org: null } : one, { trigger, org: org ?? '', now }),
    );
  return silences.filter(touches).map((one) => `silence ${one.id}`);
}
