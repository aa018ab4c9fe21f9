// The shapes of the API: strict for what comes in, described and open for what goes out.
import { z } from '@hono/zod-openapi';
import { SHOWN_STATES } from '../domain/trigger-list.ts';

export const KEY = z.string().regex(/^[\x21-\x7e]{8,128}$/, '8 to 128 printable characters');
const hash = z.string().regex(/^[0-9a-f]{64}$/, 'a sha256 in hex');
const text = (max: number): z.ZodString => z.string().min(1).max(max);
const name = z.string().min(1).max(200);
const inputs = z.record(z.string().max(64), z.union([z.string().max(1000), z.number(), z.boolean()]));

export const incidentParams = z.strictObject({
  id: z
    .string()
    .max(40)
    .openapi({ param: { name: 'id', in: 'path' }, example: 'INC-1' }),
});
export const approvalParams = z.strictObject({ id: z.string().max(40), approval: z.string().max(300) });
export const stepParams = z.strictObject({ id: z.string().max(40), step: z.string().max(120) });
export const evidenceParams = z.strictObject({ id: z.string().max(40), evidence: z.string().max(200) });
export const noParams = z.strictObject({});
export const noBody = z.undefined();

export const listQuery = z.strictObject({ open: z.enum(['true', 'false']).optional() });
export const explainQuery = z.strictObject({ of: z.string().min(1).max(200), org: z.string().max(200).optional() });
export const afterQuery = z.strictObject({
  after: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(5000).default(1000),
});

export const approvalBody = z.strictObject({ decision: z.enum(['grant', 'deny']), planHash: hash, reason: text(1000).optional() });
export const answerBody = z.strictObject({
  ticks: z.array(name).max(100).optional(),
  note: text(4000).optional(),
  answers: z.record(z.string().max(64), z.union([z.string().max(4000), z.number(), z.boolean()])).optional(),
  choice: name.optional(),
  refuse: text(1000).optional(),
});
export const noteBody = z.strictObject({ text: text(4000), lang: z.enum(['en', 'pt-BR']).default('en') });
export const evidenceBody = z.strictObject({ text: text(65_536) });
export const endBody = z.strictObject({ reason: text(1000) });
export const takenBackBody = z.strictObject({ note: text(4000) });
export const pauseBody = z.strictObject({ reason: text(1000) });
const stepName = text(200);
export const planBody = z.strictObject({
  runbook: name,
  inputs: inputs.default({}),
  skip: z
    .array(stepName)
    .max(100)
    .optional()
    .openapi({ description: 'Steps that the run is to be started without: the plan has another hash' }),
});
export const runBody = z.strictObject({
  runbook: name,
  inputs: inputs.default({}),
  planHash: hash.optional(),
  until: stepName.optional().openapi({ description: 'The run rests after this step' }),
  skip: z
    .array(z.strictObject({ step: stepName, reason: text(1000) }))
    .max(100)
    .optional(),
  override: z
    .array(z.strictObject({ guard: name, reason: text(1000) }))
    .max(100)
    .optional()
    .openapi({
      description: 'Guards that do not pass and that the caller overrides, each with why; 403 where the runbook does not let them',
    }),
});
export const steerBody = z.strictObject({
  verb: z.enum(['continue', 'skip', 'abort', 'takeOver']),
  step: stepName.optional(),
  reason: text(1000).optional(),
});
export const reportBody = z.strictObject({ trigger: name, org: name.optional(), text: text(4000) });

const silencedName = name.nullable().default(null);
export const silenceParams = z.strictObject({
  id: z
    .string()
    .max(40)
    .openapi({ param: { name: 'id', in: 'path' }, example: 'SIL-1' }),
});

const labels = z
  .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/), z.string().max(200))
  .refine((all) => Object.keys(all).length <= 32, 'at most 32 labels');
