// The steps, the open questions and the checks of an incident as lines of its screen.
import { stepStatusWord } from '../domain/event-text.ts';
import type { EachView } from '../domain/fan-out.ts';
import type { IncidentView, TaskView } from '../domain/incident-view.ts';
import type { StepView } from '../domain/incident-view-steps.ts';
import { eachProgressText, overOf } from '../domain/text/each-texts.ts';
import { mootText } from '../domain/text/moot-texts.ts';
import { formatDuration } from '../domain/time-text.ts';
import { timeOf } from './clock-text.ts';
import { clockOf, type Page, under } from './incident-page.ts';
import type { Marks } from './output.ts';
import { cut, pad, wrap } from './text-layout.ts';
import { argsText, callText } from './value-text.ts';
import type { Words } from './words.ts';

const EACH_BAR = 20;

export function taskLines(page: Page): readonly string[] {
  return page.view.tasks.flatMap((task) => oneTask(page, task));
}

function oneTask(page: Page, task: TaskView): readonly string[] {
  const { words, colour, view } = page;
  const who = task.who === null ? '' : ` ${words.taskFor} ${task.who}${task.mayAnswer ? '' : ` (${words.notYours})`}`;
  const head = `${colour.bold(pad(words.waiting, page.column))}${colour.yellow(cut(`${task.title}${who}`, page.width - page.column))}`;
  const asked = [task.ask, task.text].filter((one, at, all) => one !== '' && one !== task.title && all.indexOf(one) === at);
  const boxes = task.checks.map((one, at) => under(page, at === 0 ? words.box : '', `[${one.ticked ? 'x' : ' '}] ${at + 1}  ${one.item}`));
  const answers =
    task.answers.length === 0 ? [] : [under(page, words.answers, task.answers.map((one) => `${one.name} (${one.type})`).join(', '))];
  const options = task.options.map((one, at) =>
    under(page, at === 0 ? words.choose : '', `${pad(one.id, 10)} ${one.title ?? wayOn(one.id, words)}`.trimEnd()),
  );
  return [
    head,
    ...asked.flatMap((text) => wrap(text, page.width - page.column).map((line) => ' '.repeat(page.column) + line)),
    ...boxes,
    ...answers,
    ...options,
    under(page, words.type, commandFor(view, task)),
  ];
}

function wayOn(id: string, words: Words): string {
  return (
    (
      { again: words.choiceAgain, continue: words.choiceContinue, undo: words.choiceUndo, stop: words.choiceStop } as Readonly<
        Record<string, string>
      >
    )[id] ?? ''
  );
}

/** What answers this task, ready to be typed. */
export function commandFor(view: Pick<IncidentView, 'id'>, task: Pick<TaskView, 'step' | 'checks' | 'answers' | 'options'>): string {
  const parts = [`belay answer ${view.id} ${task.step}`];
  if (task.options.length > 0) return `${parts[0]} --choose ${task.options[0]?.id ?? ''}`;
  if (task.checks.some((one) => !one.ticked)) parts.push('--tick all');
  for (const { name, type } of task.answers) parts.push(`--set ${name}=${type === 'text' ? '"…"' : '…'}`);
  return parts.join(' ');
}

export function stepLines(page: Page): readonly string[] {
  const { view, words, colour } = page;
  if (view.steps.length === 0) return [];
  const digits = String(view.steps.length).length;
  const titleWidth = Math.min(Math.max(...view.steps.map((step) => step.title.length)), Math.max(20, page.width - 34));
  return [
    colour.bold(words.steps),
    ...view.steps.flatMap((step, at) => stepLine(page, step, { number: `${at + 1}`.padStart(digits), titleWidth })),
  ];
}

