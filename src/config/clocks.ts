// Clocks as people write them, the same in belay.yaml and in a runbook's front matter.
import type { ClockSpec } from '../domain/ir.ts';
import { PERCENT_FORM, parsePercent } from '../domain/units.ts';
import type { Reader } from './read.ts';
import { duration, measured, oneOrMore, optional, record, required, text, wrong } from './read.ts';
import type { Value } from './yaml.ts';

const PHASES = ['triage', 'responding', 'mitigated', 'watching', 'resolved', 'closed', 'cancelled'];
const FROM: Readonly<Record<string, string>> = {
  detected: 'detected',
  declared: 'declared',
  'incident.detected': 'detected',
  'incident.declared': 'declared',
};

const from: Reader<string> = (value, problems, name) => {
  const known = value.kind === 'scalar' ? FROM[String(value.value)] : undefined;
  return known ?? wrong(value, problems, name, 'detected or declared: what starts a clock in this version');
};

const stop: Reader<string> = (value, problems, name) => {
  const written = value.kind === 'scalar' ? String(value.value) : '';
  const known = /^step:[a-z][a-z0-9-]*$/.test(written) || PHASES.some((phase) => written === `phase.${phase}`);
  return known ? written : wrong(value, problems, name, 'phase.mitigated (or another phase), or step:<id>');
};

const onBreach: Reader<string> = (value, problems, name) => {
  const only: Value | undefined = value.kind === 'list' && value.items.length === 1 ? value.items[0] : value;
  if (only?.kind !== 'map') return wrong(value, problems, name, '{ escalate: <role> }');
  return record({ escalate: required(text) })(only, problems, name)?.escalate;
};

const FIELDS = record({
  from: required(from),
  budget: required(duration(1)),
  until: optional(oneOrMore(stop)),
  warn: optional(measured(parsePercent, PERCENT_FORM)),
  onBreach: optional(onBreach),
});

export const clock: Reader<ClockSpec> = (value, problems, name) => {
  const fields = FIELDS(value, problems, name);
  if (fields === undefined) return undefined;
  return {
    from: fields.from ?? 'detected',
    budgetMs: fields.budget ?? 1,
    until: fields.until ?? [],
    warn: fields.warn ?? 0.8,
    ...(fields.onBreach === undefined ? {} : { escalateTo: fields.onBreach }),
  };
};
