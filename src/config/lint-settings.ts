// Steps that set what a service reads: what lowers its security is approved before and has an end, and an undo names the same keys.
import type { DoStep, Step } from '../domain/ir.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import { isDangerous, type SettingValue } from '../domain/setting.ts';
import type { RunbookDraft } from './draft.ts';
import type { LintContext } from './lint-types.ts';
import type { Problems } from './problems.ts';
import type { Span } from './source-text.ts';

export interface SettingStep {
  readonly step: DoStep;
  readonly draft: RunbookDraft;
  readonly context: LintContext;
  readonly problems: Problems;
  readonly at: (...path: readonly (string | number)[]) => Span;
}

export function lintSettings(one: SettingStep): void {
  lintDangerous(one);
  lintUndoKeys(one);
}

/** A bypass that nobody said yes to, or that nobody takes back, is a hole. */
function lintDangerous({ step, draft, context, problems, at }: SettingStep): void {
  const keys = dangerousIn(step, context);
  if (keys.length === 0) return;
  const what = `${keys.join(', ')} lowers the security of the service`;
  if (step.contingency?.atExpiry !== 'undo')
    problems.error('dangerous-setting', at('with'), `${what}, and the step ${step.id} does not end by itself`, {
      hint: 'Add "contingency: { owner: <role>, expires: 30m, atExpiry: undo }" and an undo.',
    });
  if (!draft.complete) return;
  const steps = [...draft.steps.values()].map((place) => place.step);
  const before = steps.slice(0, steps.indexOf(step as Step));
  if (!before.some((other) => other.kind === 'approve'))
    problems.error('dangerous-setting', at('with'), `${what}, and nobody approves it before`, {
      hint: 'Put a step "belay approve" before it: from: [<role>].',
    });
  if (step.evidence.length === 0)
    problems.error('dangerous-setting', at('with'), `${what}, and the step ${step.id} leaves no evidence`, {
      hint: 'Add "evidence: [<id>]", and name the id in the front matter.',
    });
}

function dangerousIn(step: DoStep, { system }: LintContext): readonly string[] {
  const named = system.policy?.dangerous ?? [];
  if (step.do === 'config.set')
    return Object.entries(mapping(step.with['set'])).flatMap(([key, value]) =>
      value !== null && isDangerous(key, plain(value), named) ? [key] : [],
    );
  if (step.do !== 'flag.set') return [];
  const flag = (system.flags ?? []).find((one) => one.id === step.with['flag']);
  const key = flag !== undefined && 'key' in flag && flag.key !== undefined ? flag.key : String(step.with['flag'] ?? '');
  return isDangerous(key, plain(step.with['to'] ?? true), named) ? [key] : [];
}

/** A reference may become anything: it counts as on. */
const plain = (value: Json): SettingValue =>
  typeof value === 'boolean' || typeof value === 'number' || (typeof value === 'string' && !value.includes('{')) ? value : true;

const mapping = (value: Json | undefined): JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};

/** What is taken back is compared by the same keys, or it would look as if somebody else had changed them. */
function lintUndoKeys({ step, problems, at }: SettingStep): void {
  const { undo } = step;
  if (step.do !== 'config.set' && step.do !== 'config.unset') return;
  if (undo === undefined || (undo.do !== 'config.set' && undo.do !== 'config.unset')) return;
  const [done, undone] = [keysOf(step.with), keysOf(undo.with)];
  if (done.length === 0 || undone.length === 0 || done.join(' ') === undone.join(' ')) return;
  problems.error('undo-keys', at('undo'), `the undo of ${step.id} is about ${undone.join(', ')}, the step about ${done.join(', ')}`, {
    hint: 'Name the same keys in both; what was not there before is null: set: { KEY: null }.',
  });
}

function keysOf(args: JsonObject): readonly string[] {
  const keys = args['keys'];
  return (Array.isArray(keys) ? keys.map(String) : Object.keys(mapping(args['set']))).toSorted();
}
