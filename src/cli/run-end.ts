// Follows a run to its end, or until it waits for people, and says which exit code that is.

import type { ExitCode } from '../domain/errors.ts';
import { EXIT } from '../domain/errors.ts';
import type { Event } from '../domain/event.ts';
import type { Incident } from '../domain/incident.ts';
import { connect } from './client.ts';
import type { Context } from './context.ts';
import { Detached } from './exit-code.ts';
import { follow } from './follow.ts';
import { eventLine } from './incident-text.ts';
import { createLetGo } from './let-go.ts';
import { clean } from './text-layout.ts';

/** Runs wait for people: their own clocks end them, not this terminal. */
const PATIENCE_MS = 30 * 24 * 3_600_000;

export async function followRun(context: Context, started: Incident, o: { readonly untilEnd: boolean }): Promise<ExitCode> {
  const { out, lang, dataDir, as, wiring } = context;
  const http = await wiring.http();
  const letGo = createLetGo();
  const look = { ...out, width: out.width, lang, zone: Intl.DateTimeFormat().resolvedOptions().timeZone };
  try {
    const { incident, events } = await follow({
      incident: started.id,
      lang,
      say: (line) => out.say(line),
      line: (event) => eventLine(clean(event), look),
      until: (now, seen) => finishOf(now, seen) !== null || (!o.untilEnd && isWaiting(now)),
      timeoutMs: PATIENCE_MS,
      connect: () => connect(dataDir, http, { person: as }),
      signal: letGo.signal,
    });
    const code = exitOf(incident, events);
    const finish = finishOf(incident, events);
    out.data({ incident, outcome: finish?.outcome ?? 'waiting', reason: finish?.reason ?? '', exitCode: code }, () =>
      endText(incident, finish, code),
    );
    return code;
  } catch (error) {
    if (error instanceof Detached)
      out.say(`\nLet go. ${started.id} goes on. Follow it: belay watch ${started.id}. Stop everything: belay pause`);
    throw error;
  } finally {
    letGo.end();
  }
}

export interface Finish {
  readonly outcome: 'done' | 'failed' | 'aborted';
  readonly reason: string;
}

export function finishOf(incident: Pick<Incident, 'run'>, events: readonly Event[]): Finish | null {
  const finished = events.findLast((event) => event.type === 'run.finished');
  return finished?.type === 'run.finished' && finished.data.run === incident.run ? finished.data : null;
}

export function isWaiting(incident: Pick<Incident, 'approvals' | 'tasks'>): boolean {
  return Object.values(incident.approvals).some((one) => one.state === 'open') || Object.keys(incident.tasks).length > 0;
}

/** 0 done, 3 waiting, 4 a proof failed, 5 people or a guard said no, 1 anything else. */
export function exitOf(incident: Pick<Incident, 'run' | 'approvals' | 'tasks'>, events: readonly Event[]): ExitCode {
  const finish = finishOf(incident, events);
  if (finish === null) return isWaiting(incident) ? EXIT.waiting : EXIT.failed;
  if (finish.outcome === 'done') return EXIT.ok;
  if (events.some((event) => event.type === 'approval.denied' || (event.type === 'decision.made' && event.data.choice === 'refuse')))
    return EXIT.refused;
  if (lastFailureIsRefusal(events)) return EXIT.refused;
  return lastFailureIsProof(events) ? EXIT.verification : EXIT.failed;
}

const lastFailure = (events: readonly Event[]) => {
  const failed = events.findLast((event) => event.type === 'step.finished' && event.data.status === 'failed');
  return failed?.type === 'step.finished' ? failed.data : null;
};

/** A `pre` that does not hold, a guard of the runbook, or a command that nobody allowed. */
function lastFailureIsRefusal(events: readonly Event[]): boolean {
  return lastFailure(events)?.detail['code'] === 'BELAY_GUARD_REFUSED';
}

function lastFailureIsProof(events: readonly Event[]): boolean {
  const failed = lastFailure(events);
  const started = events.findLast((event) => event.type === 'step.started' && event.data.step === failed?.step);
  return started?.type === 'step.started' && (started.data.kind === 'verify' || started.data.kind === 'watch');
}

function endText({ id }: Incident, finish: Finish | null, code: ExitCode): string {
  if (finish === null) return `${id} waits for people. See what is asked: belay incident ${id}`;
  if (finish.outcome === 'done') return `${id}: all steps are done.`;
  const what = code === EXIT.verification ? 'the effect could not be proven' : code === EXIT.refused ? 'it was refused' : finish.outcome;
  return `${id}: ${what}. ${finish.reason}\nSee it: belay incident ${id}`;
}
