// The review sheet: the whole plan with resolved arguments, its hash, its reach, its undo; then one button to approve
// exactly that, and one to deny.

import type { Approval } from '../../domain/incident.ts';
import { organizationName } from '../../domain/incident-view.ts';
import type { Plan } from '../../domain/plan.ts';
import type { System } from '../../domain/system.ts';
import { overridesText } from '../../domain/text/override-texts.ts';
import { icon } from '../icons.ts';
import { html, type Markup, none } from '../markup.ts';
import type { Snapshot } from '../snapshot.ts';
import { timeTag } from '../times.ts';
import { reasonText } from '../words.ts';
import { bigClock } from './clocks.ts';
import { hidden, type PageContext, page, pauseButton } from './layout.ts';
import { guardList } from './panels.ts';
import { planList, unknowns } from './plan-steps.ts';
import { safetyPanel } from './safety-panel.ts';
import { timePanel } from './time-panel.ts';
import { blastText, shortHash } from './values.ts';

export function reviewPage(context: PageContext, { view, plan, budgets }: Snapshot, approvalId: string, system: System): string {
  const { w } = context;
  const home = `/incidents/${encodeURIComponent(view.id)}`;
  const { approve } = view;
  const about = approve.state !== 'none' && approve.approval.id === approvalId ? approve : null;
  const body = html`<main class="review" id="next" tabindex="-1">
<p><a href="${home}">← ${w.backTo} ${view.id}</a></p>
<h1>${w.reviewTitle}</h1>
${
  about === null || plan === null
    ? html`<p class="why-not">${about === null ? w.approvalGone : about.state === 'blocked' ? reasonText(about.why, context.lang) : none}</p>`
    : html`<p class="intro">${w.reviewIntro}</p>
${bigClock(context, view.clock, [])}
${summary(context, view, plan, system)}
${timePanel(context, budgets)}
${safetyPanel(context, plan)}
${planList(context, plan, (id) => view.steps.find((step) => step.id === id)?.status)}
${unknowns(context, plan)}
${guardList(context, view.decision?.guards ?? [], 'plan-guards', context.lang)}
${about.state === 'ready' ? decideForms(context, home, about.approval, plan) : html`<p class="why-not" id="why-not">${reasonText(about.why, context.lang)}</p>`}`
}
${pauseButton(context)}
</main>`;
  return page(
    context,
    { title: `${w.reviewTitle} ${view.id}`, follow: null, crumb: html`<a class="crumb" href="${home}">${view.id}</a>` },
    body,
  );
}

function summary(context: PageContext, view: Snapshot['view'], plan: Plan, system: System): Markup {
  const { w } = context;
  const blast = view.next?.blast;
  return html`<dl class="facts summary">
<div><dt>${w.planHash}</dt><dd><code class="hash" title="${plan.planHash}">${shortHash(plan.planHash)}</code> ${plan.runbook} ${plan.version}</dd></div>
${blast === undefined ? none : html`<div><dt>${w.blast}</dt><dd>${blastText(context, blast, (id) => organizationName(system, id))}</dd></div>`}
</dl>`;
}

function decideForms(context: PageContext, home: string, approval: Pick<Approval, 'id' | 'expiresAt' | 'override'>, plan: Plan): Markup {
  const { w, clock, lang } = context;
  const over =
    approval.override === undefined
      ? none
      : html`<p class="bad" id="overrides">${icon('question')} ${overridesText(approval.override, lang)}</p>
<label for="override-reason">${w.overrideReason}</label><input id="override-reason" name="reason" required maxlength="1000" autocomplete="off">`;
  const action = `${home}/approvals/${encodeURIComponent(approval.id)}`;
  const common = html`${hidden({ ...context, path: home })}<input type="hidden" name="planHash" value="${plan.planHash}">`;
  return html`<div class="confirm"><form method="post" action="${action}">${common}<input type="hidden" name="decision" value="grant">${over}
<button class="button approve" id="confirm">${icon('check')} ${w.confirm} <code class="hash">${shortHash(plan.planHash)}</code></button></form>
<p class="muted">${w.until} ${timeTag(approval.expiresAt, clock)}</p>
<details id="deny"><summary>${w.deny}</summary><form method="post" action="${action}">${common}<input type="hidden" name="decision" value="deny">
<label for="deny-reason">${w.denyReason}</label><input id="deny-reason" name="reason" required maxlength="1000" autocomplete="off"><button class="button plain">${w.deny}</button></form></details></div>`;
}
