// What a runbook is expected to take along each path, next to what is allowed: the sums, what they do not know, and how it reads.
import { describe, expect, it, test } from 'vitest';
import { describeEvent } from '../../src/domain/event-text.ts';
import { expectedWay } from '../../src/domain/expected-time.ts';
import type { Incident } from '../../src/domain/incident.ts';
import type { Runbook, Step } from '../../src/domain/ir.ts';
import { bareRunbook } from '../../src/domain/ir.ts';
import { timeBudgetText } from '../../src/domain/text/time-budgets.ts';
import { budgetsLeft, budgetsOf, withPast } from '../../src/domain/time-budget.ts';
import { parseSpan } from '../../src/domain/units.ts';
import { ending, type Visit } from '../../src/flows/run.ts';

const MIN = 60_000;
type More = Readonly<Record<string, unknown>>;
const step = (id: string, kind: Step['kind'] = 'do', more: More = {}): Step =>
  ({ kind, id, title: id, text: '', fail: { then: 'stop' }, meets: [], evidence: [], ...more }) as unknown as Step;
const takes = (id: string, minutes: number, more: More = {}): Step => step(id, 'do', { takesMs: minutes * MIN, ...more });
const choose = (id: string, ...gotos: readonly (string | null)[]): Step =>
  step(id, 'choose', {
    ask: '?',
    takesMs: 0,
    arms: Object.fromEntries(
      gotos.map((goto, at) => [`a${at}`, { title: String(goto), human: false, ...(goto === null ? {} : { goto }) }]),
    ),
  });
const runbook = (steps: readonly Step[], more: Partial<Runbook> = {}): Runbook => ({
  ...bareRunbook('back'),
  phases: [{ id: 'all', title: 'All', text: '', steps }],
  ...more,
});
const called = (id: string, steps: readonly Step[], more: More = {}): Step =>
  step(id, 'call', { runbook: runbook(steps), with: {}, ...more });
const each = (id: string, part: readonly Step[], more: More = {}): Step =>
  step(id, 'each', {
    runbook: runbook(part),
    over: ['a', 'b', 'c', 'd', 'e'],
    as: 'org',
    batches: [{ count: 1 }, { share: 1 }],
    maxFailures: 0,
    atOnce: 2,
    with: {},
    ...more,
  });

const PATHS: readonly (readonly [string, readonly Step[], readonly [number, number, ...string[]]])[] = [
  ['steps in a row are summed', [takes('a', 2), takes('b', 3)], [5, 5]],
  ['two figures are kept apart', [takes('a', 15, { takesLeastMs: 10 * MIN })], [10, 15]],
  ['arms give the best and the worst', [choose('c', null, 'z'), takes('a', 4), takes('z', 1)], [1, 5]],
  ['an arm back is not walked again', [takes('a', 1), choose('c', null, 'a'), takes('z', 1)], [2, 2]],
  ['what may be skipped takes nothing at best', [takes('a', 4, { when: 'x' })], [0, 4]],
  ['a step that says nothing is named', [takes('a', 4), step('look', 'verify')], [4, 4, 'look']],
  ['waiting and watching take their length', [step('w', 'wait', { forMs: MIN }), step('s', 'watch', { forMs: 2 * MIN })], [3, 3]],
  ['a wait for a condition says nothing', [step('w', 'wait', { until: 'x' })], [0, 0, 'w']],
  ['people may use what they are given', [step('m', 'manual', { withinMs: 5 * MIN }), step('y', 'approve')], [0, 5, 'y']],
  ['a call is what is in it', [called('c', [takes('c.a', 1), takes('c.b', 2)]), takes('z', 1)], [4, 4]],
  ['a call that says so itself is that', [called('c', [takes('c.a', 1)], { takesMs: 9 * MIN })], [9, 9]],
  ['a fan-out is its batches: one, then four by two', [each('f', [takes('p', 2)])], [6, 6]],
  ['a fan-out over an unknown number is one turn at least', [each('f', [takes('p', 2)], { over: 'orgs("t")' })], [2, 2, 'f']],
  ['telling takes no time worth a figure', [step('n', 'notify'), takes('a', 1)], [1, 1]],
];

describe('the expected time of a path', () => {
  it.each(PATHS)('%s', (_name, steps, [least, most, ...silent]) => {
    expect(expectedWay(steps, {}).end).toEqual({ leastMs: least * MIN, mostMs: most * MIN, silent });
  });

  it('ends where a clock is met, inside a call, too, and is nothing where no path leads there', () => {
    const steps = [takes('a', 1), called('c', [takes('c.a', 2, { meets: ['k'] }), takes('c.b', 9)]), takes('z', 9)];
    const way = (clock: string) => expectedWay(steps, { meets: (one) => one.meets.includes(clock) }).met;
    expect(way('k')).toEqual({ leastMs: 3 * MIN, mostMs: 3 * MIN, silent: [] });
    expect(way('other')).toBeNull();
  });
});

const CLOCK = { from: 'declared', budgetMs: 5 * MIN, until: [], warn: 0.8 } as const;
const SYSTEM = { clocks: {}, components: [{ id: 'api', title: 'API', criticality: 'critical', rtoMs: 4 * MIN }] } as unknown as Parameters<
  typeof budgetsOf
