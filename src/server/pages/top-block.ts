// The block that never scrolls away: what, since when, which organization, the next clock, the next action, approve, pause.

import { phaseWord } from '../../domain/event-text.ts';
import type { IncidentView } from '../../domain/incident-view.ts';
import { icon } from '../icons.ts';
import { html, type Markup, none } from '../markup.ts';
import { span, timeTag, utcOf, zoneName } from '../times.ts';
import { reasonText } from '../words.ts';
import { bigClock, smallClock } from './clocks.ts';
import { type PageContext, pauseButton } from './layout.ts';
import { nextAction } from './next-action.ts';
import { figure } from './values.ts';

export function topBlock(context: PageContext, view: IncidentView, orgName: (id: string) => string): Markup {
  return html`<section class="top sev-${view.headline.severity}" id="top" data-region aria-label="${view.id}">
${headline(context, view)}
${bigClock(context, view.clock, view.otherClocks)}
</section>
<section class="now" id="next" data-region tabindex="-1" aria-labelledby="next-title">
${nextAction(context, view, orgName)}
<p class="if-nothing"><b>${context.w.ifNothing}:</b> ${ifNothing(context, view)}</p>
<div class="phone-facts">${causeAndRoles(context, view)}${clockLine(context, view)}</div>
</section>
<div class="decide" id="decide" data-region>
${approve(context, view)}
${view.headline.open ? pauseButton(context) : none}
</div>
<p class="visually-hidden" id="needs-you" aria-live="assertive" data-region>${view.approve.state === 'ready' ? `${context.w.needsYou}: ${view.next?.title ?? ''}` : ''}</p>`;
}

function headline(context: PageContext, view: IncidentView): Markup {
  const { w, lang, clock } = context;
  const { headline: head, signal } = view;
  const orgs = head.orgs === 'all' ? w.allOrgs : head.orgs.map((org) => org.name).join(', ');
  const kind = head.kind === 'real' ? none : html`<span class="tag">${head.kind === 'drill' ? w.drill : w.test}</span>`;
  const end = head.endedAt ?? clock.now;
  return html`<div class="headline">
<p class="badges"><span class="sev">${head.severity}</span>${kind}<span class="phase is-${head.open ? 'open' : 'ended'}">${phaseWord(head.phase, lang)}${head.onContingency ? html` · ${w.onContingency}` : none}</span>${liveBadge(context)}</p>
<h1><span class="org">${orgs}</span> <span class="what">${head.components.join(', ')}${signalText(context, signal)}</span></h1>
<p class="since">${w.since} <b>${timeTag(head.since, clock)}</b> <span class="for">(<span${head.endedAt === null ? html` data-since="${head.since}"` : none}>${span(end - head.since)}</span>)</span> <span class="zone">${zoneName(clock)} · ${utcOf(head.since)}</span></p>
${causeAndRoles(context, view)}
</div>`;
}

function causeAndRoles({ w, clock }: PageContext, { headline: head }: IncidentView): Markup {
  return html`${head.firstBad === null ? none : html`<p class="cause">${w.firstBad}: <b>${head.firstBad.what}</b> ${timeTag(head.firstBad.at, clock)}</p>`}
${head.roles.length === 0 ? none : html`<p class="roles">${head.roles.map((one, index) => html`${index > 0 ? ' · ' : ''}${one.role}: <b>${one.person}</b>`)}</p>`}`;
}

/** On a phone the block on top keeps one clock only; the others stand here. */
function clockLine(context: PageContext, { otherClocks }: IncidentView): Markup {
  if (otherClocks.length === 0) return none;
  return html`<p>${context.w.thenClocks}: ${otherClocks.slice(0, 5).map((one, index) => html`${index > 0 ? ', ' : ''}${smallClock(context, one)}`)}</p>`;
}

/** Without a script it says when the page was made; the script turns it into live or stale. */
export function liveBadge({ w, clock }: PageContext): Markup {
  return html`<span class="live" id="live" data-keep><span class="live-dot"></span><span class="live-text">${w.asOf} ${timeTag(clock.now, clock, { seconds: true })}</span></span>`;
}

function signalText(context: PageContext, signal: IncidentView['signal']): Markup {
  if (signal === null || signal.value === null || signal.limit === null) return none;
  const limit = 'above' in signal.limit ? signal.limit.above : signal.limit.below;
  return html` <span class="figures">${figure(signal.value, signal.unit, context)} <span class="limit">(${context.w.limit} ${figure(limit, signal.unit, context)})</span></span>`;
}

function ifNothing({ lang, clock }: PageContext, { ifNothing: one }: IncidentView): Markup {
  return html`${one.at === null ? none : html`${timeTag(one.at, clock)} — `}${reasonText(one, lang)}`;
}

function approve(context: PageContext, view: IncidentView): Markup {
  const { w, lang } = context;
  const { approve: one } = view;
  if (one.state === 'none') {
    const toTasks = view.tasks.length === 0 ? none : html`<a class="button primary" href="#tasks">${icon('person')} ${w.tasks}</a>`;
    return html`<p class="why-not" id="why-not">${reasonText(one.why, lang)}</p>${toTasks}`;
  }
  const needs = html`<span class="needs">${w.approveNeeds} ${one.missing} ${w.of} ${one.approval.min}</span>`;
  if (one.state === 'blocked') {
    return html`<div class="approve-off"><p class="button approve is-off" aria-disabled="true" aria-describedby="why-not">${w.approve} ${needs}</p><p class="why-not" id="why-not">${reasonText(one.why, lang)}</p></div>`;
  }
  return html`<a class="button approve" id="approve" href="/incidents/${encodeURIComponent(view.id)}/review/${encodeURIComponent(one.approval.id)}">${icon('check')} ${w.approve} ${needs}</a>`;
}
