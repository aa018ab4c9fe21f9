// `notify`: plans one delivery a recipient, in the same transaction as its promise. Sending is the outbox' business.
import { messageValues, planDeliveries, plannedEvents, strictestPromise } from '../../domain/delivery-plan.ts';
import type { Incident } from '../../domain/incident.ts';
import type { NotifyStep } from '../../domain/ir.ts';
import type { Instant } from '../../domain/json.ts';
import type { Change } from '../../ports/incident-store.ts';
import type { Next, Visit } from '../run.ts';
import { ending, NEXT, partName, update } from '../run.ts';

export async function runNotify(visit: Visit<NotifyStep>): Promise<Next> {
  await update(visit.run, partName(visit, 'notify'), (incident, at) => notifyChange(visit, incident, at));
  return NEXT;
}

function notifyChange(visit: Visit<NotifyStep>, incident: Incident, at: Instant): Omit<Change, 'key'> {
  const { run, step, number } = visit;
  const promiseMs = strictestPromise({
    promiseMs: step.promiseMs,
    audiences: step.to,
    severity: incident.severity,
    system: run.world.system,
  });
  const promise = promiseMs === undefined ? {} : { promiseMs };
  const plan = planDeliveries({
    incident,
    system: run.world.system,
    template: step.template,
    templates: run.runbook.templates,
    audiences: step.to,
    values: messageValues({ incident, system: run.world.system, now: at, ...promise }),
    thread: incident.id,
    revision: `${step.id}#${number}`,
  });
  const skipped = plan.skipped.map(({ audience, channel, why, what }) => ({ audience, channel, why, what }));
  const end = ending(visit, incident, { status: 'done', detail: { deliveries: plan.deliveries.length, skipped }, at });
  const { clearTimers = [], ...promised } = promiseTimers(
    visit,
    plan.deliveries.map((one) => one.audience),
    promiseMs === undefined ? null : at + promiseMs,
  );
  return {
    events: [...plannedEvents(plan, { at, ...promise }), ...end.events],
    deliveries: plan.deliveries,
    clearTimers: [...clearTimers, ...end.clearTimers],
    ...promised,
  };
}

/** A promised update is a timer an audience; the next message to that audience moves it, resolving clears it. */
function promiseTimers(
  { run }: Visit<NotifyStep>,
  audiences: readonly string[],
  due: Instant | null,
): Pick<Change, 'setTimers' | 'clearTimers'> {
  const told = [...new Set(audiences)];
  const timers = told.map((audience) => `promise:${audience}`);
  if (due === null) return { clearTimers: timers };
  const to = Object.values(run.runbook.roles).find((role) => role.is === 'comms')?.is ?? 'commander';
  return { setTimers: told.map((audience) => ({ id: `promise:${audience}`, at: due, kind: 'promise', data: { audience, to } })) };
}
