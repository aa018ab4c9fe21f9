// A step's outline becomes a step of the IR. What cannot be read is told; the step is then built from what could.
import { DEFAULT_AT_ONCE, DEFAULT_BATCHES } from '../domain/fan-out.ts';
import type { Check, CollectStep, DoStep, EachStep, ManualStep, Runbook, RunStep, Step, StepKind, VerifyStep } from '../domain/ir.ts';
import { bareRunbook, STEP_KINDS } from '../domain/ir.ts';
import { nearest } from '../domain/nearest.ts';
import { LOCAL } from '../domain/run-policy.ts';
import type { Block, StepOutline } from './outline.ts';
import { hasTasks, itemsOf, proseOf } from './outline.ts';
import type { Problems } from './problems.ts';
import type { Shape } from './read.ts';
import { present, readFields } from './read.ts';
import type { SourceText, Span } from './source-text.ts';
import type { Read } from './step-fields.ts';
import { APPROVE, CALL, CHOOSE, COLLECT, type COMMON, DO, EACH, MANUAL, NOTIFY, RUN, RUN_SQL, VERIFY, WAIT, WATCH } from './step-fields.ts';
import type { Value } from './yaml.ts';
import { readYaml } from './yaml.ts';

/** Kinds with a word after theirs, and what that is. */
const NAMING: Readonly<Partial<Record<StepKind, { readonly what: string; readonly example: string }>>> = {
  do: { what: 'the action that it does', example: '```belay do deploy.rollback' },
  call: { what: 'the runbook that it calls', example: '```belay call org-rollback' },
  each: { what: 'the runbook of one organization', example: '```belay each org-rollback' },
};

const DEFAULT_VERIFY_EVERY_MS = 5000;
const DEFAULT_WATCH_EVERY_MS = 10_000;

/** A step with the places it came from. */
export interface StepDraft {
  readonly step: Step;
  /** The line of the fence, or the heading where there is none. */
  readonly span: Span;
  readonly heading: Span;
  readonly body: Value;
  /** False: its block could not be read, so nothing may be concluded from what it lacks. */
  readonly readable: boolean;
}

export interface StepNeeds {
  readonly id: string;
  readonly roles: Runbook['roles'];
  readonly source: SourceText;
  readonly problems: Problems;
}

interface Base {
  readonly id: string;
  readonly title: string;
  readonly text: string;
}

/** Null for a note, and for what is no step at all (told). */
export function buildStep(outline: StepOutline, needs: StepNeeds): StepDraft | null {
  const { problems, source } = needs;
  const checks = itemsOf(outline.nodes, source, false);
  if (outline.note) {
    if (outline.block !== null)
      problems.error('note-with-block', outline.block.span, `"${outline.title}" is marked {.note} and has a belay block`, {
        hint: 'Remove the mark, or the block.',
      });
    return null;
  }
  const { block } = outline;
  if (block === null && checks.length === 0) {
    if (outline.broken) return unreadable(outline, needs);
    problems.error('step-empty', outline.span, `the step "${outline.title}" has neither a belay block nor a checklist`, {
      hint: 'Add one, or mark it as prose: {.note}.',
    });
    return null;
  }
  if (block === null) return withoutBlock(outline, needs, checks);
  return fromBlock(outline, block, needs, checks);
}

function baseOf(outline: StepOutline, needs: StepNeeds, kind: StepKind): Base {
  const boxes = kind === 'manual' ? hasTasks : () => false;
  return { id: needs.id, title: outline.title, text: proseOf(outline.nodes, needs.source, boxes) };
}

function withoutBlock(outline: StepOutline, needs: StepNeeds, checks: readonly string[]): StepDraft {
  const body: Value = { kind: 'map', span: outline.span, entries: [], flow: false };
  const step = manual(baseOf(outline, needs, 'manual'), readFields(MANUAL, body, needs.problems, 'manual'), needs, checks);
  return { step, span: outline.span, heading: outline.span, body, readable: !outline.broken };
}

function unreadable(outline: StepOutline, needs: StepNeeds): StepDraft {
  return { ...withoutBlock(outline, needs, []), readable: false };
}

