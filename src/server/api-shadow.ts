// The API operations of triggers in shadow: what they would have done, and what people say of it.
import { z } from '@hono/zod-openapi';
import { limitSchema, shadowMarkBody, shadowMarkSchema, shadowQuery } from './api-schemas.ts';
import type { Commands } from './commands.ts';
import { type Add, READ, WRITE } from './endpoint.ts';
import { shadowReport } from './shadow.ts';
import type { ReadWorld } from './snapshot.ts';

const choice = z.enum(['act', 'ask', 'refuse']);
const count = z.number().int();

const summarySchema = z
  .looseObject({
    trigger: z.string(),
    mode: z.enum(['shadow', 'armed']),
    kind: z.string(),
    limit: limitSchema,
    overMs: z.number().nullable(),
    episodes: count.openapi({ description: 'Incidents that it would have made' }),
    acts: count,
    asks: count,
    refusals: count,
    joined: count.openapi({ description: 'Episodes that would have been a part of one of these incidents' }),
    undecided: count,
    right: count,
    wrong: count,
  })
  .openapi('ShadowSummary');

const episodeSchema = z
  .looseObject({
    trigger: z.string(),
    scope: z.string(),
    episode: z.string(),
    since: z.number(),
    endedAt: z.number().nullable(),
    peak: z.number().nullable(),
    choice: choice.nullable().openapi({ description: 'Null: nothing was decided' }),
    reason: z.string(),
    runbook: z.string().nullable(),
    joins: z.string().nullable(),
    inTheWay: z.array(z.looseObject({ guard: z.string(), answer: z.string(), reason: z.string() })),
    changes: z.array(z.looseObject({ step: z.string(), target: z.string() })),
    incident: z.string().nullable(),
    mark: z.object({ verdict: z.enum(['right', 'false']), why: z.string(), by: z.string(), at: z.number() }).nullable(),
  })
  .openapi('ShadowEpisode');

export function addShadow(add: Add, { commands, world }: { readonly commands: Commands; readonly world: ReadWorld }): void {
  add({
    ...READ,
    operation: 'getShadow',
    path: '/v1/shadow',
    summary: 'What triggers in shadow would have done, and what people said of it',
    query: shadowQuery,
    answer: z.looseObject({
      from: z.number(),
      to: z.number(),
      triggers: z.array(summarySchema),
      episodes: z.array(episodeSchema),
      more: z.boolean().openapi({ description: 'There are more episodes than are listed, or than were looked at' }),
    }),
    handle: ({ query }) => shadowReport(world, query),
  });
  add({
    ...WRITE,
    operation: 'markShadow',
    path: '/v1/shadow/marks',
    summary: 'Say of an episode in shadow, afterwards, whether it was right or false, and why',
    body: shadowMarkBody,
    answer: z.object({ mark: shadowMarkSchema }),
    status: 201,
    handle: async ({ caller, body, key }) => ({ mark: await commands.markShadow(caller, { ...body, key }) }),
  });
}
