// The number of an incident in what is planned before there is one. A run by hand is planned, shown and approved first: its steps then say
// `INC-?` where the runbook's own text wants the number, and get it when they act. It decides nothing.
import type { DoStep } from '../domain/ir.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import type { PlanStep } from '../domain/plan.ts';

export const NO_NUMBER_YET = 'INC-?';
const REFERENCE = '{incident.id}';

/** Names of inputs of a called runbook that hold the number, because the text of its caller wants it there. */
export type Numbered = ReadonlySet<string>;

export interface Numbering {
  readonly incident: string;
  readonly numbered?: Numbered;
}

/** What a caller gives: itself, or by an input of its own that holds the number. */
export const numberedIn = (given: JsonObject, own: Numbered = new Set()): Numbered =>
  new Set(Object.keys(given).filter((name) => wantsNumber(given[name], own)));

/** In what text the number stands, wherever it comes from. */
export function wantsNumber(template: Json | undefined, numbered: Numbered = new Set()): boolean {
  if (typeof template === 'object' && template !== null) return Object.values(template).some((one) => wantsNumber(one, numbered));
  if (typeof template !== 'string') return false;
  const named = [...template.matchAll(/\{(?:inputs\.)?([A-Za-z][\w-]*)\}/g)].map(([, name = '']) => name);
  return template.includes(REFERENCE) || named.some((name) => numbered.has(name));
}

/** The planned step as it is carried out in this incident. */
export function withNumber(step: DoStep, planned: PlanStep, numbering: Numbering): PlanStep {
  const { args, undo } = planned;
  const written = step.undo !== undefined && undo !== undefined ? { ...undo, args: filled(step.undo.with, undo.args, numbering) } : undo;
  return {
    ...planned,
    ...(args === undefined ? {} : { args: filled(step.with, args, numbering) }),
    ...(written === undefined ? {} : { undo: written }),
  };
}

function filled<T extends Json>(template: Json | undefined, value: T, numbering: Numbering): T {
  const { incident, numbered } = numbering;
  // One reference alone may stand for a list or a mapping of which parts hold it.
  const whole = typeof template === 'string' && wantsNumber(template, numbered);
  if (typeof value === 'string') return (whole ? value.replaceAll(NO_NUMBER_YET, () => incident) : value) as T;
  if (Array.isArray(value))
    return value.map((one: Json, at) =>
      filled(whole ? template : Array.isArray(template) ? template[at] : undefined, one, numbering),
    ) as Json as T;
  if (typeof value !== 'object' || value === null) return value;
  const inside = typeof template === 'object' && template !== null && !Array.isArray(template) ? (template as JsonObject) : {};
  const entries = Object.entries(value as JsonObject).map(([key, one]) => [key, filled(whole ? template : inside[key], one, numbering)]);
  return Object.fromEntries(entries) as Json as T;
}