function fromBlock(outline: StepOutline, block: Block, needs: StepNeeds, checks: readonly string[]): StepDraft {
  const { problems } = needs;
  const kind = kindOf(block, problems);
  const body = readYaml(block.region, problems);
  if (kind === null || body.kind !== 'map') {
    if (body.kind !== 'map' && body.kind !== 'broken')
      problems.error('wrong-type', body.span, 'a block holds keys and values', { expected: 'key: value' });
    return { ...unreadable(outline, needs), span: block.span, body };
  }
  if (kind !== 'manual' && checks.length > 0)
    problems.warn('checklist', outline.span, `nobody ticks the boxes of a ${kind} step`, {
      hint: 'Give the checklist a manual step of its own.',
    });
  const target = targetOf(block, kind, problems);
  const step = build(kind, { base: baseOf(outline, needs, kind), body, target, needs, checks });
  return { step, span: block.span, heading: outline.span, body, readable: true };
}

function kindOf(block: Block, problems: Problems): StepKind | null {
  const [word] = block.words;
  const expected = `one of ${STEP_KINDS.join(', ')}`;
  if (word === undefined) {
    problems.error('fence-kind', block.span, 'this belay block says no kind', { expected });
    return null;
  }
  const known = STEP_KINDS.find((kind) => kind === word);
  if (known !== undefined) return known;
  const near = nearest(word, STEP_KINDS);
  problems.error('fence-kind', block.span, `there is no step of kind ${word}`, {
    expected,
    didYouMean: near,
    known: [...STEP_KINDS, 'template'],
  });
  return STEP_KINDS.find((kind) => kind === near) ?? null;
}

/** The word after the kind, where it takes one. */
function targetOf(block: Block, kind: StepKind, problems: Problems): string {
  const [, target, ...more] = block.words;
  const named = NAMING[kind];
  if (named !== undefined && target === undefined)
    problems.error('fence-kind', block.span, `${kind} needs ${named.what}`, { expected: named.example });
  const odd = named === undefined ? target : more[0];
  if (odd !== undefined)
    problems.error('fence-kind', block.span, `${odd} is one word too many after ${kind}`, {
      hint: 'Fields are written below, each on its line.',
    });
  return named === undefined ? '' : (target ?? '');
}

interface Making {
  readonly base: Base;
  readonly body: Extract<Value, { kind: 'map' }>;
  readonly target: string;
  readonly needs: StepNeeds;
  readonly checks: readonly string[];
}

function build(kind: StepKind, making: Making): Step {
  const { base, body, needs } = making;
  const read = <S extends Shape>(shape: S): Read<S> => readFields(shape, body, needs.problems, kind);
  switch (kind) {
    case 'manual':
      return manual(base, read(MANUAL), needs, making.checks);
    case 'approve':
      return approve(base, read(APPROVE), making);
    case 'choose':
      return choose(base, read(CHOOSE), making);
    case 'do':
      return act(base, read(DO), making);
    case 'verify':
      return verify(base, read(VERIFY), making);
    case 'watch':
      return watch(base, read(WATCH), making);
    case 'wait':
      return wait(base, read(WAIT), making);
    case 'notify': {
      const fields = read(NOTIFY);
      return {
        ...common(base, fields, needs),
        kind,
        template: fields.template ?? '',
        to: fields.to ?? [],
        ...present({ promiseMs: fields.promise }),
      };
    }
    case 'collect':
      return collect(base, read(COLLECT), needs);
    case 'run':
      return isWritten(body, 'sql') ? sqlOf(base, read(RUN_SQL), making) : runOf(base, read(RUN), making);
    case 'call': {
      const { with: given, lock, ...fields } = read(CALL);
      return {
        ...common(base, fields, needs),
        kind,
        ...present({ lock }),
        runbook: bareRunbook(making.target),
        with: given ?? {},
      };
    }
    case 'each':
      return each(base, read(EACH), making);
  }
}

