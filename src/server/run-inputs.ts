// Inputs of a runbook as a form gives them: texts by the names of its inputs, as values of their types or as what is wrong beside each.
// Whether a release is there is asked when the plan is made.

import { writtenTime } from '../config/written-time.ts';
import type { InputSpec, Runbook } from '../domain/ir.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import { organizationNamed, type System } from '../domain/system.ts';
import { parseDuration } from '../domain/units.ts';
import { instantOf } from './form-fields.ts';

export type InputProblem = 'missing' | 'notInt' | 'notDuration' | 'notTime' | 'notOne';

export interface ReadInputs {
  readonly values: JsonObject;
  readonly problems: Readonly<Record<string, InputProblem>>;
}

/** Of a form's field: no name of an input begins so. */
export const FIELD = 'in.';
/** What the field that overrides a guard begins with. */
export const OVERRIDE = 'override.';
const LONGEST = 2_000;

export function readInputs(runbook: Runbook, texts: Readonly<Record<string, string>>, system: System): ReadInputs {
  const values: Record<string, Json> = {};
  const problems: Record<string, InputProblem> = {};
  for (const [name, spec] of Object.entries(runbook.inputs)) {
    const text = (texts[name] ?? '').trim().slice(0, LONGEST);
    if (text === '') {
      if (spec.required && spec.default === undefined) problems[name] = 'missing';
      continue;
    }
    const read = typedValue(text, spec, system);
    if ('problem' in read) problems[name] = read.problem;
    else if (spec.oneOf !== undefined && !spec.oneOf.includes(read.value)) problems[name] = 'notOne';
    else values[name] = read.value;
  }
  return { values, problems };
}

type Read = { readonly value: Json } | { readonly problem: InputProblem };

function typedValue(text: string, { type }: InputSpec, system: System): Read {
  switch (type) {
    case 'int':
      return /^-?\d{1,15}$/.test(text) ? { value: Number(text) } : { problem: 'notInt' };
    case 'bool':
      return text === 'true' || text === 'false' ? { value: text === 'true' } : { problem: 'notOne' };
    case 'duration': {
      const parsed = parseDuration(text);
      return parsed.ok ? { value: parsed.value } : { problem: 'notDuration' };
    }
    case 'time':
      return timeOf(text, system.zone);
    case 'org':
      return organizationNamed(system.organizations, text) === undefined ? { problem: 'notOne' } : { value: text };
    case 'component':
      return system.components.some((one) => one.id === text) ? { value: text } : { problem: 'notOne' };
    default:
      return { value: text };
  }
}

function timeOf(text: string, zone: string): Read {
  // A field of a browser gives the wall clock; what was a value before is written with its zone.
  const written = writtenTime(text);
  return written === null ? { problem: 'notTime' } : { value: written.at ?? instantOf(written.wall, zone) };
}
