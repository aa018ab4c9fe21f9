// Who drives the run of an incident, with the forms to take it over and to stop it where it stands. Whether either may be is the command's business.
import type { IncidentView } from '../../domain/incident-view.ts';
import { html, type Markup, none } from '../markup.ts';
import { hidden, type PageContext } from './layout.ts';

export function runPanel(context: PageContext, { id, run }: Pick<IncidentView, 'id' | 'run'>, isFileNewer: boolean): Markup {
  if (run === null) return none;
  const { w } = context;
  const isOthers = run.driver !== null && !run.isYours;
  const who = run.driver === null ? w.runNobody : run.isYours ? w.runYours : html`${w.runDriver} <b>${run.driver}</b>`;
  return html`<section class="panel" id="run" data-region aria-labelledby="run-title"><h2 id="run-title">${w.run}</h2>
<p>${who}</p>
${isFileNewer ? html`<p class="why" id="file-newer">${w.runFileChanged}</p>` : none}
${run.isYours ? none : takeOverForm(context, id)}
${isOthers ? none : abortForm(context, id)}</section>`;
}

const actionOf = (id: string): string => `/incidents/${encodeURIComponent(id)}/run`;

function takeOverForm(context: PageContext, id: string): Markup {
  return html`<form method="post" action="${actionOf(id)}">${hidden(context)}<input type="hidden" name="verb" value="takeOver"><button class="button plain">${context.w.takeOver}</button></form>`;
}

/** Folded away, with a reason to be written: nobody stops a run by a slip. */
function abortForm(context: PageContext, id: string): Markup {
  const { w } = context;
  return html`<details id="abort"><summary>${w.abortRun}</summary><form method="post" action="${actionOf(id)}">${hidden(context)}<input type="hidden" name="verb" value="abort">
<p>${w.abortWhat}</p><label for="abort-reason">${w.abortWhy}</label><textarea id="abort-reason" name="reason" rows="2" maxlength="1000" required></textarea><button class="button plain">${w.abortNow}</button></form></details>`;
}
