// The API /v1: every read and write that screens, CLI and chat may ask for. Handlers are thin: reads from the snapshot,
// writes through the commands.
import { z } from '@hono/zod-openapi';
import { breakersNow } from '../domain/breaker.ts';
import type { Json } from '../domain/json.ts';
import { reportablesOf } from '../domain/reportable.ts';
import { holds } from '../domain/silence.ts';
import { listSilences } from '../flows/silences.ts';
import type { IntakeStore } from '../ports/intake-store.ts';
import { addBacktests } from './api-backtest.ts';
import { addCertificates } from './api-certificates.ts';
import { addMeasures } from './api-measures.ts';
import { addRecords } from './api-records.ts';
import {
  afterQuery,
  answerBody,
  approvalBody,
  approvalParams,
  endBody,
  eventSchema,
  historyAnswer,
  historyQuery,
  incidentParams,
  incidentSchema,
  listQuery,
  pauseBody,
  pauseSchema,
  planBody,
  planSchema,
  refusedQuery,
  refusedSchema,
  reportableSchema,
  reportBody,
  reportedSchema,
  rowSchema,
  runBody,
  runbookSchema,
  silenceBody,
  silenceParams,
  silenceSchema,
  statusSchema,
  stepParams,
  takenBackBody,
  toldSchema,
  viewSchema,
} from './api-schemas.ts';
import { addShadow } from './api-shadow.ts';
import { addSteering } from './api-steer.ts';
import { addTriggers } from './api-triggers.ts';
import type { Auth } from './auth.ts';
import type { Backtests } from './backtests.ts';
import type { Certifications } from './certifications.ts';
import type { Commands } from './commands.ts';
import { type Add, type Api, mount, READ, WRITE } from './endpoint.ts';
import { history } from './history.ts';
import type { Idempotency } from './idempotency.ts';
import { permitAnswer, permitDecision } from './permits.ts';
import type { Refusals } from './refusals.ts';
import { findIncident, listRows, type ReadWorld, snapshot } from './snapshot.ts';

export interface ApiDeps {
  readonly world: ReadWorld;
  readonly commands: Commands;
  readonly auth: Auth;
  readonly idempotency: Idempotency;
  readonly version: string;
  readonly refusals?: Pick<Refusals, 'list'> | undefined;
  readonly backtests: Backtests;
  readonly certifications: Certifications;
  /** Breakers of intakes; left out where none is open. */
  readonly intake?: Pick<IntakeStore, 'breakers'> | undefined;
}

export function mountApi(api: Api, deps: ApiDeps): void {
  const add: Add = (endpoint) => mount(api, deps, endpoint);
  addSystemReads(add, deps);
  addTriggers(add, deps);
  addShadow(add, deps);
  addMeasures(add, deps);
  addBacktests(add, deps);
  addCertificates(add, deps);
  addIncidentReads(add, deps);
  addAnswers(add, deps);
  addRecords(add, deps);
  addEndings(add, deps);
  addSteering(add, deps);
  addPause(add, deps);
  addSilences(add, deps);
  addRuns(add, deps);
}

function addSystemReads(add: Add, { world, version, refusals, intake }: ApiDeps): void {
  add({
    ...READ,
    operation: 'listRefused',
    path: '/v1/refused',
    summary: 'What senders sent and the door refused, newest first: the reason, and the beginning of the body without its secrets',
    query: refusedQuery,
    answer: z.object({ refused: z.array(refusedSchema) }),
    handle: async ({ query }) => ({ refused: refusals?.list(query.source).slice(0, query.limit) ?? [] }),
  });
  add({
    ...READ,
    operation: 'listTold',
    path: '/v1/told',
    summary: 'Names and labels that each source told since the start, a few of each',
    answer: z.object({ told: z.array(toldSchema) }),
    handle: async () => ({ told: await world.readings.told() }),
  });
  add({
    ...READ,
    operation: 'getStatus',
    path: '/v1/status',
    summary: 'The whole system at a glance',
    answer: statusSchema,
    handle: () => statusOf(world, version, intake),
  });
  add({
    ...READ,
    operation: 'listReportable',
    path: '/v1/reportable',
    summary: 'What the caller may report: triggers with their questions',
    answer: z.object({ reportable: z.array(reportableSchema) }),
    handle: async ({ caller }) => ({ reportable: reportablesOf(world.system, caller) }),
  });
  add({
    ...READ,
    operation: 'getHistory',
    path: '/v1/history',
    summary: 'What a signal counted, minute by minute',
    query: historyQuery,
    answer: historyAnswer,
    handle: ({ query }) => history(world, query),
  });
  add({
    ...READ,
    operation: 'listRunbooks',
    path: '/v1/runbooks',
    summary: 'The runbooks that are loaded',
    answer: z.object({ runbooks: z.array(runbookSchema) }),
    handle: async () => ({ runbooks: runbooksOf(world) }),
  });
}

