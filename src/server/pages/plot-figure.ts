// A series as a figure: the data for the plot, what happened below it, and the same as a table for those who do not see the plot.
import type { Mark, Point, Span } from '../../domain/series.ts';
import { formatDuration } from '../../domain/time-text.ts';
import { html, type Markup, none } from '../markup.ts';
import { timeOf, timeTag } from '../times.ts';
import { TRIGGER_WORDS } from '../trigger-words.ts';
import type { TriggerSeries } from '../triggers.ts';
import type { PageContext } from './layout.ts';
import { valueText } from './trigger-marks.ts';

/** Rows of the table: enough to read the shape, few enough to be read aloud. */
const TABLE_ROWS = 24;

/** A time that is to be seen as one: an episode. */
export interface Band extends Span {
  readonly act: boolean;
}

export type PlotSeries = Pick<TriggerSeries, 'kind' | 'limit' | 'clear' | 'from' | 'to' | 'gaps' | 'points' | 'marks' | 'unasked'> & {
  readonly bands?: readonly Band[];
};

export interface PlotOptions {
  readonly id: string;
  readonly small?: boolean;
  /** The plot in one sentence; absent: what the values were. */
  readonly caption?: string;
}

/** What the script of the page draws. */
export interface PlotData {
  readonly x: readonly number[];
  /** Null: a gap, or nothing to measure. No line is drawn through it. */
  readonly y: readonly (number | null)[];
  readonly gaps: readonly Span[];
  readonly limit: number | null;
  readonly clear: number | null;
  readonly marks: readonly Mark[];
  readonly bands: readonly Band[];
  readonly from: number;
  readonly to: number;
  readonly zone: string;
  readonly percent: boolean;
  readonly words: { readonly noData: string; readonly limit: string; readonly clear: string };
}

export function plotData({ clock, lang }: PageContext, series: PlotSeries): PlotData {
  const t = TRIGGER_WORDS[lang];
  const x: number[] = [];
  const y: (number | null)[] = [];
  const gaps = [...series.gaps];
  for (const point of series.points) {
    // A point of nothing right behind the last known one: the line ends there.
    for (let gap = gaps[0]; gap !== undefined && gap.from < point.at; gap = gaps[0]) {
      x.push(gap.from + 1);
      y.push(null);
      gaps.shift();
    }
    x.push(point.at);
    y.push(point.value);
  }
  return {
    x,
    y,
    gaps: series.gaps,
    limit: numberOf(series.limit),
    clear: series.clear?.below ?? series.clear?.above ?? null,
    marks: series.marks,
    bands: series.bands ?? [],
    from: series.from,
    to: series.to,
    zone: clock.zone,
    percent: series.kind === 'ratio' || series.kind === 'fractionAbove',
    words: { noData: t.noData, limit: t.limitLine, clear: t.clearLine },
  };
}

function numberOf(limit: TriggerSeries['limit']): number | null {
  if (limit === null || 'times' in limit) return null;
  return 'above' in limit ? limit.above : limit.below;
}

export function plotFigure(context: PageContext, series: PlotSeries, o: PlotOptions): Markup {
  const { lang } = context;
  const t = TRIGGER_WORDS[lang];
  const marked = series.marks;
  return html`<figure class="signal-plot" id="${o.id}-figure" aria-labelledby="${o.id}-caption">
<div class="plot${o.small === true ? ' is-small' : ''}" id="${o.id}" data-plot="${JSON.stringify(plotData(context, series))}" aria-hidden="true"><div class="plot-canvas" data-keep></div></div>
<figcaption id="${o.id}-caption">${o.caption ?? captionText(context, series)}</figcaption>
${legend(context, series)}
${marked.length === 0 ? (o.small === true ? none : html`<p class="muted">${t.noMarks}</p>`) : html`<ul class="plot-marks" aria-label="${t.marks}">${marked.map((mark) => html`<li>${markText(context, mark)}</li>`)}</ul>`}
${series.unasked.length === 0 ? none : html`<p class="muted">${t.unasked}: ${series.unasked.join(', ')}</p>`}
<details id="${o.id}-table"><summary>${t.table}</summary>${seriesTable(context, series)}</details>
</figure>`;
}

