// `belay run` on a run that is at work: go on, without some steps, stop it, or take it over; each is told in the incident.
import type { ExitCode } from '../domain/errors.ts';
import { BelayError, EXIT } from '../domain/errors.ts';
import type { Incident } from '../domain/incident.ts';
import type { Client } from './client.ts';
import type { Context, Typed } from './context.ts';
import { isSet, listOption, textOption } from './context.ts';
import { followRun } from './run-end.ts';

export interface Steering {
  readonly verb: 'continue' | 'abort' | 'takeOver';
  readonly incident: string;
}

/** Null: a new run. @throws BELAY_USAGE where two things are asked at once */
export function steeringOf(typed: Typed): Steering | null {
  const asked = (['continue', 'abort', 'takeOver'] as const).flatMap((verb): Steering[] => {
    const incident = textOption(typed, verb);
    return incident === undefined ? [] : [{ verb, incident }];
  });
  const [first, ...more] = asked;
  if (first === undefined) return null;
  if (more.length === 0 && typed.args[0] === undefined) return first;
  throw new BelayError('BELAY_USAGE', 'A run is begun, continued, stopped or taken over: one of them at a time.', {
    hint: 'To begin one: belay run <runbook>. To go on with one: belay run --continue INC-1',
  });
}

export function skips(typed: Typed): readonly { readonly step: string; readonly reason: string }[] {
  const reason = textOption(typed, 'reason');
  const steps = listOption(typed, 'skip');
  if (steps.length > 0 && reason === undefined)
    throw new BelayError('BELAY_USAGE', `Why is ${steps.join(', ')} skipped? The record wants a reason.`, {
      hint: 'Add --reason "<why>".',
    });
  return steps.map((step) => ({ step, reason: reason ?? '' }));
}

export function overrides(typed: Typed): readonly { readonly guard: string; readonly reason: string }[] {
  const reason = textOption(typed, 'reason')?.trim() ?? '';
  const guards = listOption(typed, 'override');
  if (guards.length > 0 && reason === '')
    throw new BelayError('BELAY_USAGE', `Why is the guard ${guards.join(', ')} overridden? The record wants a reason.`, {
      hint: 'Add --reason "<why>".',
    });
  return guards.map((guard) => ({ guard, reason }));
}

export async function steer(context: Context, typed: Typed, { verb, incident: id }: Steering): Promise<ExitCode> {
  const { out, reach } = context;
  const client = await reach();
  const path = `/v1/incidents/${encodeURIComponent(id)}/run`;
  const reason = textOption(typed, 'reason');
  for (const one of skips(typed)) await client.post(path, { verb: 'skip', ...one });
  const body = { verb, ...(verb === 'abort' ? { reason: reason ?? 'stopped by hand' } : {}) };
  const { incident } = await client.post<{ incident: Incident }>(path, body);
  await tellEdited(context, client, incident);
  if (verb === 'continue' && !isSet(typed, 'detach')) return followRun(context, incident, { untilEnd: isSet(typed, 'untilEnd') });
  out.data({ incident }, () => SAID[verb](incident.id));
  return EXIT.ok;
}

const SAID: Readonly<Record<Steering['verb'], (id: string) => string>> = {
  continue: (id) => `The run of ${id} goes on. Follow it: belay watch ${id}`,
  abort: (id) => `The run of ${id} is stopped; nothing was taken back, and the incident is open. See it: belay incident ${id}`,
  takeOver: (id) => `You drive the run of ${id} now. Let it go on: belay run --continue ${id}`,
};

/** A run keeps the text that it began with, whatever the file says by now. */
async function tellEdited({ out }: Context, client: Client, { id, runbook, irHash }: Incident): Promise<void> {
  const { runbooks } = await client.get<{ runbooks: readonly { readonly id: string; readonly irHash: string }[] }>('/v1/runbooks');
  const now = runbooks.find((one) => one.id === runbook);
  if (irHash === undefined || now?.irHash === irHash) return;
  out.say(
    now === undefined
      ? `The runbook ${runbook ?? ''} is not among the files any more; the run of ${id} goes on as it began.`
      : `The runbook ${now.id} was edited since; the run of ${id} goes on with the text that it began with.`,
  );
}
