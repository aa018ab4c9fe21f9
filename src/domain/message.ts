// Messages: one delivery is one message to one recipient on one channel; its state is the automaton of the outbox.
// planned → sending(deadline) → sent → delivered; found after a crash or past its deadline → ambiguous → reconcile.
import type { Instant, JsonObject } from './json.ts';
import type { Lang } from './system.ts';

export type DeliveryState = 'planned' | 'sending' | 'sent' | 'delivered' | 'ambiguous' | 'superseded' | 'suppressed' | 'failed';

export interface DeliveryDraft {
  /** Deterministic: incident + step + revision + audience + recipient. */
  readonly id: string;
  readonly audience: string;
  readonly audienceKind: 'responders' | 'management' | 'customers' | 'public';
  readonly channel: string;
  readonly to: string;
  readonly template: string;
  readonly lang: Lang;
  readonly zone: string;
  /** Template variables: values only ever enter text nodes. */
  readonly values: JsonObject;
  /** Messages of one thread; a later `resolved` supersedes a planned one of the same thread and recipient. */
  readonly thread: string;
  readonly exempt: boolean;
  /** Says that it is over (mitigated or later): planned messages of the same thread and recipient are dropped as superseded. */
  readonly closing?: boolean;
  /** The template's Markdown, pinned when planned: an edit of the file never changes a message on its way. */
  readonly source?: string;
}

export interface Delivery extends DeliveryDraft {
  readonly incident: string;
  readonly state: DeliveryState;
  readonly attempt: number;
  readonly plannedAt: Instant;
  /** Not before. */
  readonly dueAt: Instant;
  readonly deadline?: Instant;
  readonly providerId?: string;
  readonly reason?: string;
  readonly resent: boolean;
}

/** A message as a channel gets it: each form of the same Markdown tree. */
export interface Rendered {
  readonly subject: string;
  readonly plain: string;
  readonly html: string;
  readonly slack: string;
}

/** How a variable is shown where a template only says `{name}`. */
export function valueKind(name: string): 'time' | 'duration' | 'plain' {
  if (name === 'nextUpdate' || name.endsWith('At')) return 'time';
  if (name === 'promise' || name.endsWith('Ms')) return 'duration';
  return 'plain';
}

const RESENT: Readonly<Record<Lang, string>> = { en: '(re-sent) ', 'pt-BR': '(reenviada) ' };

/** Marks a message that may already have arrived: people see that it is not news. */
export function markResent(message: Rendered, lang: Lang): Rendered {
  const mark = RESENT[lang];
  return {
    subject: mark + message.subject,
    plain: mark + message.plain,
    html: `<p>${mark.trim()}</p>\n${message.html}`,
    slack: mark + message.slack,
  };
}
