// One runbook to be begun by hand: a field for each of its inputs, with what is wrong beside it; then the plan that comes of them, and one
// button that starts exactly that plan.
import { BelayError } from '../../domain/errors.ts';
import type { InputSpec, Runbook } from '../../domain/ir.ts';
import type { Json } from '../../domain/json.ts';
import type { Plan } from '../../domain/plan.ts';
import { isLossy } from '../../domain/rollback-safety.ts';
import type { System } from '../../domain/system.ts';
import { writeDuration } from '../../domain/units.ts';
import type { ReleaseChoice, ReleaseOffer } from '../../flows/release-choice.ts';
import { icon } from '../icons.ts';
import { html, type Markup, none } from '../markup.ts';
import { FIELD, OVERRIDE, type ReadInputs } from '../run-inputs.ts';
import { RUN_WORDS } from '../run-words.ts';
import { span } from '../times.ts';
import { hidden, type PageContext, page, pauseButton } from './layout.ts';
import { guardList } from './panels.ts';
import { planList, unknowns } from './plan-steps.ts';
import { safetyPanel } from './safety-panel.ts';
import { timePanel } from './time-panel.ts';
import { shortHash } from './values.ts';

export interface Shown {
  readonly runbook: Runbook;
  /** As they were typed. */
  readonly texts: Readonly<Record<string, string>>;
  readonly problems: ReadInputs['problems'];
  /** Null: the releases cannot be listed. */
  readonly choices: readonly ReleaseChoice[] | null;
  /** Null: it was not asked for, or not everything is there. */
  readonly planned: Plan | BelayError | null;
  readonly mayStart: boolean;
  readonly system: System;
}

export function runFormPage(context: PageContext, shown: Shown): string {
  const { runbook, problems, planned } = shown;
  const r = RUN_WORDS[context.lang];
  const wrong = Object.keys(problems).length;
  const [said = ''] = runbook.text.split('\n\n');
  const body = html`<main class="report run-form" id="next" tabindex="-1">
<p><a href="/runbooks">← ${r.all}</a></p>
<h1>${runbook.title}</h1><p>${said.slice(0, 600)}</p>
${wrong === 0 ? none : html`<p class="why-not" role="alert" id="wrong">${r.wrong(wrong)}</p>`}
${inputForm(context, shown)}
${planned === null ? none : BelayError.is(planned) ? refused(context, planned) : planPart(context, shown, planned)}
${pauseButton(context)}</main>`;
  return page(context, { title: runbook.title, follow: null, crumb: html`<a class="crumb is-wide" href="/runbooks">${r.title}</a>` }, body);
}

function inputForm(context: PageContext, shown: Shown): Markup {
  const r = RUN_WORDS[context.lang];
  const inputs = Object.entries(shown.runbook.inputs);
  if (inputs.length === 0) return html`<p class="muted">${r.noInputs}</p>`;
  const hasTime = inputs.some(([, spec]) => spec.type === 'time');
  return html`<form method="get" action="/runbooks/${encodeURIComponent(shown.runbook.id)}#plan" id="run-inputs" novalidate><input type="hidden" name="plan" value="1"><h2>${r.inputs}</h2>
${inputs.map(([name, spec]) => inputField(context, shown, name, spec))}
${hasTime ? html`<p class="muted">${r.zone(shown.system.zone)}</p>` : none}
<button class="button ${shown.planned === null ? 'primary' : 'plain'}" id="show-plan">${shown.planned === null ? r.showPlan : r.planNow}</button></form>`;
}

interface Field {
  readonly context: PageContext;
  readonly name: string;
  readonly spec: InputSpec;
  readonly id: string;
  /** What stands in it. */
  readonly text: string;
  /** Its attributes: a field says itself what is wrong with it. */
  readonly aria: Markup;
}

