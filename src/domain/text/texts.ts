// What a language must be able to say. A word missing in one language is a compile error.
import type { EventData, EventType } from '../event.ts';
import type { GuardAnswer, GuardId } from '../guardrail.ts';
import type { Phase, StepStatus } from '../incident.ts';
import type { Severity } from '../ir.ts';
import type { Instant, Json } from '../json.ts';
import type { DeliveryState } from '../message.ts';
import type { TriggerStatus } from '../trigger.ts';

/** How a text says what depends on the reader: spans of time, and instants where the caller gave a zone. */
export interface Say {
  duration(ms: number): string;
  share(fraction: number): string;
  /** Empty without a zone; ` word 14:35 GMT-3` with one. */
  time(word: string, at: Instant): string;
  list(items: readonly string[]): string;
}

const MOST_SAID = 300;

/** What a person wrote, as a part of a sentence. */
export function said(value: Json | undefined): string {
  const text = typeof value === 'string' ? value.replaceAll(/\s+/g, ' ').trim() : '';
  return text.length > MOST_SAID ? `${text.slice(0, MOST_SAID - 1)}…` : text;
}

export type EventTexts = { readonly [T in EventType]: (data: EventData[T], say: Say) => string };

export interface Texts {
  readonly events: EventTexts;
  readonly phases: Readonly<Record<Phase, string>>;
  readonly severities: Readonly<Record<Severity, string>>;
  readonly stepStatuses: Readonly<Record<StepStatus, string>>;
  readonly deliveryStates: Readonly<Record<DeliveryState, string>>;
  readonly triggerStatuses: Readonly<Record<TriggerStatus, string>>;
  readonly guards: Readonly<Record<GuardId, string>>;
  guardAsks(question: string): string;
  readonly guardAnswers: Readonly<Record<GuardAnswer, string>>;
  readonly clock: {
    running(clock: string, left: string): string;
    late(clock: string, by: string): string;
    met(clock: string, after: string): string;
    stoppedLate(clock: string, by: string): string;
  };
}