function addIncidentReads(add: Add, { world }: ApiDeps): void {
  add({
    ...READ,
    operation: 'listIncidents',
    path: '/v1/incidents',
    summary: 'Incidents: open ones first',
    query: listQuery,
    answer: z.object({ incidents: z.array(rowSchema) }),
    handle: async ({ query }) => ({
      incidents: (await listRows(world)).filter((row) => query.open === undefined || row.open === (query.open === 'true')),
    }),
  });
  add({
    ...READ,
    operation: 'getIncident',
    path: '/v1/incidents/{id}',
    summary: 'One incident: its projection and the view of the one screen',
    params: incidentParams,
    answer: z.object({ incident: incidentSchema, view: viewSchema }),
    handle: async ({ params, caller }) => {
      const { incident, view } = await snapshot(world, params.id, caller);
      return { incident, view };
    },
  });
  add({
    ...READ,
    operation: 'listEvents',
    path: '/v1/incidents/{id}/events',
    summary: 'The event log of an incident after a sequence number',
    params: incidentParams,
    query: afterQuery,
    answer: z.object({ events: z.array(eventSchema), next: z.number().int().nullable() }),
    handle: async ({ params, query }) => {
      const incident = await findIncident(world, params.id);
      const events = await world.incidents.events(incident.id, query.after);
      const page = events.slice(0, query.limit);
      return { events: page, next: events.length > page.length ? (page.at(-1)?.seq ?? null) : null };
    },
  });
}

const INCIDENT = z.object({ incident: incidentSchema });

function addAnswers(add: Add, { commands, world }: ApiDeps): void {
  add({
    ...WRITE,
    operation: 'decideApproval',
    path: '/v1/incidents/{id}/approvals/{approval}',
    summary: 'Grant or deny exactly the plan with this hash; 409 when the plan is another',
    params: approvalParams,
    body: approvalBody,
    answer: INCIDENT,
    handle: async ({ caller, params, body, key }) => {
      const incident = await permitDecision(world, caller, { incident: params.id, approval: params.approval, decision: body.decision });
      return { incident: await commands.approve(caller, { incident, approval: params.approval, ...body, key }) };
    },
  });
  add({
    ...WRITE,
    operation: 'answerStep',
    path: '/v1/incidents/{id}/steps/{step}/answer',
    summary: 'Tick, answer, choose or refuse a step that waits for people',
    params: stepParams,
    body: answerBody,
    answer: INCIDENT,
    handle: async ({ caller, params, body, key }) => {
      const incident = await permitAnswer(world, caller, { incident: params.id, step: params.step });
      return { incident: await commands.answer(caller, { incident, step: params.step, ...body, key }) };
    },
  });
}

function addEndings(add: Add, { commands, world }: ApiDeps): void {
  const idOf = async (params: { readonly id: string }): Promise<string> => (await findIncident(world, params.id)).id;
  add({
    ...WRITE,
    operation: 'resolveIncident',
    path: '/v1/incidents/{id}/resolve',
    summary: "Resolve an incident by a person's word, with the reason; refused while its run may be changing something",
    params: incidentParams,
    body: endBody,
    answer: INCIDENT,
    handle: async ({ caller, params, body, key }) => ({
      incident: await commands.resolve(caller, { incident: await idOf(params), ...body, key }),
    }),
  });
  add({
    ...WRITE,
    operation: 'cancelIncident',
    path: '/v1/incidents/{id}/cancel',
    summary: 'Cancel an incident that was none, with the reason; its run is stopped',
    params: incidentParams,
    body: endBody,
    answer: INCIDENT,
    handle: async ({ caller, params, body, key }) => ({
      incident: await commands.cancel(caller, { incident: await idOf(params), ...body, key }),
    }),
  });
  add({
    ...WRITE,
    operation: 'closeContingency',
    path: '/v1/incidents/{id}/contingencies/{step}/close',
    summary: 'Record that a person took the measure of this step back by hand; changes nothing itself',
    params: stepParams,
    body: takenBackBody,
    answer: INCIDENT,
    handle: async ({ caller, params, body, key }) => ({
      incident: await commands.closeContingency(caller, { incident: await idOf(params), step: params.step, ...body, key }),
    }),
  });
}