const instant = z.union([z.number().int().min(0), z.iso.datetime({ offset: true }).transform((at) => Date.parse(at))]);
/** As people write it, without seconds. */
export const moment = z.union([instant, z.iso.datetime({ offset: true, precision: -1 }).transform((at) => Date.parse(at))]);
/** In an address every number is a text. */
const written = z.union([z.coerce.number().int().min(0), z.iso.datetime({ offset: true }).transform((at) => Date.parse(at))]);
export const historyQuery = z.strictObject({
  trigger: name.optional(),
  signal: name.optional(),
  by: name.optional().openapi({ description: 'With signal: the label that tells its scopes apart' }),
  scope: z.string().max(300).optional(),
  from: written,
  to: written.optional(),
});
export const historyAnswer = z.object({
  signal: z.string(),
  by: z.string().nullable(),
  from: z.number(),
  to: z.number().openapi({ description: 'This page reaches to here' }),
  next: z.number().nullable().openapi({ description: 'From of the next page; null: this is the last' }),
  scopes: z.array(z.string()),
  rows: z.array(z.array(z.number())).openapi({ description: 'at, length in ms, index in scopes, bad, all, sum' }),
});
export const silenceBody = z.strictObject({
  trigger: silencedName.openapi({ description: 'Null or absent: every trigger' }),
  org: silencedName.openapi({ description: 'Null or absent: every organization' }),
  from: moment.optional().openapi({ description: 'Now, when absent; one that lies ahead is a maintenance window' }),
  until: moment,
  reason: text(1000),
});
export const shadowQuery = z.strictObject({
  trigger: z.string().max(200).optional(),
  since: written.optional().openapi({ type: 'string', description: 'Milliseconds or an ISO time; 30 days ago, when absent' }),
  limit: z.coerce.number().int().min(1).max(2_000).default(200),
});
export const shadowMarkBody = z.strictObject({ episode: text(1000), verdict: z.enum(['right', 'false']), why: text(1000) });
const sampleBase = { name: z.string().regex(/^[A-Za-z_:][A-Za-z0-9_:.]{0,127}$/), labels: labels.default({}), at: instant.optional() };
const finite = z.number().refine(Number.isFinite, 'a finite number');
export const sampleBody = z.union([
  z.strictObject({
    ...sampleBase,
    delta: finite.min(0),
    id: z
      .string()
      .min(1)
      .max(300)
      .regex(/^\P{Cc}*$/u, 'no control characters')
      .optional()
      .openapi({ description: 'Of what it counts: a second one within a week counts nothing' }),
  }),
  z.strictObject({ ...sampleBase, value: finite }),
  z.strictObject({ ...sampleBase, total: finite.min(0) }),
]);
export const samplesBody = z.array(sampleBody).max(10_000).openapi('Samples');

const instantOut = z.number().int().openapi({ description: 'Milliseconds since 1970-01-01T00:00:00Z' });

export const problemSchema = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    code: z.string().openapi({ example: 'BELAY_PLAN_CHANGED' }),
    hint: z.string().optional(),
    exitCode: z.number().int(),
    effect: z.enum(['none', 'unknown', 'done']),
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  })
  .openapi('Problem');

export const incidentSchema = z
  .looseObject({
    id: z.string(),
    number: z.number().int(),
    severity: z.enum(['P0', 'P1', 'P2']),
    phase: z.enum(['triage', 'responding', 'mitigated', 'watching', 'resolved', 'closed', 'cancelled', 'merged']),
    runbook: z.string().nullable(),
    planHash: z.string().nullable(),
    detectedAt: instantOut,
    seq: z.number().int(),
    head: z.string(),
  })
  .openapi('Incident');

export const rowSchema = z
  .looseObject({ id: z.string(), open: z.boolean(), severity: z.string(), phase: z.string(), what: z.string(), since: instantOut })
  .openapi('IncidentRow');
export const viewSchema = z
  .looseObject({
    id: z.string(),
    seq: z.number().int(),
    now: instantOut,
    headline: z.looseObject({ since: instantOut, open: z.boolean() }),
    next: z.looseObject({ step: z.string(), title: z.string(), args: z.record(z.string(), z.unknown()) }).nullable(),
    approve: z.looseObject({ state: z.enum(['ready', 'blocked', 'none']) }),
    ifNothing: z.looseObject({ key: z.string(), at: instantOut.nullable() }),
  })
  .openapi('IncidentView');
