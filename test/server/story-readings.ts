// What detection tells in the story: two organizations, one in trouble, a minute of which nothing is known. A test may show others.
import type { SignalSeries } from '../../src/domain/series.ts';
import type { TriggerView } from '../../src/domain/trigger.ts';
import type { Readings } from '../../src/ports/readings.ts';
import type { Time } from '../../src/ports/time.ts';

const MIN = 60_000;
const SLOT_MS = 5_000;

export interface StoryReadings extends Readings {
  /** From now on these are what is known. */
  show(views: () => readonly TriggerView[]): void;
}

export function viewAt(now: number, scope: string, change: Partial<TriggerView> = {}): TriggerView {
  return {
    trigger: 'http-5xx',
    scope,
    status: 'ok',
    announced: false,
    unknown: false,
    warming: false,
    episode: null,
    since: null,
    value: 0.003,
    bad: 2,
    all: 700,
    level: 'none',
    overLimit: false,
    watermark: now - 900,
    lastEvaluatedAt: now - 400,
    ...change,
  };
}

export const breachedAt = (now: number, scope: string, change: Partial<TriggerView> = {}): TriggerView =>
  viewAt(now, scope, {
    status: 'breached',
    announced: true,
    episode: 'e1',
    since: now - 12 * MIN,
    value: 0.0412,
    bad: 35,
    all: 850,
    level: 'act',
    overLimit: true,
    ...change,
  });

export function createStoryReadings(time: Time): StoryReadings {
  let views = (): readonly TriggerView[] => [breachedAt(time.now(), 'acme'), viewAt(time.now(), 'globex')];
  return {
    show: (others) => {
      views = others;
    },
    views: async (trigger) => views().filter((view) => trigger === undefined || view.trigger === trigger),
    series: async ({ trigger, scope, from, to }) => {
      const view = views().find((one) => one.trigger === trigger && one.scope === scope);
      return view === undefined ? null : seriesOf(view, from, to ?? time.now());
    },
    health: async () => ({ watermarkAgeMs: 900, lagMs: 3, deadSources: [] }),
    report: async ({ by }) => ({ status: 'suspect', people: [by], withinMs: 3_600_000, enough: false }),
    users: async () => undefined,
    told: async () => [],
    read: async () => ({
      known: false,
      why: 'not asked here',
      value: 0,
      lower: 0,
      upper: 0,
      bad: 0,
      all: 0,
      growing: false,
      watermark: time.now(),
    }),
  } satisfies StoryReadings;
}

/** Ten minutes in slots of five seconds; from the fifth last minute to the fourth last nothing came. */
function seriesOf(view: TriggerView, asked: number | undefined, to: number): SignalSeries {
  const from = asked ?? to - 10 * MIN;
  const gap = { from: Math.floor((to - 5 * MIN) / SLOT_MS) * SLOT_MS, to: Math.floor((to - 4 * MIN) / SLOT_MS) * SLOT_MS };
  const starts = Array.from(
    { length: Math.ceil((to - from + 5 * MIN) / SLOT_MS) },
    (_, index) => (Math.floor((from - 5 * MIN) / SLOT_MS) + index) * SLOT_MS,
  );
  const isBad = (at: number): boolean => view.status === 'breached' && at >= to - 8 * MIN && at % (2 * SLOT_MS) === 0;
  const slots = starts
    .filter((at) => at < to && !(at >= gap.from && at < gap.to))
    .map((at) => ({ at, bad: isBad(at) ? 1 : 0, all: 14, sum: 0 }));
  return { from, to, slotMs: SLOT_MS, overMs: 5 * MIN, tellsFrom: from, slots, gaps: [gap] };
}