function inputField(context: PageContext, shown: Shown, name: string, spec: InputSpec): Markup {
  const r = RUN_WORDS[context.lang];
  const problem = shown.problems[name];
  const id = `in-${name}`;
  const isOptional = !spec.required || spec.default !== undefined;
  const text = shown.texts[name] ?? (spec.default === undefined ? '' : written(spec.default, spec));
  const aria = html`${isOptional ? none : html` aria-required="true"`}${problem === undefined ? none : html` aria-invalid="true" aria-describedby="${id}-wrong"`}`;
  const field: Field = { context, name, spec, id, text, aria };
  const beside = problem === undefined ? none : html`<p class="bad" id="${id}-wrong">${icon('cross')} ${r[problem]}</p>`;
  const label = html`${name}${isOptional ? html` <small class="muted">${r.optional}</small>` : none}`;
  const choice = spec.type === 'release' ? shown.choices?.find((one) => one.input === name) : undefined;
  if (choice !== undefined && choice.releases.length > 0)
    return html`<fieldset id="${id}" role="radiogroup"${aria}><legend>${label} <small class="muted">${choice.target}</small></legend>${beside}${offersOf(choice).map((offer) => releaseOffer(field, choice, offer))}</fieldset>`;
  const listed = optionsOf(field, shown);
  const note = spec.type === 'release' && shown.choices === null ? html`<p class="muted">${r.unlisted}</p>` : none;
  return html`<label for="${id}">${label}</label>${beside}${note}${listed === null ? textField(field) : selectField(field, listed)}`;
}

const MOST_OFFERED = 20;
const offersOf = ({ releases }: ReleaseChoice): readonly ReleaseOffer[] => releases.slice(0, MOST_OFFERED);

function written(value: Json, { type }: InputSpec): string {
  if (type === 'duration' && typeof value === 'number') return writeDuration(value);
  return type === 'time' && typeof value === 'number' ? new Date(value).toISOString() : String(value);
}

function optionsOf({ context, spec }: Field, { system }: Shown): readonly (readonly [value: string, label: string])[] | null {
  const r = RUN_WORDS[context.lang];
  if (spec.oneOf !== undefined) return spec.oneOf.map((one) => [written(one, spec), written(one, spec)]);
  if (spec.type === 'org') return system.organizations.map((one) => [one.id, one.name]);
  if (spec.type === 'component') return system.components.map((one) => [one.id, one.title]);
  if (spec.type !== 'bool') return null;
  return [
    ['true', r.yes],
    ['false', r.no],
  ];
}

function selectField({ context, name, id, text, aria }: Field, options: readonly (readonly [string, string])[]): Markup {
  const r = RUN_WORDS[context.lang];
  // What was typed elsewhere and is none of them stays to be seen.
  const all = text === '' || options.some(([value]) => value === text) ? options : [[text, text] as const, ...options];
  return html`<select id="${id}" name="${FIELD}${name}"${aria}><option value="">${r.choose} …</option>${all.map(([value, label]) => html`<option value="${value}"${value === text ? html` selected` : none}>${label}</option>`)}</select>`;
}

function textField({ name, spec, id, text, aria }: Field): Markup {
  const kind = spec.type === 'int' ? html` inputmode="numeric"` : spec.type === 'time' ? html` placeholder="2026-03-01T14:35"` : none;
  const hint = spec.type === 'duration' ? html` placeholder="15m"` : none;
  return html`<input id="${id}" name="${FIELD}${name}" value="${text}" maxlength="2000" autocomplete="off" spellcheck="false"${kind}${hint}${aria}>`;
}

