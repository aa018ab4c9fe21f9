// The plan of a `run` step: the words that would be started, and whether belay.yaml allows them. Nothing is started.
import type { ActionCall, CommandCall, RunStep } from '../domain/ir.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import type { PlanStep } from '../domain/plan.ts';
import { argumentProblem, NO_RUN_POLICY, runRefusal } from '../domain/run-policy.ts';
import type { System } from '../domain/system.ts';
import { NO_NUMBER_YET, type Numbering, wantsNumber } from './incident-number.ts';
import type { Lookup } from './refs.ts';
import { resolveRefs } from './refs.ts';

export interface PlannedCommand {
  readonly step: PlanStep;
  readonly unknown: string | null;
}

interface Planning {
  readonly system: System;
  readonly lookup: Lookup;
  /** The plan's own runbook. */
  readonly top: { readonly runbook: string; readonly irHash: string };
}

export function planRun(
  step: RunStep,
  base: Pick<PlanStep, 'id' | 'kind' | 'title'>,
  { system, lookup: known, top }: Planning,
): PlannedCommand {
  const lookup: Lookup = (path) => (path.join('.') === 'incident.id' ? INCIDENT : known(path));
  const cmd = wordsIn(step.cmd, lookup);
  const undo = step.undo === undefined ? null : undoIn(step.undo, lookup);
  const args: JsonObject = {
    cmd: cmd.words as unknown as Json,
    ...(step.on === 'local' ? {} : { on: step.on }),
    ...(step.cwd === undefined ? {} : { cwd: step.cwd }),
    ...(step.env.length === 0 ? {} : { env: step.env as unknown as Json }),
  };
  const planned: PlanStep = {
    ...base,
    action: 'run',
    args,
    effect: step.effect === 'read' ? 'none' : 'change',
    ...(undo === null ? {} : { undo: undo.call }),
    ...(step.irreversible === undefined ? {} : { irreversible: step.irreversible }),
    ...(step.effect === 'read' ? {} : { compareAndSet: 'none' as const, notes: ['own-program' as const] }),
  };
  const why = cmd.problem ?? undo?.problem ?? refusalIn(step, system, top);
  return why === null ? { step: planned, unknown: null } : { step: { ...planned, effect: 'unknown' }, unknown: why };
}

function refusalIn(step: RunStep, system: System, top: Planning['top']): string | null {
  const refusal = runRefusal(system.policy?.run ?? NO_RUN_POLICY, { ...top, step });
  return refusal === null ? null : `${refusal.message}. ${refusal.hint}`;
}

/** A run that has not begun has no incident: its number is filled in when the command is started. */
const INCIDENT = '{incident.id}';

interface Words {
  readonly words: readonly string[];
  readonly problem: string | null;
}

function wordsIn(template: readonly string[], lookup: Lookup): Words {
  const filled = resolveRefs(template as unknown as Json[], lookup);
  const words = filled.value.map((one) => (typeof one === 'string' ? one : JSON.stringify(one)));
  if (filled.missing.length > 0) return { words, problem: `no value yet for {${filled.missing.join('}, {')}}` };
  return { words, problem: numberProblem(template, words) ?? argumentProblem(template, words) };
}

/** A value that reads like the reference itself would be taken for it: in such a word nobody can tell them apart. */
function numberProblem(template: readonly string[], words: readonly string[]): string | null {
  const times = (text: string): number => text.split(INCIDENT).length - 1;
  const mixed = template.find((written, at) => times(written) > 0 && times(words[at] ?? '') !== times(written));
  return mixed === undefined ? null : `a value in ${mixed} reads ${INCIDENT} itself`;
}

/** Planned words with the number of the incident wherever the runbook's own text wants it; what an input says is never read. */
export function withIncident(template: readonly string[], planned: Json | undefined, { incident, numbered }: Numbering): readonly string[] {
  if (!Array.isArray(planned)) return [];
  return planned.map((word, at) => {
    const [text, written] = [String(word), template[at] ?? ''];
    if (written.includes(INCIDENT)) return text.replaceAll(INCIDENT, () => incident);
    // By an input of a called runbook, which its caller fills with the number.
    return wantsNumber(written, numbered) ? text.replaceAll(NO_NUMBER_YET, () => incident) : text;
  });
}

function undoIn(
  undo: ActionCall | CommandCall,
  lookup: Lookup,
): { readonly call: NonNullable<PlanStep['undo']>; readonly problem: string | null } {
  if ('cmd' in undo) {
    const { words, problem } = wordsIn(undo.cmd, lookup);
    return { call: { action: 'run', args: { cmd: words as unknown as Json } }, problem };
  }
  const args = resolveRefs(undo.with, lookup);
  return {
    call: { action: undo.do, args: args.value },
    problem: args.missing.length === 0 ? null : `no value yet for {${args.missing.join('}, {')}}`,
  };
}
