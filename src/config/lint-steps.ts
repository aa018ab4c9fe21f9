// Each step against the runbook and the system: roles, clocks, evidence, jumps, messages, and that what is done can be taken back.
import type { DoStep, Step } from '../domain/ir.ts';
import { stepsOf } from '../domain/ir.ts';
import type { Json } from '../domain/json.ts';
import { LIVE_SWITCHES, RELEASE_SWITCHES } from '../domain/put-live.ts';
import type { RunbookDraft } from './draft.ts';
import { lintApproval } from './lint-approvals.ts';
import { lintArguments, walkTexts } from './lint-arguments.ts';
import { lintCall, lintEach } from './lint-calls.ts';
import { lintDatabaseStep } from './lint-databases.ts';
import { demandKnown } from './lint-names.ts';
import { lintPromise } from './lint-promises.ts';
import { lintRun } from './lint-run.ts';
import { lintSettings } from './lint-settings.ts';
import { lintStrict } from './lint-strict.ts';
import type { StepAsking as Asking, LintContext } from './lint-types.ts';
import type { Problems } from './problems.ts';
import { entryAt } from './read.ts';
import type { Span } from './source-text.ts';
import type { StepDraft } from './steps.ts';
import { isWritten } from './steps.ts';

export function lintSteps(draft: RunbookDraft, context: LintContext, problems: Problems): void {
  const way: Way = { order: stepsOf(draft.runbook), ids: new Set(draft.steps.keys()) };
  for (const place of draft.steps.values()) {
    const asking: Asking = { draft, place, context, problems, at: (...path) => spanOf(place, path) };
    lintCommon(place.step, asking);
    lintJumps(place.step, way, asking);
    lintKind(place.step, asking);
  }
}

/** What stands under no key is about the block as a whole. */
function spanOf(place: StepDraft, path: readonly (string | number)[]): Span {
  const [first] = path;
  if (first === undefined || !isWritten(place.body, String(first))) return place.span;
  return entryAt(place.body, path).value.span;
}

function lintCommon(step: Step, asking: Asking): void {
  const { draft, context, problems, at, place } = asking;
  if (step.whenCheck !== undefined) lintProbe(step.whenCheck, ['when'], asking);
  if (step.who !== undefined && isWritten(place.body, 'who'))
    demandRole(step.who, at('who'), draft, context, problems, context.known.people);
  lintRetry(step, asking);
  lintTimes(step, asking);
  const clocks = new Set([...Object.keys(draft.runbook.clocks), ...context.known.clocks]);
  const item = (key: 'meets' | 'evidence', index: number): Span => {
    const value = entryAt(place.body, [key]).value;
    return value.kind === 'list' ? entryAt(value, [index]).value.span : at(key);
  };
  for (const [index, name] of step.meets.entries())
    demandKnown({ rule: 'unknown-clock', what: 'clock', name, known: clocks, span: item('meets', index) }, problems);
  const evidence = new Set(draft.runbook.evidence);
  for (const [index, name] of step.evidence.entries())
    demandKnown(
      {
        rule: 'unknown-evidence',
        what: 'evidence',
        name,
        known: evidence,
        span: item('evidence', index),
        hint: 'Evidence is declared in the front matter.',
      },
      problems,
    );
}

/** What a kind does instead of being tried again. */
const NO_RETRY: Readonly<Partial<Record<Step['kind'], string>>> = {
  manual: 'people answer until it is complete',
  approve: 'a question stays open until somebody answers',
  choose: 'a question stays open until somebody answers',
  verify: 'it is asked again every so often until its time-out: write every and timeout',
  watch: 'it looks again every so often: write every',
  wait: 'it waits until its time-out',
  notify: 'a message is sent again until it arrives',
};

function lintRetry(step: Step, { problems, at, place }: Asking): void {
  const instead = NO_RETRY[step.kind];
  if (instead === undefined || !isWritten(place.body, 'retry')) return;
  problems.error('no-effect', at('retry'), `retry has no effect on a ${step.kind} step: ${instead}`, { hint: 'Remove it.' });
}

/** A step that cannot come to its end in its time. */
function lintTimes(step: Step, { problems, at, place }: Asking): void {
  if (!isWritten(place.body, 'timeout') || step.timeoutMs === undefined) return;
  const needs = step.kind === 'watch' || step.kind === 'wait' ? (step.forMs ?? 0) : 0;
  if (step.timeoutMs < needs)
    problems.error('timeout-too-short', at('timeout'), `the step ${step.id} lasts longer than its timeout`, {
      hint: 'Make timeout longer than for.',
    });
  const attempt = step.retry?.attemptMs;
  if (attempt !== undefined && attempt > step.timeoutMs)
    problems.error(
      'timeout-too-short',
      at('timeout'),
      `one attempt of ${step.id} lasts longer than its timeout, which is for all of them`,
      {
        hint: 'Make timeout longer than attempt.',
      },
    );
}

