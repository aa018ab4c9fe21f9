// `belay answer`: ticks, answers, a choice or a refusal for a step that waits for people. Without any of them it says what is asked.
import { writtenTime } from '../../config/written-time.ts';
import { BelayError } from '../../domain/errors.ts';
import type { Incident } from '../../domain/incident.ts';
import type { IncidentView, TaskView } from '../../domain/incident-view.ts';
import type { AnswerType } from '../../domain/ir.ts';
import type { Json } from '../../domain/json.ts';
import { getIncident, pairs } from '../api.ts';
import type { Context, Run, Typed } from '../context.ts';
import { incidentArg, listOption, textOption } from '../context.ts';
import type { Page } from '../incident-page.ts';
import { commandFor, taskLines } from '../incident-steps-text.ts';
import { clean } from '../text-layout.ts';
import { wordsOf } from '../words.ts';

export const run: Run = async (context, typed) => {
  const { out, reach } = context;
  const id = incidentArg(typed.args[0]);
  const client = await reach();
  const { view } = await getIncident(client, id);
  const task = taskOf(view, typed.args[1]);
  const body = bodyOf(task, typed);
  if (body === null) {
    out.say(`${question(context, view, task)}\n`);
    throw new BelayError('BELAY_USAGE', `Nothing was answered: ${task.step} asks for more than a yes.`, {
      hint: `Type: ${commandFor(view, task)}`,
    });
  }
  const answer = await client.post<{ incident: Incident }>(`/v1/incidents/${view.id}/steps/${encodeURIComponent(task.step)}/answer`, body);
  const left = answer.incident.tasks[task.step];
  out.data(answer, () => `Recorded for ${task.step} of ${view.id}.`);
  out.say(left === undefined ? `Follow it: belay watch ${view.id}` : `The step may wait for more: belay incident ${view.id}`);
  return undefined;
};

function question({ out, lang }: Context, view: IncidentView, task: TaskView): string {
  const page: Page = {
    ...out,
    width: out.width,
    lang,
    words: wordsOf(lang),
    view: clean({ ...view, tasks: [task] }),
    actions: false,
    column: 16,
  };
  return taskLines(page).join('\n');
}

function taskOf(view: IncidentView, step: string | undefined): TaskView {
  const [first, second] = view.tasks;
  const found = step === undefined && second === undefined ? first : view.tasks.find((one) => one.step === step);
  if (found !== undefined) return found;
  if (first === undefined)
    throw new BelayError('BELAY_NOT_FOUND', `No step of ${view.id} waits for an answer.`, {
      hint: `See where it stands: belay incident ${view.id}`,
    });
  const waiting = view.tasks.map((one) => one.step).join(', ');
  throw new BelayError(
    'BELAY_NOT_FOUND',
    step === undefined
      ? `${view.tasks.length} steps of ${view.id} wait for an answer.`
      : `The step ${step} of ${view.id} does not wait for an answer.`,
    { hint: `Name one of: ${waiting}` },
  );
}

/** Null when nothing was given and the step is more than one question for a yes. */
function bodyOf(task: TaskView, typed: Typed): Readonly<Record<string, unknown>> | null {
  const [choice, refuse, note] = [textOption(typed, 'choose'), textOption(typed, 'refuse'), textOption(typed, 'note')];
  const ticks = listOption(typed, 'tick').flatMap((text) => tickOf(task, text));
  const set = listOption(typed, 'set');
  const answers = pairs(set, '--set', (name, text) => answerOf(task, name, text));
  const wantsMore = task.checks.length > 0 || task.answers.length > 0 || task.options.length > 0;
  if (choice === undefined && refuse === undefined && ticks.length === 0 && set.length === 0 && wantsMore) return null;
  return {
    ...(ticks.length === 0 ? {} : { ticks }),
    ...(set.length === 0 ? {} : { answers }),
    ...(choice === undefined ? {} : { choice }),
    ...(refuse === undefined ? {} : { refuse }),
    ...(note === undefined ? {} : { note }),
  };
}

function tickOf(task: TaskView, text: string): readonly string[] {
  if (text === 'all') return task.checks.filter((one) => !one.ticked).map((one) => one.item);
  const found = task.checks[Number(text) - 1] ?? task.checks.find((one) => one.item === text);
  if (found !== undefined) return [found.item];
  throw new BelayError('BELAY_INPUT_INVALID', `${task.step} has no box "${text}".`, {
    hint:
      task.checks.length === 0 ? 'It has no boxes at all.' : `Name a number from 1 to ${task.checks.length}, the text of a box, or all.`,
  });
}

function answerOf(task: TaskView, name: string, text: string): Json {
  const type = task.answers.find((one) => one.name === name)?.type;
  if (type === undefined)
    throw new BelayError('BELAY_INPUT_INVALID', `${task.step} asks for no "${name}".`, {
      hint: `It asks for: ${task.answers.map((one) => one.name).join(', ') || 'nothing'}.`,
    });
  const value = VALUES[type](text);
  if (value !== null) return value;
  throw new BelayError('BELAY_INPUT_INVALID', `"${text}" is not ${FORMS[type]}, which ${name} is.`, {
    hint: `Write it as --set ${name}=…`,
  });
}

const FORMS: Readonly<Record<AnswerType, string>> = {
  text: 'a text',
  int: 'a whole number',
  number: 'a number',
  bool: 'true or false',
  time: 'a time with its zone, such as 2026-03-01T14:35:00Z or 2026-03-01T14:35-03:00, or now',
  url: 'an address with http:// or https://',
};

const VALUES: Readonly<Record<AnswerType, (text: string) => Json>> = {
  text: (text) => (text.trim() === '' ? null : text),
  int: (text) => (/^-?\d+$/.test(text) ? Number(text) : null),
  number: (text) => (/^-?\d+([.,]\d+)?$/.test(text) ? Number(text.replace(',', '.')) : null),
  bool: (text) => (/^(true|yes|sim)$/i.test(text) ? true : /^(false|no|não|nao)$/i.test(text) ? false : null),
  time: (text) => (text === 'now' ? Date.now() : (writtenTime(text)?.at ?? null)),
  url: (text) => (/^https?:\/\/\S+$/.test(text) ? text : null),
};
