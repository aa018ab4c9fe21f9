// The number of an incident in what is planned before there is one. A run by hand is planned, shown and approved first: its steps then say
// `INC-?` where the runbook's own text wants the number, and get it when they act. It decides nothing.
import type { DoStep } from '../domain/ir.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import type { PlanStep } from '../domain/plan.ts';

export const NO_NUMBER_YET = 'INC-?';
const REFERENCE = '{incident.id}';

/** The planned step as it is carried out in this incident. */
export function withNumber(step: DoStep, planned: PlanStep, incident: string): PlanStep {
  const { args, undo } = planned;
  const written = step.undo !== undefined && undo !== undefined ? { ...undo, args: filled(step.undo.with, undo.args, incident) } : undo;
  return {
    ...planned,
    ...(args === undefined ? {} : { args: filled(step.with, args, incident) }),
    ...(written === undefined ? {} : { undo: written }),
  };
}

function filled<T extends Json>(template: Json | undefined, value: T, incident: string): T {
  if (typeof value === 'string')
    return (typeof template === 'string' && template.includes(REFERENCE) ? value.replaceAll(NO_NUMBER_YET, () => incident) : value) as T;
  if (Array.isArray(value))
    return value.map((one: Json, at) => filled(Array.isArray(template) ? template[at] : undefined, one, incident)) as Json as T;
  if (typeof value !== 'object' || value === null) return value;
  const inside = typeof template === 'object' && template !== null && !Array.isArray(template) ? (template as JsonObject) : {};
  const entries = Object.entries(value as JsonObject).map(([key, one]) => [key, filled(inside[key], one, incident)]);
  return Object.fromEntries(entries) as Json as T;
}
