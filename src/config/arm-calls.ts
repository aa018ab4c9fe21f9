// An arm of a `choose` step that calls a runbook: it becomes a `call` step right behind, which is done when the arm was chosen and skipped when not.
import { expressionId } from '../domain/condition-names.ts';
import type { CallStep, ChooseStep } from '../domain/ir.ts';
import { bareRunbook } from '../domain/ir.ts';
import type { Problems } from './problems.ts';
import { collectProblems } from './problems.ts';
import { entryAt, jsonObject } from './read.ts';
import type { StepDraft } from './steps.ts';
import type { Value } from './yaml.ts';

/** The draft of the step itself, and those of what its arms call. */
export function withArmCalls(draft: StepDraft, problems: Problems): readonly StepDraft[] {
  const { step, body, readable } = draft;
  if (step.kind !== 'choose' || !readable) return [draft];
  return [
    draft,
    ...Object.keys(step.arms).flatMap((name) => callOf(draft, step, { name, arm: entryAt(body, ['arms', name]).value, problems })),
  ];
}

interface Arm {
  readonly name: string;
  readonly arm: Value;
  readonly problems: Problems;
}

function callOf(draft: StepDraft, step: ChooseStep, { name, arm, problems }: Arm): readonly StepDraft[] {
  const called = arm.kind === 'map' ? arm.entries.find((entry) => entry.key === 'call') : undefined;
  if (called?.value.kind !== 'scalar' || typeof called.value.value !== 'string') return [];
  if (step.arms[name]?.goto !== undefined) {
    problems.error('arm', called.keySpan, `the arm ${name} says both goto and call`, {
      hint: 'Let the called runbook be one, or go to a step.',
    });
    return [];
  }
  const given = entryAt(arm, ['with']).value;
  const call: CallStep = {
    kind: 'call',
    id: `${step.id}-${name}`,
    title: step.arms[name]?.title ?? name,
    text: '',
    when: `steps.${expressionId(step.id)}.out.choice == ${JSON.stringify(name)}`,
    fail: step.fail,
    meets: [],
    evidence: [],
    runbook: bareRunbook(called.value.value),
    // What cannot be read there has been told when the arm was read.
    with: (given === arm ? undefined : jsonObject(given, collectProblems(problems.source), 'with')) ?? {},
  };
  return [{ ...draft, step: call, span: called.value.span, body: arm }];
}
