// Values on the screen: arguments, what is and what shall be, shares and figures.
import type { Blast } from '../../domain/incident-view-action.ts';
import type { SignalView } from '../../domain/incident-view-signal.ts';
import type { Json, JsonObject } from '../../domain/json.ts';
import { commandText } from '../../domain/run-policy.ts';
import type { Lang } from '../../domain/system.ts';
import { formatDuration } from '../../domain/time-text.ts';
import { icon } from '../icons.ts';
import { html, type Markup, none } from '../markup.ts';
import type { PageContext } from './layout.ts';

export function valueText(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** `deploy.rollback target=shop to=v1.0.0` */
export function call(action: string, args: JsonObject): Markup {
  const { cmd, ...rest } = args;
  const isCommand = action === 'run' && Array.isArray(cmd);
  const words = isCommand ? html` <span class="arg">${commandText(cmd.map(String))}</span>` : none;
  const parts = Object.entries(isCommand ? rest : args).map(
    ([name, value]) => html` <span class="arg"><span class="arg-name">${name}=</span>${valueText(value)}</span>`,
  );
  return html`<code class="call"><b>${action}</b>${words}${parts}</code>`;
}

/** `v1.1.0 → v1.0.0` */
export function change(current: Json, desired: Json): Markup {
  if (current === null || desired === null || typeof current === 'object' || typeof desired === 'object') return none;
  return html`<span class="change"><span class="from">${valueText(current)}</span>${icon('arrow')}<span class="to">${valueText(desired)}</span></span>`;
}

export function blastText({ w }: PageContext, blast: Blast, orgName: (id: string) => string): Markup {
  const orgs = blast.orgs === 'all' ? w.allOrgs : blast.orgs.map(orgName).join(', ');
  return html`${orgs}${blast.targets.length === 0 ? none : html` · ${w.blastTargets} ${blast.targets.join(', ')}`}`;
}

export function figure(
  value: number,
  unit: SignalView['unit'],
  { lang, w }: { readonly lang: Lang; readonly w: PageContext['w'] },
): string {
  if (unit === 'age' || unit === 'absent') return formatDuration(value * 1_000, lang);
  if (unit === 'ratio' || unit === 'fractionAbove')
    return new Intl.NumberFormat(lang, { style: 'percent', maximumFractionDigits: value < 0.1 ? 1 : 0 }).format(value);
  const number = new Intl.NumberFormat(lang, { maximumSignificantDigits: 4 }).format(value);
  return unit === 'rate' ? `${number} ${w.perMinute}` : number;
}

export const shortHash = (hash: string): string => hash.slice(0, 12);