function common(base: Base, fields: Read<typeof COMMON>, needs: StepNeeds) {
  const who = fields.who ?? (needs.roles['commander'] === undefined ? undefined : 'commander');
  return {
    ...base,
    ...present({
      who,
      when: typeof fields.when === 'string' ? fields.when : undefined,
      whenCheck: typeof fields.when === 'object' ? fields.when : undefined,
      pre: fields.pre,
      withinMs: fields.within,
      timeoutMs: fields.timeout,
      takesMs: fields.takes?.mostMs,
      takesLeastMs: fields.takes !== undefined && fields.takes.leastMs < fields.takes.mostMs ? fields.takes.leastMs : undefined,
      retry: fields.retry,
    }),
    fail: fields.fail ?? ({ then: 'stop' } as const),
    meets: fields.meets ?? [],
    evidence: fields.evidence ?? [],
  };
}

function manual(base: Base, fields: Read<typeof MANUAL>, needs: StepNeeds, checks: readonly string[]): ManualStep {
  const answers = Object.entries(fields.answers ?? {}).flatMap(([name, answer]) =>
    answer.type === undefined ? [] : [[name, { type: answer.type }] as const],
  );
  return { ...common(base, fields, needs), kind: 'manual', checks, count: fields.count ?? 1, answers: Object.fromEntries(answers) };
}

function approve(base: Base, fields: Read<typeof APPROVE>, { needs, body }: Making): Step {
  const commander = needs.roles['commander'] === undefined ? [] : ['commander'];
  if (fields.from === undefined && commander.length === 0 && !isWritten(body, 'from')) {
    needs.problems.error('missing-key', spanOfStart(body), 'approve lacks from', {
      hint: 'Add "from: [<role>]", or declare the role commander.',
    });
  }
  return {
    ...common(base, fields, needs),
    kind: 'approve',
    from: fields.from ?? commander,
    min: fields.min ?? 1,
    // Where it is not written, the runbook decides: on where something irreversible is done.
    fourEyes: fields.fourEyes ?? false,
    show: fields.show ?? ['plan', 'guards'],
    onTimeout: fields.onTimeout ?? 'escalate',
  };
}

function choose(base: Base, fields: Read<typeof CHOOSE>, { needs, body }: Making): Step {
  const arms = Object.entries(fields.arms ?? {}).map(
    ([name, arm]) => [name, { title: arm.title ?? name, human: arm.human ?? false, ...present({ goto: arm.goto }) }] as const,
  );
  if (fields.arms !== undefined && arms.length < 2)
    needs.problems.error('missing-key', spanOfStart(body), 'choose needs at least two arms');
  return { ...common(base, fields, needs), kind: 'choose', ...present({ by: fields.by, ask: fields.ask }), arms: Object.fromEntries(arms) };
}

function act(base: Base, fields: Read<typeof DO>, { needs, target, body }: Making): DoStep {
  const { undo, contingency } = fields;
  if (isWritten(body, 'undo') && isWritten(body, 'irreversible'))
    needs.problems.error('undo-missing', spanOfStart(body), 'a step is either taken back by undo or irreversible, not both');
  if (contingency?.atExpiry === 'undo' && !isWritten(body, 'undo'))
    needs.problems.error('undo-missing', spanOfStart(body), 'a measure that takes itself back when it expires needs an undo', {
      hint: 'Add "undo: { do: …, with: { … } }", or leave atExpiry out: then its owner is reminded.',
    });
  return {
    ...common(base, fields, needs),
    kind: 'do',
    do: target,
    with: fields.with ?? {},
    ...(undo?.do === undefined ? {} : { undo: { do: undo.do, with: undo.with ?? {} } }),
    ...present({ irreversible: fields.irreversible }),
    verify: fields.verify ?? [],
    ...present({ key: fields.key }),
    ...(contingency?.owner === undefined
      ? {}
      : {
          contingency: {
            owner: contingency.owner,
            expiresMs: contingency.expires ?? 1,
            ...(contingency.atExpiry === 'undo' ? { atExpiry: 'undo' as const } : {}),
          },
        }),
  };
}

/** It has the protocol of `do`: looked at before, compared, confirmed by its query. */
function sqlOf(base: Base, { sql, on, effect: _always, ...fields }: Read<typeof RUN_SQL>, making: Making): DoStep {
  const given = { database: on ?? '', file: sql ?? '' };
  return act(base, { ...fields, with: given, key: undefined, contingency: undefined }, { ...making, target: 'db.apply' });
}