function captionText(context: PageContext, { points, gaps, from, to, kind }: PlotSeries): string {
  const { clock, lang } = context;
  const t = TRIGGER_WORDS[lang];
  const values = points.flatMap((point) => (point.value === null ? [] : [point.value]));
  const show = (value: number): string => valueText(value, kind, context);
  const range = values.length === 0 ? t.nothingShown : `${t.between} ${show(Math.min(...values))} ${t.and} ${show(Math.max(...values))}`;
  const missing = gaps.map((gap) => `${timeOf(gap.from, clock)}–${timeOf(gap.to, clock)}`);
  return `${t.last} ${formatDuration(Math.round((to - from) / 1_000) * 1_000, lang)}: ${range}${missing.length === 0 ? '' : ` · ${t.gaps} ${missing.join(', ')}`}`;
}

function legend({ lang }: PageContext, { limit, clear, gaps, marks, bands = [] }: PlotSeries): Markup {
  const t = TRIGGER_WORDS[lang];
  const hasLimit = limit !== null && !('times' in limit);
  return html`<p class="legend" aria-hidden="true"><span class="key is-value">${t.value}</span>${hasLimit ? html` <span class="key is-limit">${t.limitLine}</span>` : none}${clear === null ? none : html` <span class="key is-clear">${t.clearLine}</span>`}${gaps.length === 0 ? none : html` <span class="key is-gap">${t.noData}</span>`}${marks.length === 0 ? none : html` <span class="key is-mark">${t.change}</span>`}${bands.some((band) => band.act) ? html` <span class="key is-act">${t.bandAct}</span>` : none}${bands.some((band) => !band.act) ? html` <span class="key is-ask">${t.bandAsk}</span>` : none}</p>`;
}

function markText({ clock, lang }: PageContext, { at, what, label }: Mark): Markup {
  const t = TRIGGER_WORDS[lang];
  if (what === 'change') return html`${timeTag(at, clock, { seconds: true })} <b>${label}</b>`;
  return html`${timeTag(at, clock, { seconds: true })} <a href="/incidents/${encodeURIComponent(label)}">${label}</a> ${what === 'incident-began' ? t.began : t.ended}`;
}

type Line =
  | { readonly at: number; readonly point: Point }
  | { readonly at: number; readonly gap: Span }
  | { readonly at: number; readonly mark: Mark };

function seriesTable(context: PageContext, series: PlotSeries): Markup {
  const { clock, lang } = context;
  const t = TRIGGER_WORDS[lang];
  const every = Math.max(1, Math.ceil(series.points.length / TABLE_ROWS));
  const points = series.points.filter((_, index) => index % every === 0 || index === series.points.length - 1);
  const lines: readonly Line[] = [
    ...points.map((point) => ({ at: point.at, point })),
    ...longest(series.gaps).map((gap) => ({ at: gap.from, gap })),
    ...series.marks.map((mark) => ({ at: mark.at, mark })),
  ].sort((a, b) => a.at - b.at);
  const cells = (line: Line): Markup => {
    if ('gap' in line) return html`<td colspan="2">${t.noData} → ${timeTag(line.gap.to, clock, { seconds: true })}</td>`;
    if ('mark' in line)
      return html`<td colspan="2">${line.mark.what === 'change' ? t.change : ''} ${line.mark.label} ${line.mark.what === 'change' ? '' : line.mark.what === 'incident-began' ? t.began : t.ended}</td>`;
    const { value, bad, all } = line.point;
    return html`<td>${value === null ? t.noTraffic : valueText(value, series.kind, context)}</td><td>${bad} / ${all}</td>`;
  };
  return html`<table class="series"><caption class="visually-hidden">${t.plotOf}</caption><thead><tr><th scope="col">${t.time}</th><th scope="col">${t.value}</th><th scope="col">${t.counts}</th></tr></thead><tbody>${lines.map((line) => html`<tr><th scope="row">${timeTag(line.at, clock, { seconds: true })}</th>${cells(line)}</tr>`)}</tbody></table>`;
}

/** Of many gaps the longest: the table is read aloud. */
const longest = (gaps: readonly Span[]): readonly Span[] => gaps.toSorted((a, b) => b.to - b.from - (a.to - a.from)).slice(0, TABLE_ROWS);
