// A delivery as columns and back. The draft is one JSON value; what the automaton moves is columns.
import type { Delivery, DeliveryDraft, DeliveryState } from '../../domain/message.ts';

export interface DeliveryRow {
  readonly id: string;
  readonly incident: string;
  readonly draft: DeliveryDraft;
  readonly state: DeliveryState;
  readonly attempt: number;
  readonly planned_at: number;
  readonly due_at: number;
  readonly deadline: number | null;
  readonly provider_id: string | null;
  readonly reason: string | null;
  readonly resent: boolean;
  readonly [column: string]: unknown;
}

export const DELIVERY_COLUMNS = 'id, incident, draft, state, attempt, planned_at, due_at, deadline, provider_id, reason, resent';

export function toDelivery(row: DeliveryRow): Delivery {
  return {
    ...row.draft,
    incident: row.incident,
    state: row.state,
    attempt: row.attempt,
    plannedAt: row.planned_at,
    dueAt: row.due_at,
    resent: row.resent,
    ...(row.deadline === null ? {} : { deadline: row.deadline }),
    ...(row.provider_id === null ? {} : { providerId: row.provider_id }),
    ...(row.reason === null ? {} : { reason: row.reason }),
  };
}