function runOf(base: Base, fields: Read<typeof RUN>, { needs, body }: Making): RunStep {
  if (isWritten(body, 'undo') && isWritten(body, 'irreversible'))
    needs.problems.error('undo-missing', spanOfStart(body), 'a step is either taken back by undo or irreversible, not both');
  return {
    ...common(base, fields, needs),
    kind: 'run',
    cmd: fields.cmd ?? [],
    on: fields.on ?? LOCAL,
    env: fields.env ?? [],
    // What cannot be read has been told; until then it is what may least be repeated.
    effect: fields.effect ?? 'once',
    codes: fields.codes ?? [0],
    ...present({ cwd: fields.cwd, undo: fields.undo, irreversible: fields.irreversible }),
  };
}

/** `all` or `any`, never both and never neither. */
function sampling(fields: Read<typeof VERIFY>, { needs, body }: Making): { mode: 'all' | 'any'; checks: readonly Check[] } {
  const written = (['all', 'any'] as const).filter((mode) => isWritten(body, mode) || fields[mode] !== undefined);
  if (written.length !== 1)
    needs.problems.error(
      'missing-key',
      spanOfStart(body),
      written.length === 0 ? 'there are no checks' : 'checks are either all or any, not both',
      { hint: 'Add "all:" with a list of { probe, with, expect }.' },
    );
  return fields.any === undefined ? { mode: 'all', checks: fields.all ?? [] } : { mode: 'any', checks: fields.any };
}

function verify(base: Base, fields: Read<typeof VERIFY>, making: Making): VerifyStep {
  return {
    ...common(base, fields, making.needs),
    kind: 'verify',
    ...sampling(fields, making),
    everyMs: fields.every ?? DEFAULT_VERIFY_EVERY_MS,
  };
}

function watch(base: Base, fields: Read<typeof WATCH>, making: Making): Step {
  const forMs = fields.for ?? 1;
  const everyMs = fields.every ?? Math.min(DEFAULT_WATCH_EVERY_MS, forMs);
  if (fields.for !== undefined && everyMs > forMs)
    making.needs.problems.error('cadence-too-slow', spanOfStart(making.body), 'watch looks less often than it lasts', {
      hint: 'Make every shorter than for.',
    });
  return { ...common(base, fields, making.needs), kind: 'watch', forMs, ...sampling(fields, making), everyMs, strict: fields.strict ?? 1 };
}

function wait(base: Base, fields: Read<typeof WAIT>, { needs, body }: Making): Step {
  const written = ['until', 'for', 'window'].filter((key) => isWritten(body, key));
  if (written.length === 0 && fields.until === undefined && fields.for === undefined && fields.window === undefined)
    needs.problems.error('missing-key', spanOfStart(body), 'wait says neither until nor for nor window', {
      hint: 'Add "for: 10m" or "until: <condition>".',
    });
  return { ...common(base, fields, needs), kind: 'wait', ...present({ until: fields.until, forMs: fields.for, window: fields.window }) };
}

function collect(base: Base, fields: Read<typeof COLLECT>, needs: StepNeeds): CollectStep {
  const from = (fields.from ?? []).map((one) => ({ probe: one.probe ?? '', with: one.with ?? {}, ...present({ evidence: one.evidence }) }));
  return { ...common(base, fields, needs), kind: 'collect', from };
}

function each(base: Base, fields: Read<typeof EACH>, { target, needs }: Making): EachStep {
  const { over, as, batches, maxFailures, cap, gate, atOnce, with: given, ...rest } = fields;
  return {
    ...common(base, { ...rest, retry: undefined }, needs),
    kind: 'each',
    runbook: bareRunbook(target),
    over: over ?? [],
    as: as ?? 'org',
    batches: batches ?? DEFAULT_BATCHES,
    maxFailures: maxFailures ?? 0,
    ...present({ cap, gate }),
    atOnce: atOnce ?? DEFAULT_AT_ONCE,
    with: given ?? {},
  };
}

export function isWritten(body: Value, key: string): boolean {
  return body.kind === 'map' && body.entries.some((entry) => entry.key === key);
}

function spanOfStart(body: Value): Span {
  return { start: body.span.start, end: body.span.start + 1 };
}