function stepLine(
  page: Page,
  step: StepView,
  { number, titleWidth }: { readonly number: string; readonly titleWidth: number },
): readonly string[] {
  const { words, lang, colour, marks, width } = page;
  const status =
    step.status === 'pending'
      ? words.stepPending
      : step.status === 'not-reached'
        ? words.stepNotReached
        : stepStatusWord(step.status, lang);
  const took =
    step.startedAt !== null && step.endedAt !== null && step.status !== 'skipped'
      ? ` ${formatDuration(step.endedAt - step.startedAt, lang)}`
      : '';
  const again = step.attempt > 1 ? `, ${words.attempt} ${step.attempt} ${words.of} ${Math.max(step.maxAttempts, step.attempt)}` : '';
  const limit = step.status === 'running' && step.timesOutAt !== null ? `, ${words.givesUp} ${timeOf(step.timesOutAt, clockOf(page))}` : '';
  const state = `${status}${took}${again}${limit}`;
  const line = `  ${markOf(step, marks)} ${number}  ${pad(cut(step.title, titleWidth), titleWidth)}  ${colour.dim(cut(state, width - titleWidth - 9))}`;
  const paint =
    step.status === 'failed' || step.status === 'unknown'
      ? colour.red
      : step.status === 'running' || step.status === 'waiting'
        ? colour.cyan
        : (text: string) => text;
  const why =
    step.status === 'failed' || step.status === 'unknown' || step.status === 'skipped' ? whyOf(step) : mootText(step.detail, lang);
  const doing =
    step.action !== null &&
    ((page.actions && step.status === 'pending') || step.status === 'running' || step.status === 'failed' || step.status === 'unknown')
      ? callText(step.action, step.args)
      : '';
  return [
    paint(line),
    ...(step.each === null ? [] : [eachLine(page, step.each)]),
    ...[why, doing].filter((text) => text !== '').flatMap((text) => wrap(text, width - 9).map((one) => colour.dim(`         ${one}`))),
  ];
}

/** `         ███░░░░░░░░░░░░░░░░░  12 of 37 organizations, batch 2 of 3` */
function eachLine({ lang, colour, marks, width }: Page, each: EachView): string {
  const full = Math.round((overOf(each) / Math.max(1, each.total)) * EACH_BAR);
  const drawn = marks.full.repeat(full) + marks.empty.repeat(EACH_BAR - full);
  const paint = each.failed > 0 || each.halted !== null ? colour.red : colour.cyan;
  return `         ${paint(drawn)}  ${colour.dim(cut(eachProgressText(each, lang), Math.max(20, width - EACH_BAR - 11)))}`;
}

function whyOf({ detail }: StepView): string {
  const said = detail['reason'] ?? detail['error'] ?? detail['why'];
  return typeof said === 'string' ? said : '';
}

function markOf({ status }: StepView, marks: Marks): string {
  switch (status) {
    case 'done':
    case 'noop':
      return marks.done;
    case 'failed':
      return marks.failed;
    case 'skipped':
    case 'not-reached':
      return marks.skipped;
    case 'running':
      return marks.running;
    case 'waiting':
      return marks.waiting;
    case 'unknown':
      return marks.unknown;
    case 'undone':
      return marks.undone;
    case 'pending':
      return marks.pending;
  }
}

/** The last answer of every check; of those that pass long since, only the number is of interest. */
export function checkLines(page: Page): readonly string[] {
  const { view, words, colour, marks, width } = page;
  if (view.checks.length === 0) return [];
  const lines = view.checks.slice(-8).map((check) => {
    const mark =
      check.result === 'pass'
        ? colour.green(marks.done)
        : check.result === 'fail'
          ? colour.red(marks.failed)
          : colour.yellow(marks.unknown);
    const result = { pass: words.passed, fail: words.failed, inconclusive: words.inconclusive }[check.result];
    const values = check.result === 'pass' ? '' : `  ${check.reason === '' ? argsText(check.values) : check.reason}`;
    const count = `${check.passed} ${words.of} ${check.asked}`;
    return `  ${mark} ${cut(`${check.probe} ${argsText(check.with)}: ${check.expect}`, Math.max(24, width - 24 - result.length))}  ${colour.dim(`${result}, ${count}`)}${values === '' ? '' : `\n     ${colour.dim(cut(values, width - 5))}`}`;
  });
  return [colour.bold(words.checks), ...lines];
}
