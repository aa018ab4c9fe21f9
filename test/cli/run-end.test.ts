// With which exit code `belay run` ends, for each way that a run may have ended: scripts go by it.
import { expect, test } from 'vitest';
import { exitOf } from '../../src/cli/run-end.ts';
import type { Event, EventData, EventType } from '../../src/domain/event.ts';

const events = (...all: readonly { [T in EventType]: { readonly type: T; readonly data: object } }[EventType][]): readonly Event[] =>
  all.map((one, seq) => ({ ...one, seq, at: 0, actor: { kind: 'belay', id: 'belay' } }) as unknown as Event);
const finished = (outcome: EventData['run.finished']['outcome'], run = 'r') =>
  ({ type: 'run.finished', data: { run, outcome, reason: '' } }) as const;
const step = (kind: string, detail: object = {}) =>
  [
    { type: 'step.started', data: { step: 's', kind, title: 's', attempt: 1 } },
    { type: 'step.finished', data: { step: 's', attempt: 1, status: 'failed', detail } },
  ] as const;
const incident = { run: 'r', approvals: {}, tasks: {} };
const waiting = { ...incident, tasks: { s: {} } } as never;

test.each([
  ['all steps are done', 0, incident, events(finished('done'))],
  ['it failed', 1, incident, events(...step('do'), finished('failed'))],
  ['people stopped it', 1, incident, events(finished('aborted'))],
  ['it stands still and waits for nobody', 1, incident, events()],
  ['it waits for people', 3, waiting, events()],
  ['it waits for people, and an earlier run of the incident was done', 3, waiting, events(finished('done', 'earlier'))],
  ['the effect could not be proven', 4, incident, events(...step('verify'), finished('failed'))],
  ['it did not hold while it was watched', 4, incident, events(...step('watch'), finished('failed'))],
  ['a guard said no right before the act', 5, incident, events(...step('do', { code: 'BELAY_GUARD_REFUSED' }), finished('failed'))],
  ['a person said no', 5, incident, events({ type: 'approval.denied', data: {} }, finished('failed'))],
  ['Belay refused to begin', 5, incident, events({ type: 'decision.made', data: { choice: 'refuse' } }, finished('failed'))],
] as const)('%s: %i', (_what, code, about, log) => {
  expect(exitOf(about as typeof incident, log)).toBe(code);
});