function demandRole(
  name: string,
  span: Span,
  draft: RunbookDraft,
  context: LintContext,
  problems: Problems,
  people: ReadonlySet<string> = new Set(),
): void {
  const known = new Set([...Object.keys(draft.runbook.roles), ...context.known.roles, ...people]);
  demandKnown({ rule: 'unknown-role', what: 'role', name, known, span }, problems);
}

/** Of the whole runbook. */
interface Way {
  readonly order: readonly Step[];
  readonly ids: ReadonlySet<string>;
}

/** A jump leads to a step; one that leads back passes people, or it could go round for ever. */
function lintJumps(step: Step, { order, ids }: Way, { draft, problems, at, place }: Asking): void {
  const jumps: { readonly to: string; readonly span: Span }[] = [];
  if (step.fail.then === 'goto') jumps.push({ to: step.fail.step, span: at('fail') });
  if (step.kind === 'choose')
    for (const [name, arm] of Object.entries(step.arms))
      if (arm.goto !== undefined) jumps.push({ to: arm.goto, span: at('arms', name, 'goto') });
  for (const { to, span } of jumps) {
    if (!draft.complete && !ids.has(to)) continue;
    if (!demandKnown({ rule: 'unknown-step', what: 'step', name: to, known: ids, span }, problems)) continue;
    const from = order.indexOf(place.step);
    const target = order.findIndex((one) => one.id === to);
    if (target > from || order.slice(target, from + 1).some(waitsForPeople)) continue;
    problems.error('goto-loop', span, `the way back to ${to} passes no person: it could go round for ever`, {
      hint: 'Put a manual or approve step on the way, or choose ask.',
    });
  }
}

function waitsForPeople(step: Step): boolean {
  return step.kind === 'manual' || step.kind === 'approve' || (step.kind === 'choose' && step.by === undefined);
}

function lintKind(step: Step, asking: Asking): void {
  const { draft, context, problems, at, place } = asking;
  switch (step.kind) {
    case 'approve':
      if (isWritten(place.body, 'from'))
        for (const [index, name] of step.from.entries()) demandRole(name, listSpan(place, 'from', index), draft, context, problems);
      lintApproval(step, asking);
      return;
    case 'choose':
      return;
    case 'do':
      lintDo(step, asking);
      return;
    case 'verify':
    case 'watch':
      for (const [index, check] of step.checks.entries()) lintProbe(check, [step.mode, index], asking);
      if (step.kind === 'watch') lintStrict(step, asking);
      return;
    case 'collect':
      for (const [index, one] of step.from.entries()) {
        lintProbe(one, ['from', index], asking);
        demandKnown(
          {
            rule: 'unknown-evidence',
            what: 'evidence',
            name: one.evidence ?? '',
            known: new Set(draft.runbook.evidence),
            span: at('from', index, 'evidence'),
            hint: 'Evidence is declared in the front matter.',
          },
          problems,
        );
      }
      return;
    case 'notify':
      for (const [index, name] of step.to.entries())
        demandKnown(
          { rule: 'unknown-audience', what: 'audience', name, known: context.known.audiences, span: listSpan(place, 'to', index) },
          problems,
        );
      lintPromise(step, asking);
      return;
    case 'call':
      lintCall(step, asking);
      return;
    case 'each':
      lintEach(step, asking);
      return;
    case 'run':
      lintRun(step, asking);
      return;
    case 'wait':
      demandKnown(
        { rule: 'unknown-window', what: 'window', name: step.window ?? '', known: context.known.windows, span: at('window') },
        problems,
      );
      return;
    case 'manual':
      return;
  }
}

function listSpan(place: StepDraft, key: string, index: number): Span {
  const value = entryAt(place.body, [key]).value;
  return value.kind === 'list' ? entryAt(value, [index]).value.span : value.span;
}

function lintProbe(
  one: { readonly probe: string; readonly with: DoStep['with'] },
  path: readonly (string | number)[],
  { draft, context, problems, at, place }: Asking,
): void {
  lintArguments({
    kind: 'probe',
    name: one.probe,
    args: one.with,
    nameSpan: at(...path, 'probe'),
    value: entryAt(place.body, path).value,
    draft,
    context,
    problems,
  });
}

function lintDo(step: DoStep, asking: Asking): void {
  const { draft, context, problems, at, place } = asking;
  if (!place.readable) return;
  lintArguments({
    kind: 'action',
    name: step.do,
    args: step.with,
    nameSpan: wordIn(place.span, step.do, draft),
    value: place.body,
    draft,
    context,
    problems,
  });
  const { undo } = step;
  if (undo !== undefined)
    lintArguments({
      kind: 'action',
      name: undo.do,
      args: undo.with,
      nameSpan: at('undo', 'do'),
      value: entryAt(place.body, ['undo']).value,
      draft,
      context,
      problems,
    });
  for (const [index, check] of step.verify.entries()) lintProbe(check, ['verify', index], asking);
  if (step.contingency !== undefined) demandRole(step.contingency.owner, at('contingency', 'owner'), draft, context, problems);
  lintUndo(step, asking);
  lintUnwatched(step, asking);
  lintRelative(step, asking);
  lintForcePush(step, asking);
  lintDatabaseStep(step, place.span, { draft, context }, problems);
  lintSettings({ step, draft, context, problems, at });
  if (step.do === 'belay.undo') lintUndone(step, asking);
}

