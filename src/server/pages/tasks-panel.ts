// What waits for people, as plain forms: ticks, answers, a choice, or a refusal with its reason.
import type { IncidentView, TaskView } from '../../domain/incident-view.ts';
import { icon } from '../icons.ts';
import { html, type Markup, none } from '../markup.ts';
import { hidden, type PageContext } from './layout.ts';

export function tasksPanel(context: PageContext, view: IncidentView): Markup {
  if (view.tasks.length === 0) return html`<div id="tasks" data-region></div>`;
  return html`<section class="panel tasks" id="tasks" data-region aria-labelledby="tasks-title"><h2 id="tasks-title">${icon('person')} ${context.w.tasks}</h2>
${view.tasks.map((task) => taskForm(context, view.id, task))}
</section>`;
}

function taskForm(context: PageContext, incident: string, task: TaskView): Markup {
  const { w } = context;
  const action = `/incidents/${encodeURIComponent(incident)}/steps/${encodeURIComponent(task.step)}`;
  const asks = task.ask !== '' && task.ask !== task.title ? html`<p class="ask">${task.ask}</p>` : none;
  const progress = task.count > 1 ? html` · ${task.samples}/${task.count} ${w.answered}` : none;
  const head = html`<h3>${task.title}</h3><p class="muted">${task.who === null ? none : html`${w.taskFor} <b>${task.who}</b>`}${progress}</p>${task.text === '' ? none : html`<p class="why">${task.text}</p>`}${asks}${task.images.map((one) => html`<p><img class="to-scan" src="${one.src}" alt="${one.evidence}"></p>`)}`;
  if (!task.mayAnswer) return html`<article class="task" id="task-${task.step}">${head}<p class="why-not">${w.taskNotYours}</p></article>`;
  return html`<article class="task" id="task-${task.step}">${head}
<form method="post" action="${action}">${hidden(context)}
${task.kind === 'manual' ? manualFields(context, task) : optionButtons(context, task)}
</form>
${task.kind === 'manual' ? refuseForm(context, action, task) : none}
</article>`;
}

function manualFields(context: PageContext, task: TaskView): Markup {
  const { w } = context;
  const ticks = task.checks.map(
    (check, index) =>
      html`<label class="tick"><input type="checkbox" name="tick" value="${check.item}" id="tick-${task.step}-${index}"${check.ticked ? html` checked` : none}> <span>${check.item}</span></label>`,
  );
  const answers = task.answers.map(
    (one) => html`<label for="answer-${task.step}-${one.name}">${one.name}</label>${answerInput(task.step, one)}`,
  );
  return html`<fieldset><legend class="visually-hidden">${task.title}</legend>${ticks}${answers}
<label for="note-${task.step}">${w.note}</label><input id="note-${task.step}" name="note" maxlength="4000" autocomplete="off">
</fieldset><button class="button primary">${w.send}</button>`;
}

function answerInput(step: string, one: TaskView['answers'][number]): Markup {
  const id = `answer-${step}-${one.name}`;
  const name = `answer.${one.type}.${one.name}`;
  if (one.type === 'bool')
    return html`<input type="checkbox" id="${id}" name="${name}" value="true"><input type="hidden" name="${name}" value="false">`;
  const type = { text: 'text', int: 'number', number: 'number', time: 'datetime-local', url: 'url' }[one.type];
  const step_ = one.type === 'number' ? html` step="any"` : none;
  return html`<input type="${type}"${step_} id="${id}" name="${name}" required maxlength="4000" autocomplete="off">`;
}

function optionButtons(context: PageContext, task: TaskView): Markup {
  const { w } = context;
  const words: Readonly<Record<string, string>> = {
    again: w.choiceAgain,
    continue: w.choiceContinue,
    undo: w.choiceUndo,
    stop: w.choiceStop,
  };
  return html`<fieldset class="options"><legend class="visually-hidden">${task.title}</legend>${task.options.map(
    (one) => html`<button class="button option" name="choice" value="${one.id}">${one.title ?? words[one.id] ?? one.id}</button>`,
  )}</fieldset>`;
}

function refuseForm(context: PageContext, action: string, task: TaskView): Markup {
  const { w } = context;
  return html`<details id="refuse-${task.step}"><summary>${w.refuse}</summary><form method="post" action="${action}">${hidden(context)}
<label for="refuse-why-${task.step}">${w.refuseWhy}</label><input id="refuse-why-${task.step}" name="refuse" required maxlength="1000" autocomplete="off">
<button class="button plain">${w.refuse}</button></form></details>`;
}