export const eventSchema = z
  .looseObject({
    incident: z.string(),
    seq: z.number().int(),
    type: z.string(),
    at: instantOut,
    data: z.unknown(),
    prev: z.string(),
    hash: z.string(),
  })
  .openapi('Event');
export const pauseSchema = z
  .object({
    paused: z.boolean(),
    by: z.array(z.object({ where: z.enum(['file', 'store']), who: z.string(), reason: z.string(), at: instantOut })),
  })
  .openapi('Pause');
export const planSchema = z
  .looseObject({
    runbook: z.string(),
    version: z.string(),
    irHash: z.string(),
    org: z.string().nullable(),
    planHash: z.string(),
    steps: z.array(z.looseObject({ id: z.string(), kind: z.string(), title: z.string() })),
  })
  .openapi('Plan');
const shownState = z.enum(SHOWN_STATES);
export const triggerParams = z.strictObject({
  id: z
    .string()
    .max(200)
    .openapi({ param: { name: 'id', in: 'path' }, example: 'http-5xx' }),
});
export const triggerQuery = z.strictObject({
  trigger: z.string().max(200).optional(),
  org: z.string().max(256).optional(),
  state: shownState.optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(200),
  offset: z.coerce.number().int().min(0).max(1_000_000).default(0),
});
export const limitSchema = z
  .union([
    z.object({ above: z.number() }),
    z.object({ below: z.number() }),
    z.object({ times: z.number(), than: z.enum(['others', 'before']) }),
  ])
  .nullable();
export const triggerSchema = z
  .looseObject({
    trigger: z.string(),
    scope: z.string().openapi({ description: 'The organization; empty: the whole system' }),
    state: shownState,
    status: z.enum(['ok', 'suspect', 'breached', 'cleared']),
    unknown: z.boolean(),
    warming: z.boolean(),
    mode: z.enum(['shadow', 'armed']),
    value: z.number().nullable(),
    limit: limitSchema,
    level: z.enum(['none', 'suspect', 'act']),
    evidence: z.object({
      chance: z.number().nullable(),
      needed: z.object({ suspect: z.number(), act: z.number() }).nullable(),
    }),
    silencedUntil: instantOut.nullable(),
    watermark: instantOut,
    lastEvaluatedAt: instantOut,
  })
  .openapi('Trigger');
export const toldSchema = z
  .object({
    source: z.string(),
    isAll: z.boolean().openapi({ description: 'False: there are more names' }),
    names: z.array(z.object({ name: z.string(), isAll: z.boolean(), labels: z.array(z.record(z.string(), z.string())) })),
  })
  .openapi('Told');
export const refusedQuery = z.strictObject({
  source: z.string().max(200).optional(),
  limit: z.coerce.number().int().min(1).max(1_000).default(50),
});
export const refusedSchema = z
  .object({
    source: z.string(),
    at: instantOut,
    status: z.number().int(),
    reason: z.string(),
    method: z.string(),
    path: z.string(),
    bytes: z.number().int().nullable().openapi({ description: 'Null: refused before the body was read' }),
    body: z.string().nullable().openapi({ description: 'Its beginning, without secrets; null: not read, or no text' }),
    more: z.number().int().openapi({ description: 'Others of the kind that came soon after and are not kept' }),
  })
  .openapi('Refused');
export const shadowMarkSchema = z
  .object({
    episode: z.string(),
    trigger: z.string(),
    since: instantOut,
    verdict: z.enum(['right', 'false']),
    why: z.string(),
    by: z.string(),
    at: instantOut,
  })
  .openapi('ShadowMark');
export const reportableSchema = z
  .object({
    trigger: z.string(),
    ask: z.string(),
    who: z.array(z.string()),
    perOrg: z.boolean(),
    confirms: z.boolean().openapi({ description: 'It confirms what was measured: there must be something to confirm' }),
  })
  .openapi('Reportable');
