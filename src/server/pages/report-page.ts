// The form for what a person sees: the questions that this person may answer, the organization, and their words. It records nothing.
import type { Reportable } from '../../domain/reportable.ts';
import type { Organization } from '../../domain/system.ts';
import { html, type Markup, none } from '../markup.ts';
import { hidden, type PageContext, page, pauseButton } from './layout.ts';

export function reportPage(context: PageContext, all: readonly Reportable[], organizations: readonly Organization[]): string {
  const { w } = context;
  const body = html`<main class="report" id="next" tabindex="-1"><h1>${w.reportTitle}</h1><p>${w.reportWhat}</p>
${all.length === 0 ? html`<p class="why-not">${w.reportNothing}</p>` : reportForm(context, all, organizations)}
<div class="actions"><a class="button plain" href="/">${w.backTo} ${w.incidents}</a>${pauseButton(context)}</div></main>`;
  return page(context, { title: w.reportTitle, follow: null }, body);
}

function reportForm(context: PageContext, all: readonly Reportable[], organizations: readonly Organization[]): Markup {
  const { w } = context;
  const [only] = all;
  const chosen = all.length === 1 ? only?.trigger : undefined;
  return html`<form method="post" action="/report" id="report">${hidden(context)}
<fieldset><legend>${w.reportWhich}</legend>${all.map((one) => choice(context, one, one.trigger === chosen))}</fieldset>
${
  all.some((one) => one.perOrg)
    ? organizationField(
        context,
        organizations,
        all.every((one) => one.perOrg),
      )
    : none
}
<label for="report-text">${w.reportText}</label><textarea id="report-text" name="text" rows="4" required maxlength="4000"></textarea>
<button class="button primary" id="report-send">${w.reportSend}</button></form>`;
}

function choice({ w }: PageContext, one: Reportable, chosen: boolean): Markup {
  const facts = [one.trigger, ...(one.perOrg ? [w.reportPerOrg] : []), ...(one.confirms ? [w.reportConfirms] : [])];
  return html`<label class="tick"><input type="radio" name="trigger" value="${one.trigger}" id="report-${one.trigger}" required${chosen ? html` checked` : none}> <span>${one.ask}<small>${facts.join(' · ')}</small></span></label>`;
}

/** Without declared organizations any name is taken. */
function organizationField({ w }: PageContext, organizations: readonly Organization[], always: boolean): Markup {
  const must = always ? html` required` : none;
  const field =
    organizations.length === 0
      ? html`<input id="report-org" name="org" maxlength="200" autocomplete="off"${must}>`
      : html`<select id="report-org" name="org"${must}><option value="">–</option>${organizations.map((one) => html`<option value="${one.id}">${one.name}</option>`)}</select>`;
  return html`<label for="report-org">${w.reportOrg}</label>${field}`;
}
