// Backtests over the API and on their page: one at a time, said before what it costs, bounded when it is shown, and nothing is lost on a form.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { KEPT } from '../../src/domain/replay-report.ts';
import type { BacktestView } from '../../src/server/backtest-view.ts';
import { measuredPast } from '../world/scenes/measured-past.ts';
import { viewAt } from './story-readings.ts';
import { SYSTEM, WITH_REPORTS } from './story-system.ts';
import { type Ask, type Door, openDoor, START } from './world.ts';

const MIN = 60_000;
const HOUR = 60 * MIN;
const DAY = 24 * HOUR;

let door: Door;
beforeEach(async () => {
  door = await openDoor();
});
afterEach(() => door.remove());

const measured = (
  bad: (org: string, minute: number) => number,
  o: { readonly away?: readonly [number, number]; readonly orgs?: readonly string[] } = {},
) => measuredPast(door.story.world.signals, { to: START, minutes: 240, bad, ...o });
/** ACME breaks three hours before now, and a little two hours before. */
const acmeBreaks = (org: string, minute: number): number =>
  org !== 'acme' ? 0 : minute <= 180 && minute > 170 ? 60 : minute <= 120 && minute > 115 ? 20 : 0;

interface State {
  readonly running: { readonly trigger: string; readonly share: number; readonly by: string } | null;
  readonly last: {
    readonly how: string;
    readonly by: string;
    readonly why?: string;
    readonly estimate: { readonly aboutMs: number };
  } | null;
  readonly found: BacktestView | null;
}
const start = (body: unknown = { from: START - 4 * HOUR }, o: Ask = {}, trigger = 'http-5xx'): Promise<Response> =>
  door.ask('POST', `/v1/triggers/${trigger}/backtest`, { key: `backtest-${Math.random()}`, body, ...o });