export const reportedSchema = z
  .object({
    recorded: z.literal(true),
    status: z.enum(['ok', 'suspect', 'breached', 'cleared']),
    people: z.array(z.string()).openapi({ description: 'Who said so within the time that a word counts' }),
    withinMs: z.number(),
    enough: z.boolean().openapi({ description: 'Their word is enough to act on' }),
  })
  .openapi('Reported');
export const triggerSummarySchema = z
  .looseObject({
    trigger: z.string(),
    kind: z.string(),
    mode: z.enum(['shadow', 'armed']),
    limit: limitSchema,
    overMs: z.number().nullable(),
    counts: z.record(shownState, z.number().int()),
    seen: z.number().int(),
    lastEvaluatedAt: instantOut.nullable(),
    silencedUntil: instantOut.nullable(),
    untried: z.boolean().openapi({ description: 'Armed, with neither a day of counts nor anything from shadow' }),
  })
  .openapi('TriggerSummary');
const spanSchema = z.object({ from: instantOut, to: instantOut });
export const seriesSchema = z
  .looseObject({
    trigger: z.string(),
    org: z.string(),
    from: instantOut,
    to: instantOut,
    slotMs: z.number(),
    slots: z.array(z.object({ at: instantOut, bad: z.number(), all: z.number(), sum: z.number() })),
    gaps: z.array(spanSchema).openapi({ description: 'Spans of which nothing is known: neither zero nor fine' }),
    points: z.array(z.object({ at: instantOut, value: z.number().nullable(), bad: z.number(), all: z.number() })),
    marks: z.array(z.object({ at: instantOut, what: z.enum(['change', 'incident-began', 'incident-ended']), label: z.string() })),
    unasked: z.array(z.string()),
  })
  .openapi('Series');
export const runbookSchema = z
  .looseObject({ id: z.string(), title: z.string(), version: z.string(), start: z.enum(['ask', 'auto']), irHash: z.string() })
  .openapi('Runbook');
export const healthSchema = z.object({ status: z.literal('ok'), version: z.string() }).openapi('Health');
export const silenceSchema = z
  .looseObject({
    id: z.string().openapi({ example: 'SIL-1' }),
    trigger: z.string().nullable(),
    org: z.string().nullable(),
    from: instantOut,
    until: instantOut,
    by: z.string(),
    reason: z.string(),
    ended: z.object({ by: z.string(), at: instantOut }).nullable(),
  })
  .openapi('Silence');
export const statusSchema = z
  .looseObject({
    version: z.string(),
    system: z.string(),
    now: instantOut,
    pause: pauseSchema,
    silences: z.array(silenceSchema).openapi({ description: 'Those that hold now' }),
    breakers: z
      .array(
        z.object({
          intake: z.string(),
          line: z.string().openapi({ description: 'The organization; empty where the intake knows none' }),
          breaker: z.looseObject({ state: z.enum(['open', 'half-open']), since: instantOut, notBefore: instantOut.optional() }),
        }),
      )
      .openapi({ description: 'Of intakes: those that are not closed' }),
    incidents: z.object({ open: z.number().int(), list: z.array(rowSchema) }),
    detection: z.object({
      watermarkAgeMs: z.number().nullable(),
      lagMs: z.number(),
      deadSources: z.array(z.string()),
      crowdedSources: z
        .array(z.string())
        .optional()
        .openapi({ description: 'More series than are told apart: the rest counts as (other)' }),
      truncatedAt: z
        .record(z.string(), instantOut)
        .optional()
        .openapi({ description: 'When senders last said that they had left something out: on their word alone nothing is done' }),
      troubles: z
        .array(z.object({ kind: z.enum(['clock', 'upkeep']), at: instantOut, why: z.string() }))
        .optional()
        .openapi({ description: 'clock: counts of the future were taken back; upkeep: old counts cannot be forgotten now' }),
    }),
  })
  .openapi('Status');
