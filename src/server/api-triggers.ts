// The API operations of triggers: where all of them stand, one of them, and how its signal went.
import { z } from '@hono/zod-openapi';
import {
  explainQuery,
  moment,
  noParams,
  seriesSchema,
  triggerParams,
  triggerQuery,
  triggerSchema,
  triggerSummarySchema,
} from './api-schemas.ts';
import { type Add, READ } from './endpoint.ts';
import { explain } from './explain.ts';
import type { ReadWorld } from './snapshot.ts';
import { listTriggers, oneTrigger, triggerSeries } from './triggers.ts';

const orgQuery = { org: z.string().max(256).optional().openapi({ description: 'Absent: the worst one. Empty: the whole system' }) };

export function addTriggers(add: Add, { world }: { readonly world: ReadWorld }): void {
  add({
    ...READ,
    operation: 'listTriggers',
    path: '/v1/triggers',
    summary: 'Where every trigger stands: a summary each, and its scopes, worst first',
    query: triggerQuery,
    answer: z.object({
      now: z.number().int(),
      summaries: z.array(triggerSummarySchema),
      triggers: z.array(triggerSchema),
      total: z.number().int(),
      next: z.number().int().nullable(),
    }),
    handle: ({ query }) => listTriggers(world, query),
  });
  add({
    ...READ,
    operation: 'getTrigger',
    path: '/v1/triggers/{id}',
    summary: 'One trigger: its summary, and how one scope of it stands',
    params: triggerParams,
    query: z.strictObject(orgQuery),
    answer: z.object({ now: z.number().int(), summary: triggerSummarySchema, row: triggerSchema.nullable() }),
    handle: ({ params, query }) => oneTrigger(world, params.id, query.org),
  });
  add({
    ...READ,
    operation: 'getSeries',
    path: '/v1/triggers/{id}/series',
    summary: 'How the signal of a trigger went: slots, gaps, values of the window, changes and incidents',
    params: triggerParams,
    query: z.strictObject({ ...orgQuery, from: queryMoment('Two windows before `to`, when absent'), to: queryMoment('Now, when absent') }),
    answer: seriesSchema,
    handle: ({ params, query }) => triggerSeries(world, params.id, query),
  });
  add({
    ...READ,
    operation: 'explain',
    path: '/v1/explanations',
    summary: 'Why an incident began, or how a trigger stands: figures for sentences',
    params: noParams,
    query: explainQuery,
    answer: z.object({ explanations: z.array(z.looseObject({ trigger: z.string(), scope: z.string() })) }),
    handle: ({ query }) => explain(world, query),
  });
}

/** Milliseconds or an ISO time, as an address carries them. */
function queryMoment(description: string) {
  return z
    .union([
      z
        .string()
        .regex(/^\d{1,15}$/)
        .transform(Number),
      moment,
    ])
    .optional()
    .openapi({ type: 'string', description });
}