/** The action's place in the line of the fence. */
function wordIn(span: Span, word: string, draft: RunbookDraft): Span {
  const start = draft.problems.source.text.indexOf(word, span.start);
  return start === -1 || start >= span.end ? span : { start, end: start + word.length };
}

/** Actions that are themselves a taking back, or that change nothing outside. */
const NEED_NO_UNDO = new Set([
  'belay.undo',
  'belay.pause',
  'belay.resume',
  'deploy.abort',
  'deploy.thaw',
  'db.thaw',
  'belay.thaw',
  'service.restart',
]);

function lintUndo(step: DoStep, { context, problems, place, at }: Asking): void {
  const written = ['undo', 'irreversible'].some((key) => isWritten(place.body, key) || key in step.with);
  const recovered = step.undo !== undefined || step.irreversible !== undefined;
  if (written || recovered || NEED_NO_UNDO.has(step.do) || context.actions[step.do]?.effect === 'read') return;
  problems.error('undo-missing', at(), `the step ${step.id} says neither how it is taken back nor why it cannot be`, {
    hint: 'Add "undo: { do: …, with: { … } }", or "irreversible: <why>".',
  });
}

/** A check looks once: what breaks a minute later, in a run that nobody began, finds nobody. */
function lintUnwatched(step: DoStep, { draft, problems, at }: Asking): void {
  if (!LIVE_SWITCHES.has(step.do) || draft.runbook.start !== 'auto' || !draft.complete) return;
  const steps = [...draft.steps.values()].map((one) => one.step);
  const later = steps.slice(steps.findIndex((one) => one.id === step.id) + 1);
  if (later.some((one) => one.kind === 'watch')) return;
  problems.warn('unwatched', at(), `the runbook starts by itself, and nobody watches what comes after ${step.id}`, {
    hint: 'Add a step below it: belay watch, with "for: 30m" and the checks that must hold.',
  });
}

/** Commits that others have built on vanish from the branch: a person must want that. */
function lintForcePush(step: DoStep, { context, problems, place, at }: Asking): void {
  const warn = (name: Json | undefined, span: Span): void => {
    const target = context.system.targets.find((one) => one.id === name);
    if (target?.driver !== 'git' || !target.rewrite) return;
    problems.warn(
      'force-push',
      span,
      `${target.id} rewrites history: what came after the release goes from ${target.branch}, for everybody`,
      {
        hint: `Belay always asks first. Without "rewrite: true" the target ${target.id} adds a commit instead.`,
      },
    );
  };
  if (RELEASE_SWITCHES.has(step.do)) warn(step.with['target'], at('with', 'target'));
  if (step.undo !== undefined && RELEASE_SWITCHES.has(step.undo.do))
    warn(step.undo.with['target'], entryAt(place.body, ['undo', 'with', 'target']).value.span);
}

/** A second try of a relative command goes one further back: to the broken release, or to a dropped table. */
const RELATIVE = /^(previous|prev|-\d+|~\d+|HEAD[~^]\d*)$|\brevert\s+\d+\b|\bservice\s+rollback\b|\bdowngrade\s+-\d/i;

function lintRelative(step: DoStep, { problems, place }: Asking): void {
  const look = (args: DoStep['with'], prefix: readonly string[]): void => {
    for (const [key, value] of Object.entries(args)) {
      walkTexts(value, [key], (text, path) => {
        if (!RELATIVE.test(text.trim())) return;
        problems.error(
          'relative-undo',
          entryAt(place.body, [...prefix, 'with', ...path]).value.span,
          `"${text}" is relative: a retry after a crash would go one further`,
          { expected: 'a target by name, such as "{release.previous}", which the plan turns into a name' },
        );
      });
      if (typeof value === 'number' && value < 0)
        problems.error(
          'relative-undo',
          entryAt(place.body, [...prefix, 'with', key]).value.span,
          `${value} is relative: a retry after a crash would go one further`,
          { expected: 'a target by name' },
        );
    }
  };
  look(step.with, []);
  if (step.undo !== undefined) look(step.undo.with, ['undo']);
}

function lintUndone(step: DoStep, { draft, problems, place }: Asking): void {
  const names = step.with['steps'];
  if (!Array.isArray(names) || !draft.complete) return;
  const done = new Map([...draft.steps.values()].flatMap(({ step: one }) => (one.kind === 'do' ? [[one.id, one] as const] : [])));
  for (const [index, name] of names.entries()) {
    const span = entryAt(place.body, ['with', 'steps', index]).value.span;
    if (!demandKnown({ rule: 'unknown-step', what: 'do step', name: String(name), known: new Set(done.keys()), span }, problems)) continue;
    // One that says neither has been told at its own place.
    if (done.get(String(name))?.irreversible !== undefined)
      problems.error('undo-missing', span, `${String(name)} is irreversible, so it cannot be taken back`);
  }
}
