// Draws the plots of signals with uPlot from the data that the page carries. A gap stays a gap: the line ends and the span is hatched.
// It knows no rule and asks for nothing: without it the sentence and the table beside each plot say the same.
import type uPlot from 'uplot';

interface PlotData {
  readonly x: readonly number[];
  readonly y: readonly (number | null)[];
  readonly gaps: readonly { readonly from: number; readonly to: number }[];
  readonly limit: number | null;
  readonly clear: number | null;
  readonly marks: readonly { readonly at: number; readonly what: string; readonly label: string }[];
  readonly bands: readonly { readonly from: number; readonly to: number; readonly act: boolean }[];
  readonly from: number;
  readonly to: number;
  readonly zone: string;
  readonly percent: boolean;
  readonly words: { readonly noData: string; readonly limit: string; readonly clear: string };
}

interface Drawn extends HTMLElement {
  /** For tests and for those who debug. */
  plot?: uPlot;
}

const UPlot = (globalThis as unknown as { uPlot?: typeof uPlot }).uPlot;
const lang = document.documentElement.lang;

function colourOf(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function formatValue(value: number, percent: boolean): string {
  const options: Intl.NumberFormatOptions = percent
    ? { style: 'percent', maximumFractionDigits: 1 }
    : { maximumSignificantDigits: 4, notation: Math.abs(value) >= 10_000 ? 'compact' : 'standard' };
  return new Intl.NumberFormat(lang, options).format(value);
}

function draw(frame: HTMLElement): void {
  const home = frame.querySelector<Drawn>('.plot-canvas');
  if (UPlot === undefined || home === null) return;
  const data = JSON.parse(frame.dataset['plot'] ?? 'null') as PlotData | null;
  if (data === null) return;
  home.plot?.destroy();
  const size = { width: Math.max(200, frame.clientWidth), height: frame.classList.contains('is-small') ? 150 : 240 };
  const level = (value: number | null): (number | null)[] => data.x.map(() => value);
  home.plot = new UPlot(optionsOf(data, size), [[...data.x], [...data.y], level(data.limit), level(data.clear)], home);
}

function optionsOf(data: PlotData, size: { readonly width: number; readonly height: number }): uPlot.Options {
  const [ink, muted, line] = [colourOf('--ink'), colourOf('--muted'), colourOf('--line')];
  const font = `13px ${getComputedStyle(document.body).fontFamily}`;
  const clock = new Intl.DateTimeFormat(lang, { ...axisWords(data.to - data.from), timeZone: data.zone });
  const axis = { stroke: muted, font, grid: { stroke: line, width: 1 }, ticks: { show: false } };
  return {
    ...size,
    ms: 1,
    legend: { show: false },
    cursor: { show: false },
    padding: [14, 10, 0, 0],
    scales: { x: { time: true, range: () => [data.from, data.to] }, y: { range: () => rangeOf(data) } },
    axes: [
      { ...axis, size: 30, space: 90, values: (_, splits) => splits.map((at) => clock.format(at)) },
      { ...axis, size: 56, values: (_, splits) => splits.map((value) => formatValue(value, data.percent)) },
    ],
    series: [
      {},
      { stroke: ink, width: 2.5, spanGaps: false, points: { show: false } },
      { stroke: colourOf('--bad'), width: 2, dash: [8, 5], points: { show: false } },
      { stroke: colourOf('--good'), width: 1.5, dash: [2, 4], points: { show: false } },
    ],
    hooks: { drawAxes: [(plot) => drawBands(plot, data)], draw: [(plot) => drawGaps(plot, data, muted), (plot) => drawMarks(plot, data)] },
  };
}

const DAY_MS = 86_400_000;

/** Days where hours would say nothing. */
function axisWords(spanMs: number): Intl.DateTimeFormatOptions {
  if (spanMs <= 1.5 * DAY_MS) return { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' };
  if (spanMs <= 4 * DAY_MS) return { day: 'numeric', month: 'short', hour: '2-digit', hourCycle: 'h23' };
  return { day: 'numeric', month: 'short' };
}

/** The limit is always in sight: how near the value is to it is the question. */
function rangeOf({ y, limit, clear }: PlotData): [number, number] {
  const all = [...y, limit, clear].filter((value): value is number => value !== null);
  const [low, high] = [Math.min(0, ...all), Math.max(0, ...all)];
  return [low, high === low ? low + 1 : high + (high - low) * 0.12];
}

/** Told apart by height, too: what would have acted is as high as the plot. None is so short that it is not seen. */
function drawBands({ ctx, bbox, valToPos }: uPlot, { bands, from, to }: PlotData): void {
  for (const band of bands) {
    const left = Math.max(bbox.left, valToPos(Math.max(band.from, from), 'x', true));
    const right = Math.min(bbox.left + bbox.width, Math.max(left + 3 * devicePixelRatio, valToPos(Math.min(band.to, to), 'x', true)));
    const height = band.act ? bbox.height : bbox.height / 3;
    ctx.save();
    ctx.fillStyle = colourOf(band.act ? '--bad' : '--warn');
    ctx.globalAlpha = 0.3;
    ctx.fillRect(left, bbox.top + bbox.height - height, right - left, height);
    ctx.restore();
  }
}

/** Hatched, so that it is told from the ground by its shape. */
function drawGaps({ ctx, bbox, valToPos }: uPlot, { gaps, words, from }: PlotData, muted: string): void {
  const ratio = devicePixelRatio;
  for (const gap of gaps) {
    const left = Math.max(bbox.left, valToPos(Math.max(gap.from, from), 'x', true));
    const right = Math.min(bbox.left + bbox.width, valToPos(gap.to, 'x', true));
    if (right <= left) continue;
    ctx.save();
    ctx.beginPath();
    ctx.rect(left, bbox.top, right - left, bbox.height);
    ctx.clip();
    ctx.strokeStyle = muted;
    ctx.globalAlpha = 0.35;
    ctx.lineWidth = ratio;
    ctx.beginPath();
    for (let x = left - bbox.height; x < right; x += 8 * ratio) {
      ctx.moveTo(x, bbox.top + bbox.height);
      ctx.lineTo(x + bbox.height, bbox.top);
    }
    ctx.stroke();
    ctx.restore();
    label(ctx, words.noData, { x: (left + right) / 2, y: bbox.top + bbox.height / 2, room: right - left, colour: muted, align: 'center' });
  }
}

function drawMarks({ ctx, bbox, valToPos }: uPlot, { marks, from, to }: PlotData): void {
  const ratio = devicePixelRatio;
  for (const mark of marks) {
    if (mark.at < from || mark.at > to) continue;
    const x = Math.round(valToPos(mark.at, 'x', true));
    const colour = mark.what === 'change' ? colourOf('--info') : colourOf('--bad');
    ctx.save();
    ctx.strokeStyle = colour;
    ctx.fillStyle = colour;
    ctx.lineWidth = 1.5 * ratio;
    ctx.setLineDash(mark.what === 'change' ? [] : [4 * ratio, 3 * ratio]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    // A change points down; an incident is a flag.
    ctx.beginPath();
    ctx.moveTo(x - (mark.what === 'change' ? 6 : 0) * ratio, bbox.top - 10 * ratio);
    ctx.lineTo(x + (mark.what === 'change' ? 6 : 9) * ratio, bbox.top - (mark.what === 'change' ? 10 : 5) * ratio);
    ctx.lineTo(x, bbox.top);
    ctx.fill();
    ctx.restore();
  }
}

interface Label {
  readonly x: number;
  readonly y: number;
  readonly room: number;
  readonly colour: string;
  readonly align: CanvasTextAlign;
}

/** Upright where it would not fit. */
function label(ctx: CanvasRenderingContext2D, text: string, { x, y, room, colour, align }: Label): void {
  ctx.save();
  ctx.font = `${13 * devicePixelRatio}px ${getComputedStyle(document.body).fontFamily}`;
  ctx.translate(x, y);
  if (ctx.measureText(text).width > room - 4 * devicePixelRatio) ctx.rotate(-Math.PI / 2);
  const wide = ctx.measureText(text).width + 8 * devicePixelRatio;
  ctx.fillStyle = colourOf('--surface');
  ctx.fillRect(-wide / 2, -10 * devicePixelRatio, wide, 20 * devicePixelRatio);
  ctx.fillStyle = colour;
  ctx.textAlign = align;
  ctx.textBaseline = 'middle';
  ctx.fillText(text, 0, 0);
  ctx.restore();
}

function drawAll(): void {
  for (const frame of document.querySelectorAll<HTMLElement>('[data-plot]')) draw(frame);
}

drawAll();
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawAll);
let width = innerWidth;
addEventListener('resize', () => {
  if (innerWidth !== width) drawAll();
  width = innerWidth;
});
// The page is renewed piece by piece: what it carries changed, so the plot does.
new MutationObserver((changes) => {
  const frames = changes.flatMap(({ type, target, addedNodes }) =>
    type === 'attributes'
      ? [target as HTMLElement]
      : [...addedNodes].flatMap((node) => (node instanceof HTMLElement ? [...node.querySelectorAll<HTMLElement>('[data-plot]')] : [])),
  );
  for (const frame of new Set(frames)) draw(frame);
}).observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ['data-plot'] });
