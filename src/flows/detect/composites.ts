// Triggers over triggers: looked at after their members, by the members' states alone. There may be a hundred thousand scopes: those that
// are at rest are not gone through.
import { type Condition, lookAtMembers } from '../../domain/condition.ts';
import type { Instant } from '../../domain/json.ts';
import { reportedCondition, stillSaid, wordMs } from '../../domain/people-report.ts';
import type { ScopeKey } from '../../domain/signal.ts';
import type { TriggerStatus } from '../../domain/trigger.ts';
import { INITIAL, type MachineState, step } from '../../domain/trigger-machine.ts';
import type { CompositeTrigger, ManualTrigger } from './dataless.ts';
import { ceilingOf, type Findings, note, WITHOUT_DATA } from './looks.ts';
import type { Book } from './track.ts';
import { isUnknown } from './track.ts';

interface Wanted {
  readonly scope: ScopeKey;
  readonly now: Instant;
}

/** Looked at after their members, at the same watermark. */
export function lookAtComposites(book: Book, now: Instant, findings: Findings): void {
  for (const composite of book.composites.values())
    for (const scope of scopesOf(book, composite)) lookAtComposite(book, composite, { scope, now }, findings);
}

/** Where a member, or the composite itself, is not at rest. */
function scopesOf(book: Book, { members, scope, states }: CompositeTrigger): ReadonlySet<ScopeKey> {
  const scopes = new Set<ScopeKey>(states.keys());
  for (const member of members)
    for (const [one, { status }] of restless(book, member)) if (status !== 'ok') scopes.add(scope === 'org' ? one : '');
  return scopes;
}

/** All states of a member that are not at rest are among these. */
function* restless(book: Book, trigger: string): Generator<readonly [ScopeKey, MachineState]> {
  const found = book.trackOf.get(trigger);
  if (found !== undefined)
    for (const row of found.watcher.active) yield [found.track.scopes[row] ?? '', found.watcher.states[row] ?? INITIAL];
  yield* book.manual.get(trigger)?.states ?? [];
}

function statesOf(book: Book, trigger: string, scope: ScopeKey | null): readonly MachineState[] {
  if (scope === null) return [...restless(book, trigger)].map(([, state]) => state);
  const found = book.trackOf.get(trigger);
  const row = found?.track.rowOf.get(scope);
  const state = row === undefined ? book.manual.get(trigger)?.states.get(scope) : found?.watcher.states[row];
  return state === undefined ? [] : [state];
}

function lookAtComposite(book: Book, composite: CompositeTrigger, { scope, now }: Wanted, findings: Findings): void {
  const { rule } = composite.compiled;
  const before = composite.states.get(scope) ?? INITIAL;
  const { state, transitions } = step(composite.compiled, before, {
    condition: compositeCondition(book, composite, { scope, now }),
    at: now,
    watermark: now,
    now,
    ...WITHOUT_DATA,
    ceiling: ceilingOf(scope, rule.impact !== undefined, before),
    sources: sourcesOf(book, composite, { scope, now }),
    trigger: rule.id,
    scope,
  });
  if (state === before) return;
  composite.states.set(scope, state);
  note(findings, rule.id, scope, state, transitions);
}

/** A member of all organizations counts once, by its worst scope; one that only suspects counts when people were told of it. */
export function compositeCondition(book: Book, composite: CompositeTrigger, wanted: Wanted): Condition {
  return lookAtMembers(
    composite.members.map((member) => statusOf(book, composite, { member, wanted })),
    composite.atLeast,
  );
}

function statusOf(
  book: Book,
  { scope }: CompositeTrigger,
  { member, wanted }: { readonly member: string; readonly wanted: Wanted },
): TriggerStatus | 'unknown' {
  const mine = scope === 'all' ? null : wanted.scope;
  const told = statesOf(book, member, mine).map((state) => toldOf(book.manual.get(member), state, wanted.now));
  if (told.includes('breached')) return 'breached';
  if (told.includes('suspect')) return 'suspect';
  return isBlind(book, member, { scope: mine, now: wanted.now }) ? 'unknown' : 'ok';
}

/** Those of the members that decide: how old or whose the data of the others is says nothing about it. All, where none is in breach. */
function sourcesOf(book: Book, composite: CompositeTrigger, wanted: Wanted): readonly string[] {
  const { members, atLeast } = composite;
  const within = (statuses: readonly string[]): readonly string[] =>
    members.filter((member) => statuses.includes(statusOf(book, composite, { member, wanted })));
  const [breached, told] = [within(['breached']), within(['breached', 'suspect'])];
  const deciding = breached.length >= atLeast ? breached : told.length > 0 ? told : members;
  return [...new Set(deciding.flatMap((member) => [...(book.trackOf.get(member)?.track.fedBy ?? ['manual'])]))];
}

/** People's words, which end no episode by themselves, carry as much as still counts of them. */
function toldOf(manual: ManualTrigger | undefined, state: MachineState, now: Instant): TriggerStatus {
  const { status, announced } = state;
  if (status === 'suspect' && !announced) return 'ok';
  if (manual === undefined || (status !== 'breached' && status !== 'suspect')) return status;
  const { level } = reportedCondition(stillSaid(state, now, wordMs(manual.compiled.rule)));
  return level === 'none' ? 'ok' : level === 'suspect' ? 'suspect' : status;
}

/** Nothing is known of a trigger now: no scope of it (or not this one) has data that is fresh. What nobody ever told of, while data comes, is at rest. */
function isBlind(book: Book, trigger: string, { scope, now }: { readonly scope: ScopeKey | null; readonly now: Instant }): boolean {
  const track = book.trackOf.get(trigger)?.track;
  if (track === undefined) return false;
  const row = scope === null ? undefined : track.rowOf.get(scope);
  if (row !== undefined) return isUnknown(track, row, now);
  if (scope !== null || track.rowOf.size === 0) return track.since === null;
  for (const one of track.rowOf.values()) if (!isUnknown(track, one, now)) return false;
  return true;
}