function addPause(add: Add, { commands }: ApiDeps): void {
  add({
    ...WRITE,
    remembered: false,
    operation: 'pause',
    path: '/v1/pause',
    summary: 'Pause everything: no new effect begins',
    body: pauseBody,
    answer: pauseSchema,
    handle: ({ caller, body }) => commands.pause(caller, body),
  });
  add({
    ...WRITE,
    remembered: false,
    operation: 'resume',
    path: '/v1/resume',
    summary: 'Let effects begin again',
    answer: pauseSchema,
    handle: ({ caller }) => commands.resume(caller),
  });
}

const SILENCE = z.object({ silence: silenceSchema });

function addSilences(add: Add, { commands, world }: ApiDeps): void {
  add({
    ...READ,
    operation: 'listSilences',
    path: '/v1/silences',
    summary: 'Silences that hold or lie ahead',
    answer: z.object({ silences: z.array(silenceSchema) }),
    handle: async () => ({ silences: await listSilences(world) }),
  });
  add({
    ...WRITE,
    operation: 'addSilence',
    path: '/v1/silences',
    summary: 'Tell nobody and do nothing about a trigger for a while, now or in a window to come; stored when it is answered',
    body: silenceBody,
    answer: SILENCE,
    status: 201,
    handle: async ({ caller, body, key }) => ({ silence: await commands.silence(caller, { ...body, key }) }),
  });
  add({
    ...WRITE,
    operation: 'endSilence',
    path: '/v1/silences/{id}/end',
    summary: 'End a silence before its time, or call one off that has not begun',
    params: silenceParams,
    answer: SILENCE,
    handle: async ({ caller, params }) => ({ silence: await commands.endSilence(caller, params) }),
  });
}

function addRuns(add: Add, { commands }: ApiDeps): void {
  add({
    ...WRITE,
    remembered: false,
    operation: 'makePlan',
    path: '/v1/plans',
    summary: 'What a runbook would do now, with its hash; changes nothing',
    body: planBody,
    answer: planSchema,
    handle: ({ body }) => commands.plan(body),
  });
  add({
    ...WRITE,
    operation: 'startRun',
    path: '/v1/runs',
    summary: 'Start a runbook; with a planHash exactly that plan or 409',
    body: runBody,
    answer: INCIDENT,
    status: 201,
    handle: async ({ caller, body, key }) => ({ incident: await commands.startRun(caller, { ...body, key }) }),
  });
  add({
    ...WRITE,
    operation: 'makeReport',
    path: '/v1/reports',
    summary: 'Report what a person sees, for a manual trigger, or that what was measured hurts; says how many said so',
    body: reportBody,
    answer: reportedSchema,
    status: 201,
    handle: async ({ caller, body }) => ({
      recorded: true,
      ...(await commands.report(caller, { trigger: body.trigger, scope: body.org ?? '', text: body.text })),
    }),
  });
}

async function statusOf(world: ReadWorld, version: string, intake: ApiDeps['intake']): Promise<unknown> {
  const [rows, pause, health, silences, freezes, breakers] = await Promise.all([
    listRows(world),
    world.pause.read(),
    world.readings.health(),
    listSilences(world),
    world.freezes.list(),
    intake?.breakers() ?? [],
  ]);
  const now = world.time.now();
  const open = rows.filter((row) => row.open);
  const age = Number.isFinite(health.watermarkAgeMs) ? health.watermarkAgeMs : null;
  return {
    version,
    system: world.system.name,
    now,
    pause,
    silences: silences.filter((one) => holds(one, now)),
    freezes,
    breakers: breakersNow(breakers, world.system.intakes ?? [], now).filter(({ breaker }) => breaker.state !== 'closed'),
    incidents: { open: open.length, list: open },
    detection: { ...health, watermarkAgeMs: age },
  };
}

function runbooksOf(world: ReadWorld): readonly { readonly [field: string]: Json }[] {
  return Object.values(world.runbooks).map(({ runbook, irHash }) => {
    const { id, title, version, severity, components, start, triggers, inputs } = runbook;
    return { id, title, version, severity, components, start, triggers, irHash, inputs: JSON.parse(JSON.stringify(inputs)) as Json };
  });
}
