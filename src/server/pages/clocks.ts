// Clocks on the screen: one big, the others small. The script counts on; without it they show where they stood.
import type { ClockView } from '../../domain/incident-view-clocks.ts';
import { html, type Markup, none } from '../markup.ts';
import { countdown, timeTag } from '../times.ts';
import type { PageContext } from './layout.ts';

export function bigClock(context: PageContext, clock: ClockView | null, others: readonly ClockView[]): Markup {
  const { w } = context;
  if (clock === null)
    return html`<section class="clock" aria-label="${w.nextClock}"><p class="label">${w.nextClock}</p><p class="calm">${w.noClock}</p></section>`;
  const total = Math.max(1, clock.deadline - clock.startedAt);
  const left = Math.max(0, clock.deadline - context.clock.now);
  return html`<section class="clock is-${clock.state}" aria-label="${w.nextClock}">
<p class="label">${w.nextClock} · ${clockName(context, clock)}</p>
<p class="big" role="timer" data-deadline="${clock.deadline}" data-started="${clock.startedAt}" data-name="${clock.id}">${counted(context, clock)}</p>
<progress max="${total}" value="${left}" aria-hidden="true"></progress>
<p class="until">${w.until} ${timeTag(clock.deadline, context.clock)}${others.length === 0 ? none : html`<span class="others"> · ${w.thenClocks}: ${others.slice(0, 3).map((one, index) => html`${index > 0 ? ', ' : ''}${smallClock(context, one)}`)}</span>`}</p>
</section>`;
}

export function smallClock(context: PageContext, clock: ClockView): Markup {
  return html`<span class="small-clock is-${clock.state}">${clockName(context, clock)} <span role="timer" data-deadline="${clock.deadline}">${counted(context, clock)}</span></span>`;
}

function counted({ w, clock: { now } }: PageContext, clock: ClockView): Markup {
  const left = clock.deadline - now;
  return html`<span class="digits">${left < 0 ? '+' : ''}${countdown(left)}</span> <span class="unit">${left < 0 ? w.late : w.left}</span>`;
}

export function clockName({ w }: PageContext, clock: ClockView): string {
  switch (clock.kind) {
    case 'clock':
      return clock.id;
    case 'approval':
      return w.kindApproval;
    case 'promise':
      return `${w.kindPromise} ${clock.id}`;
    case 'contingency':
      return w.kindContingency;
  }
}
