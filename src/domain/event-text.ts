// Events, phases, guards and clocks as sentences in the reader's language. The log itself holds no sentence.
import type { Event, EventData, EventType } from './event.ts';
import type { GuardId, GuardVerdict } from './guardrail.ts';
import type { ClockState, Phase, StepStatus } from './incident.ts';
import type { Severity } from './ir.ts';
import type { Instant } from './json.ts';
import type { DeliveryState } from './message.ts';
import type { Lang } from './system.ts';
import { en } from './text/en.ts';
import { guardFacts } from './text/guard-facts.ts';
import { GUARD_REASONS } from './text/guard-reasons.ts';
import { ptBR } from './text/pt-BR.ts';
import type { Say, Texts } from './text/texts.ts';
import { formatDuration, formatShare, formatTime } from './time-text.ts';

export { formatDuration } from './time-text.ts';

const TEXTS: Readonly<Record<Lang, Texts>> = { en, 'pt-BR': ptBR };

/**
 * One event as a sentence. Instants inside it (deadlines, promises) are shown only when a zone is given.
 * @example describeEvent(event, 'en') // 'Phase mitigated (was responding), on a contingency'
 */
export function describeEvent(event: Pick<Event, 'type' | 'data'>, lang: Lang, o: { readonly zone?: string } = {}): string {
  const text = TEXTS[lang].events[event.type] as (data: EventData[EventType], say: Say) => string;
  return text(event.data, sayIn(lang, o.zone));
}

function sayIn(lang: Lang, zone: string | undefined): Say {
  return {
    duration: (ms) => formatDuration(ms, lang),
    share: (fraction) => formatShare(fraction, lang),
    time: (word, at) => (zone === undefined ? '' : ` ${word} ${formatTime(at, { lang, zone })}`),
    list: (items) => listOf(items, lang),
  };
}

export function listOf(items: readonly string[], lang: Lang): string {
  return new Intl.ListFormat(lang, { type: 'conjunction' }).format(items);
}

export function phaseWord(phase: Phase, lang: Lang): string {
  return TEXTS[lang].phases[phase];
}

export function severityWord(severity: Severity, lang: Lang): string {
  return TEXTS[lang].severities[severity];
}

export function stepStatusWord(status: StepStatus, lang: Lang): string {
  return TEXTS[lang].stepStatuses[status];
}

export function deliveryStateWord(state: DeliveryState, lang: Lang): string {
  return TEXTS[lang].deliveryStates[state];
}

/** The question of a guard, its answer, why, and the plain facts that it was answered from. */
export function guardText(verdict: GuardVerdict, lang: Lang): string {
  const texts = TEXTS[lang];
  // A question is no measurement that failed: what is asked is what the reader needs.
  if (verdict.reason === 'ask' && typeof verdict.facts['ask'] === 'string')
    return `${verdict.guard}: ${texts.guardAsks(verdict.facts['ask'])}`;
  const question = Object.hasOwn(texts.guards, verdict.guard) ? ` ${texts.guards[verdict.guard as GuardId]}` : '';
  const reason = Object.hasOwn(GUARD_REASONS[lang], verdict.reason) ? GUARD_REASONS[lang][verdict.reason] : verdict.reason;
  const why = [reason, ...guardFacts(verdict, lang)].filter((part) => part !== '').join(', ');
  return `${verdict.guard}:${question} ${texts.guardAnswers[verdict.answer]}${why === '' ? '' : ` (${why})`}`;
}

/** Where a clock stands at `now`. */
export function clockText(clock: ClockState, now: Instant, lang: Lang): string {
  const say = TEXTS[lang].clock;
  const end = clock.stoppedAt ?? now;
  if (end > clock.deadline) {
    const by = formatDuration(end - clock.deadline, lang);
    return clock.stoppedAt === undefined ? say.late(clock.id, by) : say.stoppedLate(clock.id, by);
  }
  if (clock.stoppedAt !== undefined) return say.met(clock.id, formatDuration(clock.stoppedAt - clock.startedAt, lang));
  return say.running(clock.id, formatDuration(clock.deadline - now, lang));
}