const state = async (query = ''): Promise<State> => (await (await door.ask('GET', `/v1/backtest${query}`, { as: 'eve' })).json()) as State;
/** Started, and at its end. */
async function done(body?: unknown): Promise<State> {
  expect((await start(body)).status).toBe(202);
  return ended();
}
async function ended(): Promise<State> {
  for (;;) {
    const now = await state();
    if (now.running === null) return now;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('a backtest', () => {
  test('of those who may read triggers tells what would have acted alone, the real incident, and the worst first', async () => {
    await measured(acmeBreaks);
    expect((await start({ from: START - 4 * HOUR }, { as: 'eve' })).status).toBe(202);
    const { found, last } = await ended();
    expect(last).toMatchObject({ how: 'done', by: 'eve', set: {}, org: null });
    expect(found?.rules).toMatchObject([{ rule: 'written', limit: { above: 0.02 }, alone: 2, acts: 2, asks: 0 }]);
    expect(found?.worst).toMatchObject([{ scope: 'acme', acts: 2 }]);
    expect(found?.episodes.map((one) => [one.scope, one.level, one.whyNot])).toEqual([
      ['acme', 'act', null],
      ['acme', 'act', null],
    ]);
    expect(Math.max(...(found?.line?.points ?? []).map((one) => one.value ?? 0))).toBeCloseTo(0.1, 2);
  });

  test('of a rule that is tried is laid beside the one that is written, and either may be looked at', async () => {
    await measured(acmeBreaks);
    const { found } = await done({ from: START - 4 * HOUR, set: { above: '8%', over: '10m' } });
    expect(found?.rules.map((one) => [one.rule, one.alone, one.limit, one.overMs])).toEqual([
      ['written', 2, { above: 0.02 }, 5 * MIN],
      ['tried', 1, { above: 0.08 }, 10 * MIN],
    ]);
    expect([found?.rule, found?.episodes.length]).toEqual(['tried', 1]);
    const written = (await state('?rule=written')).found;
    expect([written?.rule, written?.episodes.length]).toEqual(['written', 2]);
  });

  test('shows a time that nobody watched as a gap, with no point in it', async () => {
    await measured(() => 0, { away: [120, 60] });
    const { found } = await done();
    expect(found?.gaps).toEqual([{ from: START - 120 * MIN, to: START - 60 * MIN, why: 'away' }]);
    expect(found?.watchedMs).toBe(3 * HOUR);
    expect(found?.line).toBeNull();
    const one = await done({ from: START - 4 * HOUR, org: 'acme' });
    const within = one.found?.line?.points.filter(({ at }) => at > START - 120 * MIN && at <= START - 60 * MIN);
    expect([one.found?.scope, within]).toEqual(['acme', []]);
  });

  test('of four hundred organizations in trouble shows a page of them, and keeps lines of the worst few', async () => {
    const orgs = Array.from({ length: 400 }, (_, index) => `org-${index}`);
    await measured((_org, minute) => (minute <= 30 && minute > 20 ? 120 : 0), { orgs });
    await done({ from: START - HOUR });
    const { found } = await state('?limit=20&offset=40');
    expect(found).toMatchObject({ total: 400, allEpisodes: 400, next: 60, scopesWithEpisodes: 400 });
    expect([found?.episodes.length, found?.worst.length]).toEqual([20, KEPT.scopes]);
    expect((await state(`?org=${found?.worst[KEPT.lines]?.scope}`)).found).toMatchObject({ line: null, total: 1 });
    expect((await state(`?org=${found?.worst[3]?.scope}`)).found?.line?.points.length).toBeGreaterThan(40);
    const page = await (await (await door.browser('eve')).get('/triggers/http-5xx/backtest?show=org-399')).text();
    expect(page).toContain('those that are hit at the same time would have been one incident');
    expect(page.match(/<option value="org-/g)?.length).toBe(KEPT.scopes + 1);
    expect(page.match(/<li class="is-(act|ask)"/g)?.length).toBe(1);
  });

  test('says why it would not have acted: a runbook that always asks, and none at all', async () => {
    const { runbooks } = door.story.world;
    const [id = '', pinned] = Object.entries(runbooks)[0] ?? [];
    await measured(acmeBreaks);
    if (pinned === undefined) throw new Error('the story has a runbook');
    Object.assign(runbooks, { [id]: { ...pinned, runbook: { ...pinned.runbook, start: 'ask' } } });
    const asks = await done();
    expect([asks.found?.rules[0]?.alone, asks.found?.rules[0]?.acts, asks.found?.episodes[0]?.whyNot]).toEqual([0, 2, 'runbook-asks']);
    Object.assign(runbooks, { [id]: { ...pinned, runbook: { ...pinned.runbook, triggers: [] } } });
    expect((await state()).found?.episodes[0]?.whyNot).toBe('no-runbook');
  });
});

describe('one at a time', () => {
  test('a second one is told that one is running, of which trigger and by whom; the same one again is the same', async () => {
    door.replays.hold();
    const body = { from: START - 4 * HOUR, to: START };
    expect((await start(body, { as: 'bob' })).status).toBe(202);
    expect((await start(body, { as: 'bob' })).status).toBe(202);
    expect(door.replays.orders).toHaveLength(1);
    const refused = await start(body, { as: 'eve' });
    expect([refused.status, await refused.json()]).toMatchObject([
      409,
      { code: 'BELAY_BACKTEST_RUNNING', detail: expect.stringContaining('http-5xx is running, started by bob') },
    ]);
    door.replays.tell(0.25);
    expect((await state()).running).toMatchObject({ trigger: 'http-5xx', share: 0.25, by: 'bob' });
  });

  test('it is stopped when somebody says so, and the last one that was found gives way to it', async () => {
    await measured(acmeBreaks);
    await done();
    door.replays.hold();
    await start();
    expect((await state()).last?.how).toBe('done');
    const stopped = await door.ask('POST', '/v1/backtest/stop', { key: 'stop-00001', as: 'eve' });
    expect([stopped.status, (await stopped.json()) as State]).toMatchObject([200, { running: null, last: { how: 'stopped' } }]);
    expect((await state()).found).toBeNull();
    expect((await door.ask('POST', '/v1/backtest/stop', { key: 'stop-00002' })).status).toBe(200);
  });

  test('it runs without secrets, people or addresses of the system', async () => {
    door.replays.hold();
    await start();
    const [order] = door.replays.orders;
    expect([order?.system.people, order?.system.channels, order?.system.targets, order?.system.switches]).toEqual([[], [], [], []]);
    expect(order?.system.triggers.map((one) => one.id)).toEqual(['http-5xx']);
  });

  test.each([
    [{ how: 'late', mostMs: 7_200_000 }, 'it took longer than 2 h'],
    [{ how: 'memory', mostMb: 768 }, 'more than 768 MB of memory'],
    [{ how: 'failed', why: 'the store does not answer' }, 'the store does not answer'],
  ] as const)('one that ended otherwise (%o) says so, and another can start', async (how, says) => {
    door.replays.hold();
    await start();
    await door.replays.end(how);
    const page = await (await door.browser()).get('/triggers/http-5xx/backtest');
    expect(await page.text()).toContain(says);
    expect((await start()).status).toBe(202);
  });
});

describe('what cannot be replayed is refused', () => {
  test.each([
    ['an unknown trigger', 'nope', {}, 404],
    ['a trigger that people pull', 'complaints', {}, 422],
    ['a beginning after the end', 'http-5xx', { from: START, to: START - HOUR }, 422],
    ['a beginning that is to come', 'http-5xx', { from: START + HOUR, to: START + 2 * HOUR }, 422],
    ['more than 400 days', 'http-5xx', { from: START - 500 * DAY }, 422],
    ['a figure that cannot be read', 'http-5xx', { set: { above: 'much' } }, 422],
    ['a figure that is none', 'http-5xx', { set: { colour: 'red' } }, 422],
  ])('%s', async (_what, trigger, body, status) => {
    const other = await openDoor({ system: WITH_REPORTS });
    const response = await other.ask('POST', `/v1/triggers/${trigger}/backtest`, { key: 'backtest-0001', body });
    await other.remove();
    expect(response.status).toBe(status);
    expect(other.replays.orders).toEqual([]);
  });

  test('an organization of a trigger that tells none apart', async () => {
    const other = await openDoor({ system: { triggers: SYSTEM.triggers.map((rule) => ({ ...rule, scope: 'all' as const })) } });
    const response = await other.ask('POST', '/v1/triggers/http-5xx/backtest', { key: 'backtest-0001', body: { org: 'acme' } });
    await other.remove();
    expect(response.status).toBe(422);
  });
});

describe('the estimate', () => {
  const estimate = async (query: string) => (await door.ask('GET', `/v1/triggers/http-5xx/backtest${query}`, { as: 'eve' })).json();

  test('grows with organizations, days and rules, and one organization is little', async () => {
    door.story.readings.show(() => Array.from({ length: 10_000 }, (_, index) => viewAt(START, `org-${index}`)));
    expect(await estimate('')).toMatchObject({ scopes: 10_000, minutes: 43_200, rules: 1, aboutMs: 10_000 * 43_200 * 0.0106 });
    expect(await estimate('?both=true')).toMatchObject({ rules: 2, aboutMs: 2 * 10_000 * 43_200 * 0.0106 });
    expect(await estimate(`?org=org-7&from=${START - DAY}`)).toMatchObject({ scopes: 1, minutes: 1_440 });
  });

  test('of a comparison with the others is of all of them, whoever is asked for', async () => {
    const vs = { overMs: 5 * MIN, stillMs: MIN, forMs: 0, vs: { with: 'others', times: 3, least: 10 } } as const;
    const other = await openDoor({ system: { triggers: SYSTEM.triggers.map((rule) => ({ ...rule, breach: vs })) } });
    const answer = await (await other.ask('GET', '/v1/triggers/http-5xx/backtest?org=acme')).json();
    await other.remove();
    expect(answer).toMatchObject({ scopes: 2 });
  });

  test('that is long is shown before anything starts, and the second press starts it', async () => {
    door.story.readings.show(() => Array.from({ length: 10_000 }, (_, index) => viewAt(START, `org-${index}`)));
    door.replays.hold();
    const browser = await door.browser('eve');
    const fields = { from: '2026-01-31T03:14', to: '2026-03-01T03:14', intent: 'start', seen: '1000' };
    const first = await browser.submit('/triggers/http-5xx/backtest', fields);
    const to = first.headers.get('location') ?? '';
    expect([first.status, door.replays.orders.length, to.startsWith('/triggers/http-5xx/backtest?from=')]).toEqual([303, 0, true]);
    const page = await (await browser.get(to)).text();
    expect(page).toContain('10,000 organizations, 29 days');
    expect(page).toContain('Start all the same');
    const seen = /name="seen" value="(\d+)"/.exec(page)?.[1] ?? '';
    await browser.submit('/triggers/http-5xx/backtest', { ...fields, seen });
    expect(door.replays.orders).toHaveLength(1);
  });
});

describe('the page', () => {
  const path = '/triggers/http-5xx/backtest';
  const read = async (query = '', person = 'eve'): Promise<string> => (await (await door.browser(person)).get(`${path}${query}`)).text();

  test('begins with a form for thirty days, and what is written now beside what may be tried', async () => {
    const page = await read();
    expect(page).toContain('value="2026-01-30T03:14"');
    expect(page).toContain('2 organizations, 30 days');
    expect(page).toContain('now: 2%');
    expect(page).not.toContain('name="below"');
    expect(await read('?days=7&of=globex')).toContain('value="2026-02-22T03:14"');
    expect(await read('?days=7&of=globex')).toContain('<option value="globex" selected>');
  });

  test('starts one from the form, shows its progress and a way to stop, and stops it', async () => {
    door.replays.hold();
    const browser = await door.browser('eve');
    const started = await browser.submit(path, {
      from: '2026-02-28T03:14',
      to: '2026-03-01T03:14',
      org: 'acme',
      intent: 'start',
      above: '3%',
    });
    expect(started.headers.get('location')).toBe(`${path}?done=backtest-started`);
    expect(door.replays.orders[0]).toMatchObject({ org: 'acme', from: START - DAY, to: START, tried: { breach: { above: 0.03 } } });
    door.replays.tell(0.5);
    const page = await read();
    expect(page).toMatch(/<progress class="share" max="100" value="50"/);
    expect(page).toContain('started by eve');
    expect(page).not.toContain('id="start"');
    const stopped = await browser.submit(`${path}/stop`, {});
    expect(stopped.headers.get('location')).toBe(`${path}?done=backtest-stopped`);
    expect(await read()).toContain('The backtest of eve was stopped');
  });

  test('takes no form from elsewhere, and none of nobody', async () => {
    const browser = await door.browser('eve');
    const fields = { from: '2026-02-28T03:14', to: '2026-03-01T03:14', intent: 'start' };
    expect((await browser.submit(path, { ...fields, csrf: 'wrong' })).status).toBe(403);
    expect((await browser.submit(path, fields, { origin: 'http://evil.example' })).status).toBe(403);
    expect((await door.ask('POST', '/v1/backtest/stop', { as: null, key: 'stop-00001' })).status).toBe(401);
    expect(door.replays.orders).toEqual([]);
  });

  test('tells in Portuguese and in English how often it would have acted, and what a mistyped figure is', async () => {
    await measured(acmeBreaks);
    await done();
    expect(await read('?lang=pt-BR')).toContain('2 vezes em 4\u00a0h teria agido sozinho.');
    const page = await read('?lang=en');
    expect(page).toContain('2 times in 4\u00a0h it would have acted alone.');
    expect(page).toContain('Nothing is touched, and nobody is told.');
    const wrong = await (await door.browser('eve')).submit(path, {
      intent: 'start',
      above: 'lots',
      from: '2026-02-28T03:14',
      to: '2026-03-01T03:14',
    });
    expect([wrong.status, await wrong.text()]).toEqual([422, expect.stringContaining('above: &quot;lots&quot; cannot be read.')]);
  });

  test('writes names of strangers as text', async () => {
    const name = '<img src=x onerror=alert(1)>';
    await measured((_org, minute) => (minute <= 30 && minute > 20 ? 120 : 0), { orgs: [name, 'acme'] });
    await done({ from: START - HOUR });
    const page = await read();
    expect(page).not.toContain('<img');
    expect(page).toContain('&lt;img src=x onerror=alert(1)&gt;');
    expect(await read(`?show=${encodeURIComponent('"><script>')}`)).not.toContain('<script>');
  });

  test('of a trigger that cannot be replayed says why, and has no button', async () => {
    const other = await openDoor({ system: WITH_REPORTS });
    const page = await (await (await other.browser()).get('/triggers/complaints/backtest')).text();
    await other.remove();
    expect(page).toContain('of a signal of kind manual no minutes are kept');
    expect(page).not.toContain('id="start"');
  });
});
