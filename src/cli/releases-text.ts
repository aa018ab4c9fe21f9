// The releases of a target as text: one line each, the newest first.
import type { Instant } from '../domain/json.ts';
import type { Lang } from '../domain/system.ts';
import { formatDuration } from '../domain/time-text.ts';
import type { ReleaseList, ReleaseRow } from '../flows/releases.ts';
import { span } from './clock-text.ts';
import type { Look } from './output.ts';
import { cut, pad } from './text-layout.ts';
import { type Words, wordsOf } from './words.ts';

type Page = Look & { readonly lang: Lang };

export function releasesText(list: ReleaseList, now: Instant, page: Page): string {
  const words = wordsOf(page.lang);
  const { colour, lang } = page;
  const frozen = list.frozen ? `  ${colour.yellow(colour.bold(words.frozen))}` : '';
  const stable = list.lastStable === null ? words.noStable : `${words.lastStable} ${list.lastStable}`;
  const width = Math.max(0, ...list.releases.map((one) => one.ref.length));
  return [
    `${colour.bold(list.target)}  ${words.releaseLive} ${list.live}${frozen}`,
    colour.dim(`${stable}; ${words.stableAfter} ${formatDuration(list.soakMs, lang)}`),
    ...list.releases.map((row) => line(row, { now, page, words, width: Math.min(width, 40) })),
  ].join('\n');
}

interface Column {
  readonly now: Instant;
  readonly page: Page;
  readonly words: Words;
  readonly width: number;
}

function line(row: ReleaseRow, { now, page, words, width }: Column): string {
  const { colour, marks, lang } = page;
  const mark = row.isLive ? marks.running : row.notRestorable === null ? marks.pending : marks.failed;
  const kind = row.kind === null ? '' : words[`release.${row.kind}`];
  const healthy = row.healthyMs === 0 ? '' : `${words.healthyFor} ${formatDuration(row.healthyMs, lang)}`;
  const stable = row.stableSince === null ? healthy : colour.green(`${words.stableSince} ${span(now - row.stableSince)}`);
  const gone = row.notRestorable === null ? '' : colour.yellow(`${words.notRestorable}: ${row.notRestorable}`);
  const said = row.smoke === null ? '' : words[`smoke.${row.smoke}`];
  const smoke = row.smoke === 'pass' ? said : colour.red(said);
  const away = row.rolledAway ? colour.red(words.rolledAway) : '';
  const facts = [row.isLive ? colour.bold(words.releaseLive) : '', kind, stable, away, smoke, gone].filter((one) => one !== '');
  return cut(`  ${mark} ${pad(row.ref, width)}  ${facts.join(` ${marks.dot} `)}`, page.width + 40);
}
