// What people may report, and who: manual triggers, and measured ones that ask whether it hurts. It reads the system and keeps nothing.
import { type CallerFacts, OPERATOR } from './authorization.ts';
import { BelayError } from './errors.ts';
import { nearest } from './nearest.ts';
import type { System } from './system.ts';
import type { TriggerRule } from './trigger.ts';

/** One question that people answer by reporting. */
export interface Reportable {
  readonly trigger: string;
  readonly ask: string;
  /** Roles; empty: anybody who may report at all. */
  readonly who: readonly string[];
  /** An organization must be named. */
  readonly perOrg: boolean;
  /** It confirms what was measured: there must be something to confirm. */
  readonly confirms: boolean;
}

type Watched = Pick<System, 'triggers' | 'signals' | 'organizations'>;

const ofRule = ({ signals }: Watched, rule: TriggerRule): Reportable | null => {
  const signal = signals.find((one) => one.id === rule.signal)?.signal;
  const asks = signal?.kind === 'manual' ? signal : rule.impact === undefined ? null : { ask: rule.impact.ask, who: [rule.impact.who] };
  return asks === null
    ? null
    : { trigger: rule.id, ask: asks.ask, who: asks.who, perOrg: rule.scope === 'org', confirms: signal?.kind !== 'manual' };
};

export const mayReport = ({ who }: Pick<Reportable, 'who'>, { roles }: Pick<CallerFacts, 'roles'>): boolean =>
  who.length === 0 || roles.includes(OPERATOR) || who.some((role) => roles.includes(role));

/** All that this person may report, in the order of belay.yaml. */
export function reportablesOf(system: Watched, caller: Pick<CallerFacts, 'roles'>): readonly Reportable[] {
  return system.triggers.flatMap((rule) => ofRule(system, rule) ?? []).filter((one) => mayReport(one, caller));
}

export interface ReportRequest {
  readonly trigger: string;
  /** '' for a trigger without organizations. */
  readonly scope: string;
  readonly roles: readonly string[];
}

/** @throws BELAY_NOT_FOUND, BELAY_FORBIDDEN */
export function demandReportable(system: Watched, o: ReportRequest): TriggerRule {
  const rule = system.triggers.find((one) => one.id === o.trigger);
  const reportable = rule === undefined ? null : ofRule(system, rule);
  if (rule === undefined || reportable === null) throw notReportable(system, o);
  demandOrganization(system, o, reportable);
  if (mayReport(reportable, o)) return rule;
  throw new BelayError('BELAY_FORBIDDEN', `trigger ${o.trigger} may be reported by ${reportable.who.join(', ')}`, {
    hint: `Ask somebody who is ${reportable.who.join(' or ')}.`,
  });
}

function notReportable(system: Watched, o: ReportRequest): BelayError {
  const may = reportablesOf(system, o).map((one) => one.trigger);
  const meant = nearest(o.trigger, may);
  const known =
    may.length === 0 ? 'Name a trigger with a manual signal, or one that asks for its impact.' : `You may report: ${may.join(', ')}.`;
  return new BelayError('BELAY_NOT_FOUND', `no trigger ${o.trigger} that people may report`, {
    hint: meant === null ? known : `Did you mean ${meant}?`,
  });
}

function demandOrganization({ organizations }: Watched, { trigger, scope }: ReportRequest, { perOrg }: Reportable): void {
  const isKnown = perOrg ? scope !== '' && (organizations.length === 0 || organizations.some((org) => org.id === scope)) : scope === '';
  if (isKnown) return;
  const names = organizations.slice(0, 20).map((org) => org.id);
  const which = names.length === 0 ? '' : `: ${names.join(', ')}`;
  throw new BelayError('BELAY_NOT_FOUND', `trigger ${trigger}: no organization ${JSON.stringify(scope)}`, {
    hint: perOrg
      ? `Name one of the organizations of belay.yaml${which}.`
      : 'This trigger has no organizations: leave the organization out.',
  });
}
