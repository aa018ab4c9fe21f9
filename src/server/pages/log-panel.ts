// The log: every event as a sentence in the reader's language. Repeated checks and delivery steps fold into one line.

import type { Event } from '../../domain/event.ts';
import { describeEvent } from '../../domain/event-text.ts';
import type { Instant } from '../../domain/json.ts';
import { html, type Markup, none } from '../markup.ts';
import { timeOf, timeTag, zoneName } from '../times.ts';
import { hidden, type PageContext } from './layout.ts';

export type Tone = 'plain' | 'strong' | 'bad' | 'warn' | 'good' | 'quiet';

export interface LogLine {
  readonly seq: number;
  readonly at: Instant;
  readonly until: Instant;
  readonly count: number;
  readonly text: string;
  readonly tone: Tone;
}

const SHOWN = 300;
const FOLDED: readonly Event['type'][] = ['check.recorded', 'comms.changed', 'comms.planned', 'step.observed'];

export function logPanel(context: PageContext, incident: string, events: readonly Event[], zone: string): Markup {
  const { w, clock } = context;
  const lines = foldLog(events.map((event) => lineOf(event, context, zone))).slice(-SHOWN);
  return html`<section class="panel log-panel" aria-labelledby="log-title"><h2 id="log-title">${w.log} <span class="muted">${zoneName(clock)}</span></h2>
<div class="log" id="log" tabindex="0" role="group" aria-labelledby="log-title" data-log><ol id="log-lines" data-region>${lines.map((line) => html`<li id="line-${line.seq}" class="tone-${line.tone}">${timeTag(line.at, clock, { seconds: true })} <span class="line">${line.text}${line.count > 1 ? html` <span class="times">×${line.count} → ${timeOf(line.until, clock, { seconds: true })}</span>` : none}</span></li>`)}</ol></div>
<p class="log-foot"><button class="button plain small" type="button" id="follow" data-keep hidden>${w.follow}</button> <a href="/v1/incidents/${encodeURIComponent(incident)}/events">${w.logAll}</a></p>
<details id="note"><summary>${w.addNote}</summary><form method="post" action="/incidents/${encodeURIComponent(incident)}/notes">${hidden(context)}
<label for="note-text">${w.noteText}</label><textarea id="note-text" name="text" rows="3" maxlength="4000" required></textarea><button class="button primary">${w.save}</button></form></details>
</section>`;
}

function lineOf(event: Event, { lang }: PageContext, zone: string): LogLine & { readonly folds: boolean } {
  const text = describeEvent(event, lang, { zone });
  return { seq: event.seq, at: event.at, until: event.at, count: 1, text, tone: toneOf(event), folds: FOLDED.includes(event.type) };
}

/** Within a run of lines that may fold, equal sentences become one with a count; their order of first appearance stays. */
export function foldLog(lines: readonly (LogLine & { readonly folds: boolean })[]): readonly LogLine[] {
  const out: LogLine[] = [];
  let start = 0;
  for (const { folds, ...line } of lines) {
    if (!folds) {
      out.push(line);
      start = out.length;
      continue;
    }
    const same = out.findIndex((one, index) => index >= start && one.text === line.text);
    const before = out[same];
    if (before === undefined) out.push(line);
    else out[same] = { ...before, count: before.count + 1, until: line.at };
  }
  return out;
}

export function toneOf(event: Event): Tone {
  switch (event.type) {
    case 'trigger.changed':
      return event.data.transition.to === 'breached' ? 'bad' : event.data.transition.to === 'cleared' ? 'good' : 'warn';
    case 'step.finished':
      return event.data.status === 'failed' ? 'bad' : event.data.status === 'unknown' ? 'warn' : 'good';
    case 'check.recorded':
      return event.data.result === 'fail' ? 'bad' : event.data.result === 'pass' ? 'quiet' : 'warn';
    case 'clock.stopped':
      return event.data.met ? 'good' : 'bad';
    case 'run.finished':
      return event.data.outcome === 'done' ? 'good' : 'bad';
    case 'comms.changed':
      return event.data.state === 'failed' ? 'bad' : event.data.state === 'ambiguous' ? 'warn' : 'quiet';
    case 'clock.breached':
    case 'each.failed':
    case 'each.halted':
    case 'approval.denied':
    case 'approval.expired':
    case 'role.missing':
    case 'freeze.drifted':
      return 'bad';
    case 'run.queued':
    case 'clock.warned':
    case 'step.waiting':
    case 'escalation.fired':
    case 'contingency.opened':
      return 'warn';
    case 'incident.declared':
    case 'phase.entered':
    case 'decision.made':
    case 'approval.requested':
    case 'approval.granted':
    case 'run.started':
    case 'run.paused':
    case 'each.began':
    case 'each.batch':
    case 'run.resumed':
    case 'note.added':
      return 'strong';
    case 'comms.planned':
    case 'step.observed':
    case 'each.progressed':
      return 'quiet';
    default:
      return 'plain';
  }
}
