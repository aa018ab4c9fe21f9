// Who may do what: one table operation × level, and the extra questions of an approval. Pure: a caller in, a verdict out.
// It knows neither tokens nor sessions; an API operation without a row here fails the tests.
import type { Approval } from './incident.ts';

export interface CallerFacts {
  readonly person: string;
  readonly roles: readonly string[];
}

/** Each level includes the ones before it. */
export const LEVELS = ['anyone', 'viewer', 'responder', 'approver', 'admin'] as const;
export type Level = (typeof LEVELS)[number];

/** The role that only the local operator's token carries. */
export const OPERATOR = 'operator';

/** API operation → least level. Approving also needs a role that the approval names (`mayApprove`). */
export const OPERATIONS = {
  getHealth: 'anyone',
  getOpenApi: 'anyone',
  getStatus: 'viewer',
  listIncidents: 'viewer',
  getIncident: 'viewer',
  listEvents: 'viewer',
  streamEvents: 'viewer',
  getEvidence: 'viewer',
  listTriggers: 'viewer',
  listReportable: 'viewer',
  listFreezes: 'viewer',
  listReleases: 'viewer',
  listReleaseChoices: 'viewer',
  listContingencies: 'viewer',
  getTrigger: 'viewer',
  getSeries: 'viewer',
  explain: 'viewer',
  getHistory: 'viewer',
  getShadow: 'viewer',
  estimateBacktest: 'viewer',
  getBacktest: 'viewer',
  startBacktest: 'viewer',
  stopBacktest: 'viewer',
  listRunbooks: 'viewer',
  listSilences: 'viewer',
  listCertificates: 'viewer',
  makePlan: 'viewer',
  decideApproval: 'viewer',
  listRefused: 'responder',
  listTold: 'responder',
  answerStep: 'responder',
  addNote: 'responder',
  keepEvidence: 'responder',
  closeIncident: 'responder',
  resolveIncident: 'responder',
  cancelIncident: 'responder',
  closeContingency: 'responder',
  pause: 'responder',
  resume: 'responder',
  addSilence: 'responder',
  endSilence: 'responder',
  freezeScope: 'responder',
  thawScope: 'responder',
  markShadow: 'responder',
  startCertification: 'responder',
  startRun: 'responder',
  steerRun: 'responder',
  makeReport: 'responder',
  pushEvents: 'responder',
} as const satisfies Record<string, Level>;
export type Operation = keyof typeof OPERATIONS;

export type Permission =
  | { readonly allowed: true }
  | { readonly allowed: false; readonly why: 'needs-level'; readonly level: Level }
  | { readonly allowed: false; readonly why: 'needs-role'; readonly roles: readonly string[] }
  | { readonly allowed: false; readonly why: 'already-granted' | 'requested-by-you' };

/**
 * A person's level. `viewer`, `responder`, `approver` and `admin` mean themselves; any role of the system's own
 * (commander, comms) makes a responder; a person without roles only looks.
 */
export function levelOf(caller: CallerFacts): Level {
  const has = (role: string): boolean => caller.roles.includes(role);
  if (has(OPERATOR) || has('admin')) return 'admin';
  if (has('approver')) return 'approver';
  return caller.roles.some((role) => role !== 'viewer') ? 'responder' : 'viewer';
}

export function mayDo(operation: Operation, caller: CallerFacts | null): Permission {
  const level: Level = OPERATIONS[operation];
  const mine: Level = caller === null ? 'anyone' : levelOf(caller);
  return LEVELS.indexOf(mine) >= LEVELS.indexOf(level) ? { allowed: true } : { allowed: false, why: 'needs-level', level };
}

/** `requestedBy` is the person who asked for the run, when a person did: under four eyes they may not approve it. */
export function mayApprove(approval: Approval, caller: CallerFacts, requestedBy: string | null): Permission {
  const named = caller.roles.includes(OPERATOR) || approval.from.some((one) => caller.roles.includes(one) || caller.person === one);
  if (!named) return { allowed: false, why: 'needs-role', roles: approval.from };
  if (approval.granted.some((one) => one.by === caller.person)) return { allowed: false, why: 'already-granted' };
  if (approval.fourEyes && requestedBy === caller.person) return { allowed: false, why: 'requested-by-you' };
  return { allowed: true };
}

/** A step with a named role or person is answered by them or by the operator; one without by any responder. */
export function mayAnswer(who: string | undefined, caller: CallerFacts): Permission {
  const general = mayDo('answerStep', caller);
  if (!general.allowed || who === undefined || who === '') return general;
  const named = caller.roles.includes(OPERATOR) || caller.roles.includes(who) || caller.person === who;
  return named ? { allowed: true } : { allowed: false, why: 'needs-role', roles: [who] };
}
