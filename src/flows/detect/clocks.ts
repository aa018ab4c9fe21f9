// The trigger over the clocks of the sources: each source is a scope, its state is that of any trigger, and it never acts.
// What a wrong clock is, domain/clock-skew.ts says.
import { clockCondition } from '../../domain/clock-skew.ts';
import type { Instant } from '../../domain/json.ts';
import type { TriggerView } from '../../domain/trigger.ts';
import { INITIAL, step } from '../../domain/trigger-machine.ts';
import { type Findings, note, WITHOUT_DATA } from './looks.ts';
import type { Book, SourceState } from './track.ts';

/** After a delivery of the source. */
export function lookAtClock({ clock }: Book, source: SourceState, now: Instant, findings: Findings): void {
  if (clock === null || source.lags.length === 0) return;
  const condition = clockCondition(source.lags, source);
  const before = clock.states.get(source.id) ?? INITIAL;
  if (condition === null || (condition.limit === false && before.status === 'ok')) return;
  const trigger = clock.compiled.rule.id;
  const look = { ...WITHOUT_DATA, newAll: 1, condition, at: now, watermark: now, now, ceiling: 'suspect', trigger } as const;
  const { state, transitions } = step(clock.compiled, before, { ...look, sources: [source.id], scope: source.id });
  if (state === before) return;
  clock.states.set(source.id, state);
  note(findings, trigger, source.id, state, transitions);
}

/** One a source that was heard. */
export function clockViews({ clock, sources }: Book, now: Instant): readonly TriggerView[] {
  if (clock === null) return [];
  return [...sources.values()].flatMap((source): readonly TriggerView[] => {
    if (source.knownSince === null) return [];
    const condition = clockCondition(source.lags, source);
    const state = clock.states.get(source.id) ?? INITIAL;
    return [
      {
        trigger: clock.compiled.rule.id,
        scope: source.id,
        status: state.status,
        announced: state.announced,
        // A trouble whose source is silent by now, or was not heard again after a start.
        unknown: condition === null && state.status !== 'ok',
        warming: false,
        episode: state.episode,
        since: state.since,
        value: condition?.value ?? null,
        bad: 0,
        all: 1,
        level: condition?.level ?? 'none',
        overLimit: condition?.limit === true,
        watermark: source.newest,
        lastEvaluatedAt: Math.min(now, source.heardAt),
      },
    ];
  });
}
