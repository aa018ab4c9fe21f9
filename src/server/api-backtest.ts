// The API operations of backtests: how much work one is, start, progress, stop, and what the last one found.
import { z } from '@hono/zod-openapi';
import { SETTABLE } from '../config/try-rule.ts';
import { limitSchema, moment, triggerParams } from './api-schemas.ts';
import { backtestView, type ViewAsked } from './backtest-view.ts';
import { type BacktestAsked, type BacktestState, type Backtests, DEFAULT_SPAN_MS, type EndedBacktest } from './backtests.ts';
import { type Add, READ, WRITE } from './endpoint.ts';
import type { ReadWorld } from './snapshot.ts';

const figure = z.string().min(1).max(40);
const setSchema = z
  .strictObject(
    Object.fromEntries(SETTABLE.map((name) => [name, figure.optional()])) as Record<(typeof SETTABLE)[number], z.ZodOptional<z.ZodString>>,
  )
  .openapi({ description: 'Figures of the rule to try beside its own, written as in belay.yaml: { "above": "3%" }' });
const org = z.string().max(256).optional().openapi({ description: 'Absent: all organizations' });
/** In an address every number is a text. */
const written = z.union([
  z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number),
  moment,
]);
export const backtestBody = z.strictObject({
  from: moment.optional().openapi({ description: '30 days before `to`, when absent' }),
  to: moment.optional().openapi({ description: 'Now, when absent' }),
  org,
  set: setSchema.default({}),
});
const estimateQuery = z.strictObject({
  from: written.optional().openapi({ type: 'string', description: '30 days before `to`, when absent' }),
  to: written.optional().openapi({ type: 'string', description: 'Now, when absent' }),
  org,
  both: z.enum(['true', 'false']).optional().openapi({ description: 'true: two rules are replayed' }),
});
const viewQuery = z.strictObject({
  rule: z.enum(['written', 'tried']).optional().openapi({ description: 'The one that was tried, if there is one, when absent' }),
  org: z.string().max(256).optional().openapi({ description: 'Absent: the line of the worst, the episodes of all' }),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
  offset: z.coerce.number().int().min(0).max(1_000_000).default(0),
});

const count = z.number().int();
const estimateSchema = z.object({
  scopes: count,
  minutes: count,
  rules: count,
  aboutMs: z.number().openapi({ description: 'Of one processor, at most about' }),
});
const backtestFields = {
  trigger: z.string(),
  org: z.string().nullable(),
  from: count,
  to: count,
  set: z.record(z.string(), z.string()),
  by: z.string(),
  startedAt: count,
  estimate: estimateSchema,
};
const endedSchema = z.looseObject({
  ...backtestFields,
  endedAt: count,
  how: z.enum(['done', 'stopped', 'late', 'memory', 'failed']),
  why: z.string().optional(),
});
const stateSchema = z
  .looseObject({ running: z.looseObject({ ...backtestFields, share: z.number() }).nullable(), last: endedSchema.nullable() })
  .openapi('Backtest');
const foundSchema = z
  .looseObject({
    rules: z.array(z.looseObject({ rule: z.string(), limit: limitSchema, alone: count, acts: count, asks: count, nearMisses: count })),
    watchedMs: z.number(),
    scopes: count,
    worst: z.array(z.looseObject({ scope: z.string(), acts: count, asks: count, nearMisses: count })),
    gaps: z.array(z.object({ from: count, to: count, why: z.enum(['away', 'silent']) })),
    line: z
      .looseObject({ scope: z.string(), everyMs: count, points: z.array(z.looseObject({ at: count, value: z.number().nullable() })) })
      .nullable()
      .openapi({ description: 'Of each span of everyMs the worst value of the window; null: of this one none is kept' }),
    episodes: z.array(z.looseObject({ scope: z.string(), since: count, endedAt: count.nullable(), whyNot: z.string().nullable() })),
    total: count,
    next: count.nullable(),
  })
  .nullable()
  .openapi('BacktestFound');

export interface BacktestDeps {
  readonly world: ReadWorld;
  readonly backtests: Backtests;
}

export function addBacktests(add: Add, { world, backtests }: BacktestDeps): void {
  add({
    ...READ,
    operation: 'estimateBacktest',
    path: '/v1/triggers/{id}/backtest',
    summary: 'How much work a backtest of this trigger would be',
    params: triggerParams,
    query: estimateQuery,
    answer: estimateSchema,
    handle: async ({ params, query }) => {
      const { both, ...asked } = query;
      const estimate = await backtests.estimate(askedFor(world, { trigger: params.id, ...asked, set: {} }));
      return both === 'true' ? { ...estimate, rules: 2, aboutMs: estimate.aboutMs * 2 } : estimate;
    },
  });
  add({
    ...WRITE,
    operation: 'startBacktest',
    path: '/v1/triggers/{id}/backtest',
    summary: 'Replay what was measured under this rule, and under one that is tried; one runs at a time',
    params: triggerParams,
    body: backtestBody,
    answer: stateSchema,
    status: 202,
    handle: async ({ caller, params, body }) => shownState(await backtests.start(caller, askedFor(world, { trigger: params.id, ...body }))),
  });
  add({
    ...WRITE,
    remembered: false,
    operation: 'stopBacktest',
    path: '/v1/backtest/stop',
    summary: 'Stop the backtest that runs, whoever started it',
    answer: stateSchema,
    handle: async () => shownState(await backtests.stop()),
  });
  add({
    ...READ,
    operation: 'getBacktest',
    path: '/v1/backtest',
    summary: 'The backtest that runs, and what the last one found: kept until the next one, or until Belay ends',
    query: viewQuery,
    answer: z.looseObject({ ...stateSchema.shape, found: foundSchema }),
    handle: async ({ query }) => {
      const state = backtests.state();
      return { ...shownState(state), found: state.last === null ? null : await backtestView(world, state.last, query satisfies ViewAsked) };
    },
  });
}

interface Written {
  readonly trigger: string;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly org?: string | undefined;
  readonly set: { readonly [name in (typeof SETTABLE)[number]]?: string | undefined };
}

/** With what is said nothing of: until now, thirty days, all organizations. */
export function askedFor(world: Pick<ReadWorld, 'time'>, { trigger, from, to, org: asked, set }: Written): BacktestAsked {
  const end = to ?? world.time.now();
  const figures = Object.fromEntries(Object.entries(set).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
  return { trigger, from: from ?? end - DEFAULT_SPAN_MS, to: end, org: asked ?? null, set: figures };
}

function shownState({ running, last }: BacktestState): object {
  const { tried: _rule, ...now } = running ?? { tried: null };
  return { running: running === null ? null : now, last: last === null ? null : shownEnd(last) };
}

function shownEnd({ end, tried: _tried, ...rest }: EndedBacktest): object {
  return { ...rest, how: end.how, ...('why' in end ? { why: end.why } : {}) };
}