function releaseOffer({ context, name, text }: Field, { input }: ReleaseChoice, offer: ReleaseOffer): Markup {
  const r = RUN_WORDS[context.lang];
  const { ref, isLive, stableSince, notRestorable, rolledAway, smoke, verdict, unknown, createdAt } = offer;
  const now = context.clock.now;
  const off = isLive || notRestorable !== null;
  const facts: readonly Markup[] = [
    ...(isLive ? [html`<b>${r.live}</b>`] : []),
    html`${span(now - createdAt)} ${r.age}`,
    ...(stableSince === null ? [] : [html`<span class="good">${icon('check')} ${r.stable} ${span(now - stableSince)}</span>`]),
    ...(rolledAway ? [html`<span class="bad">${r.rolledAway}</span>`] : []),
    ...(smoke === 'pass' ? [html`${r.smokePass}`] : smoke === 'fail' ? [html`<span class="bad">${r.smokeFail}</span>`] : []),
    ...(verdict === null ? [] : [html`<span class="${isLossy(verdict) ? 'bad' : 'good'}">${verdict}</span>`]),
    ...(notRestorable === null ? [] : [html`<span class="bad">${r.notRestorable}: ${notRestorable}</span>`]),
    ...(unknown === null ? [] : [html`${icon('question')} ${unknown}`]),
  ];
  return html`<label class="tick"><input type="radio" name="${FIELD}${name}" value="${ref}" id="in-${input}-${ref}"${text === ref ? html` checked` : none}${off ? html` disabled` : none}> <span>${ref}<small>${facts.map((fact, at) => html`${at === 0 ? none : ' · '}${fact}`)}</small></span></label>`;
}

function refused(context: PageContext, error: BelayError): Markup {
  const r = RUN_WORDS[context.lang];
  return html`<section class="why-not" role="alert" id="no-plan"><h2>${r.noPlan}</h2><p>${error.message}</p>${error.hint === undefined ? none : html`<p>${error.hint}</p>`}</section>`;
}

/** What was typed since then is not in it. */
function planInputs({ lang }: PageContext, texts: Shown['texts'], { inputs }: Plan): Markup {
  const shown = (name: string, value: Json): string => texts[name] || (typeof value === 'string' ? value : JSON.stringify(value));
  const all = Object.entries(inputs).map(([name, value]) => html`<code>${name}: ${shown(name, value)}</code>`);
  if (all.length === 0) return none;
  return html`<p id="plan-inputs">${RUN_WORDS[lang].plannedWith} ${all.map((one, at) => html`${at === 0 ? none : ' · '}${one}`)}</p>`;
}

/** Of each guard that stops it and that people may override: filled in, it is overridden. */
function overrideFields({ lang }: PageContext, { guards }: Plan): readonly Markup[] {
  const r = RUN_WORDS[lang];
  return guards.flatMap(({ guard, override }, at) =>
    override === undefined
      ? []
      : [
          html`<label for="override-${at}">${r.override(guard, override.join(', '))}</label><input id="override-${at}" name="${OVERRIDE}${guard}" maxlength="1000" autocomplete="off">`,
        ],
  );
}

function planPart(context: PageContext, { runbook, texts, mayStart }: Shown, plan: Plan): Markup {
  const { lang, w } = context;
  const r = RUN_WORDS[lang];
  const action = `/runbooks/${encodeURIComponent(runbook.id)}/runs`;
  const kept = Object.entries(texts).map(([name, text]) => html`<input type="hidden" name="${FIELD}${name}" value="${text}">`);
  const start = html`<form method="post" action="${action}" id="start-form">${hidden(context)}${kept}<input type="hidden" name="planHash" value="${plan.planHash}">${overrideFields(context, plan)}
<button class="button approve" id="start">${icon('play')} ${r.start} <code class="hash">${shortHash(plan.planHash)}</code></button></form>`;
  return html`<section id="plan" aria-labelledby="plan-title"><h2 id="plan-title">${r.plan}</h2><p class="muted">${r.planWhat}</p>
${planInputs(context, texts, plan)}
${context.pause.paused ? html`<p class="bad">${icon('pause')} ${r.paused}</p>` : none}
${timePanel(context, plan.budgets ?? [])}
${safetyPanel(context, plan)}
${planList(context, plan, () => undefined)}
${unknowns(context, plan)}
${guardList(context, plan.guards, 'plan-guards', lang)}
<p class="muted">${w.planHash} <code class="hash" title="${plan.planHash}">${shortHash(plan.planHash)}</code> ${plan.runbook} ${plan.version}</p>
${plan.unknowns.length === 0 ? none : html`<p class="bad">${icon('question')} ${r.notKnown(plan.unknowns.length)}</p>`}
${mayStart ? start : html`<p class="why-not" id="why-not">${r.mayNot}</p>`}</section>`;
}