>[1];
const book = (minutes: number, more: Partial<Runbook> = {}): Runbook =>
  runbook(
    [takes('back', minutes), step('ok', 'verify', { takesMs: MIN, meets: ['mitigate'] }), step('quiet', 'watch', { forMs: 30 * MIN })],
    {
      components: ['api'],
      clocks: { mitigate: CLOCK },
      ...more,
    },
  );
const texts = (of: Runbook, lang: 'en' | 'pt-BR' = 'en'): readonly string[] =>
  budgetsOf(of, SYSTEM).map((one) => timeBudgetText(one, lang));

describe('the budgets of a runbook', () => {
  test('say beside each clock and each RTO whether the steps until then fit; what only watches does not count', () => {
    expect(texts(book(2))).toEqual(['mitigate within 5 min: 3 min expected; fits', 'API back (RTO) within 4 min: 3 min expected; fits']);
    expect(texts(book(7), 'pt-BR')).toEqual([
      'mitigate em até 5 min: 8 min previstos; não cabe por 3 min',
      'API de volta (RTO) em até 4 min: 8 min previstos; não cabe por 4 min',
    ]);
  });

  test('say by how much it is too long at worst, and which steps say nothing', () => {
    const steps = [choose('c', null, 'ok'), takes('slow', 6), step('ok', 'verify', { takesMs: MIN, meets: ['mitigate'] })];
    expect(texts(book(1, { phases: [{ id: 'all', title: 'All', text: '', steps }] }))[0]).toBe(
      'mitigate within 5 min: 1–7 min expected; at worst 2 min too long',
    );
    const silent = [takes('a', 4), step('b'), step('ok', 'verify', { meets: ['mitigate'] })];
    expect(texts(book(1, { phases: [{ id: 'all', title: 'All', text: '', steps: silent }] }))[0]).toBe(
      'mitigate within 5 min: at least 4 min; 2 steps say nothing (b, ok)',
    );
  });

  test('a clock that the phase stops is met by the first proof after an act', () => {
    const until = { mitigate: { ...CLOCK, until: ['phase.mitigated'] } };
    const steps = [step('see', 'verify', { takesMs: 9 * MIN }), takes('back', 2), step('ok', 'verify', { takesMs: MIN })];
    const [first] = budgetsOf(book(1, { clocks: until, phases: [{ id: 'all', title: 'All', text: '', steps }] }), SYSTEM);
    expect(first).toMatchObject({ steps: ['ok'], expected: { leastMs: 12 * MIN }, fit: 'over', overMs: 7 * MIN });
  });

  test('of an incident that goes on are what is left of both, without what is done or stopped', () => {
    const at = (startedAt: number, endedAt?: number) => ({
      status: 'done',
      startedAt,
      detail: {},
      ...(endedAt === undefined ? {} : { endedAt }),
    });
    const incident = { detectedAt: 0, clocks: { mitigate: { deadline: 5 * MIN } }, steps: { back: at(0, 2 * MIN), ok: at(2 * MIN) } };
    const left = (now: number, more = {}) => budgetsLeft(book(2), { system: SYSTEM, incident: { ...incident, ...more }, now });
    expect(left(2.5 * MIN).map((one) => timeBudgetText(one, 'en'))).toEqual([
      'mitigate, 2 min 30 s left: 30 s expected; fits',
      'API back (RTO), 1 min 30 s left: 30 s expected; fits',
    ]);
    expect(left(5 * MIN)).toEqual([]);
    expect(left(3 * MIN, { mitigatedAt: 3 * MIN, clocks: { mitigate: { deadline: 5 * MIN, stoppedAt: 3 * MIN } } })).toEqual([]);
  });

  test('carry what the last runs really took, from their first step to the one that met it', () => {
    const run = (ms: number, status = 'done') => ({
      steps: {
        back: { status: 'done', startedAt: 10, endedAt: 20, detail: {} },
        ok: { status, startedAt: 20, endedAt: 10 + ms, detail: {} },
      },
    });
    const [clock] = withPast(budgetsOf(book(2), SYSTEM), [run(130_000), run(1, 'failed'), run(500_000), run(120_000)]);
    expect(clock?.past).toEqual({ ms: 130_000, runs: 3 });
    expect(clock === undefined ? '' : timeBudgetText(clock, 'en')).toContain('fits; last 3 runs: 2 min 10 s');
  });
});

describe('the figure of a step', () => {
  test('is one duration or two, the longer one last', () => {
    expect(['5m', '10m-15m', '30s – 2m', '2m-1m', '2-3m', '1m-2m-3m'].map(parseSpan)).toEqual([
      { leastMs: 5 * MIN, mostMs: 5 * MIN },
      { leastMs: 10 * MIN, mostMs: 15 * MIN },
      { leastMs: 30_000, mostMs: 2 * MIN },
      null,
      null,
      null,
    ]);
  });

  test('that was not enough is told in the record, and one that was is not', () => {
    const of = (endedAt: number): string => {
      const incident = { clocks: {}, steps: { back: { id: 'back', startedAt: 0 } } } as unknown as Incident;
      const visit = { run: {}, step: takes('back', 5), number: 1 } as unknown as Visit;
      const [event] = ending(visit, incident, { status: 'done', detail: {}, at: endedAt }).events;
      if (event === undefined) throw new Error('no event');
      return describeEvent(event as never, 'en');
    };
    expect(of(9 * MIN)).toBe('Step back: done; planned 5 min, took 9 min');
    expect(of(5 * MIN)).toBe('Step back: done');
  });
});
