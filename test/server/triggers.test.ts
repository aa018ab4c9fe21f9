// Triggers over the API: worst first in pages, counts of the rest, evidence, silences, and series with their gaps and marks.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BelayError } from '../../src/domain/errors.ts';
import type { DeployTarget } from '../../src/ports/deploy-target.ts';
import type { TriggerList, TriggerSeries } from '../../src/server/triggers.ts';
import { shadowPast } from '../world/scenes/shadow-past.ts';
import { breachedAt, viewAt } from './story-readings.ts';
import { type Door, openDoor } from './world.ts';

let door: Door;
beforeEach(async () => {
  door = await openDoor();
});
afterEach(() => door.remove());

const list = async (query = ''): Promise<TriggerList> => (await door.ask('GET', `/v1/triggers${query}`)).json() as Promise<TriggerList>;
const series = async (query = '', id = 'http-5xx') => door.ask('GET', `/v1/triggers/${id}/series${query}`);
const showMany = (count: number): void => {
  const now = door.time.now();
  door.story.readings.show(() =>
    Array.from({ length: count }, (_, index) =>
      index % 1_000 === 7
        ? breachedAt(now, `org-${index}`, { value: 0.02 + index / 100_000 })
        : viewAt(now, `org-${index}`, index % 500 === 3 ? { unknown: true } : {}),
    ),
  );
};

describe('the list', () => {
  test('has a summary a trigger and its scopes, worst first, with limit, mode, evidence and the age of the last look', async () => {
    const { summaries, triggers, total, next } = await list();
    expect(summaries).toMatchObject([
      {
        trigger: 'http-5xx',
        kind: 'ratio',
        mode: 'armed',
        overMs: 300_000,
        limit: { above: 0.02 },
        counts: { breached: 1, ok: 1 },
        seen: 2,
      },
    ]);
    expect(triggers.map((one) => [one.scope, one.state, one.level])).toEqual([
      ['acme', 'breached', 'act'],
      ['globex', 'ok', 'none'],
    ]);
    expect(triggers[0]?.evidence.chance).toBeLessThan(1e-3);
    expect(triggers[0]?.lastEvaluatedAt).toBe(door.time.now() - 400);
    expect([total, next]).toEqual([2, null]);
  });

  test('says which armed trigger is without history: counted for an hour, unless it is kept what it would have done in shadow', async () => {
    const now = door.time.now();
    door.story.readings.show(() => [viewAt(now, 'acme', { measuredSince: now - 3_600_000 })]);
    const one = async (): Promise<boolean> =>
      ((await (await door.ask('GET', '/v1/triggers/http-5xx')).json()) as { readonly summary: { readonly untried: boolean } }).summary
        .untried;
    expect([(await list()).summaries[0]?.untried, await one()]).toEqual([true, true]);
    await shadowPast(door.story.world, now);
    expect([(await list()).summaries[0]?.untried, await one()]).toEqual([false, false]);
  });

  test('of ten thousand organizations comes in pages: the worst first, each once, and the counts are of all', async () => {
    showMany(10_000);
    const first = await list('?limit=6');
    expect(first.summaries[0]).toMatchObject({ seen: 10_000, counts: { breached: 10, unknown: 20, ok: 9_970 } });
    expect(first.triggers.map((one) => one.scope)).toEqual(['org-9007', 'org-8007', 'org-7007', 'org-6007', 'org-5007', 'org-4007']);
    expect(first).toMatchObject({ total: 10_000, next: 6 });
    const second = await list(`?limit=6&offset=${first.next}`);
    expect(second.triggers.map((one) => one.state)).toEqual(['breached', 'breached', 'breached', 'breached', 'unknown', 'unknown']);
    const seen = new Set([...first.triggers, ...second.triggers].map((one) => one.scope));
    expect(seen.size).toBe(12);
  });

  test('is filtered by trigger, organization and state', async () => {
    showMany(2_000);
    expect((await list('?state=unknown')).triggers.every((one) => one.state === 'unknown')).toBe(true);
    expect((await list('?state=unknown')).total).toBe(4);
    expect((await list('?org=org-7')).triggers.map((one) => one.state)).toEqual(['breached']);
    expect((await list('?trigger=nothing')).summaries).toEqual([]);
    expect((await door.ask('GET', '/v1/triggers?state=fine')).status).toBe(422);
    expect((await door.ask('GET', '/v1/triggers?limit=5000')).status).toBe(422);
  });

  test('a silence is told with its end, for the organization that it is about', async () => {
    const until = door.time.now() + 3_600_000;
    await door.ask('POST', '/v1/silences', {
      key: 'silence-0001',
      body: { trigger: 'http-5xx', org: 'acme', until, reason: 'their move' },
    });
    const { triggers, summaries } = await list();
    expect(triggers.map((one) => one.silencedUntil)).toEqual([until, null]);
    expect(summaries[0]?.silencedUntil).toBeNull();
    const told = (await (await door.ask('GET', '/v1/explanations?of=http-5xx&org=acme')).json()) as {
      explanations: { silences: unknown }[];
    };
    expect(told.explanations[0]?.silences).toEqual([{ id: 'SIL-1', of: null, until, by: 'operator', reason: 'their move' }]);
  });
});

describe('one trigger', () => {
  test('answers with the worst organization, or the one that is asked for', async () => {
    const one = async (query: string) =>
      (await door.ask('GET', `/v1/triggers/http-5xx${query}`)).json() as Promise<{ row: { scope: string } }>;
    expect((await one('')).row.scope).toBe('acme');
    expect((await one('?org=globex')).row.scope).toBe('globex');
    expect((await door.ask('GET', '/v1/triggers/http-5xx?org=nobody')).status).toBe(404);
    expect((await door.ask('GET', '/v1/triggers/nothing')).status).toBe(404);
  });

  test('that nothing was ever seen of has no row, and says so', async () => {
    door.story.readings.show(() => []);
    const answer = (await (await door.ask('GET', '/v1/triggers/http-5xx')).json()) as { row: unknown; summary: { seen: number } };
    expect(answer).toMatchObject({ row: null, summary: { seen: 0 } });
    expect((await series()).status).toBe(404);
  });
});

describe('a series', () => {
  test('has slots, a gap as a gap, values of the window, limits, and what happened', async () => {
    const answer = (await (await series('?org=acme')).json()) as TriggerSeries;
    const now = door.time.now();
    expect(answer).toMatchObject({ org: 'acme', kind: 'ratio', limit: { above: 0.02 }, clear: { below: 0.01 }, to: now, slotMs: 5_000 });
    const [gap] = answer.gaps;
    expect(answer.gaps).toHaveLength(1);
    expect((gap?.to ?? 0) - (gap?.from ?? 0)).toBe(60_000);
    expect(answer.slots.every((slot) => slot.at < (gap?.from ?? 0) || slot.at >= (gap?.to ?? 0))).toBe(true);
    expect(answer.slots[0]?.at).toBeGreaterThanOrEqual(answer.from);
    expect(answer.points.at(-1)?.value).toBeCloseTo(0.035, 2);
    // The incident began before what is shown; the switch changed in it.
    expect(answer.marks.map((mark) => [mark.what, mark.label])).toEqual([['change', 'checkout: stable → next']]);
    const longer = (await (await series(`?org=acme&from=${now - 1_200_000}`)).json()) as TriggerSeries;
    expect(longer.marks.map((mark) => [mark.what, mark.label])).toEqual([
      ['change', 'checkout: stable → next'],
      ['incident-began', 'INC-1'],
      ['change', 'checkout: stable → next'],
    ]);
  });

  test('names a target that cannot be asked or does not answer, and waits for none', async () => {
    const broken = {
      current: () => Promise.reject(new BelayError('BELAY_TARGET_UNREACHABLE', 'no route')),
    } as unknown as DeployTarget;
    const targets = door.story.world.targets as Record<string, DeployTarget>;
    targets['web'] = broken;
    targets['slow'] = { current: () => new Promise(() => undefined) } as unknown as DeployTarget;
    const asked = series('?org=acme');
    const time = door.time as unknown as { advance(ms: number): Promise<void> };
    await new Promise((resolve) => setTimeout(resolve, 50));
    await time.advance(2_000);
    expect(((await (await asked).json()) as TriggerSeries).unasked).toEqual(['web', 'slow']);
  });

  test('takes instants as milliseconds and as ISO times, and refuses what is none or ends before it begins', async () => {
    const now = door.time.now();
    const iso = encodeURIComponent(new Date(now - 60_000).toISOString());
    expect(((await (await series(`?org=acme&from=${iso}`)).json()) as TriggerSeries).from).toBe(now - 60_000);
    expect((await series('?from=yesterday')).status).toBe(422);
    expect((await series(`?from=${now}&to=${now - 1}`)).status).toBe(422);
    expect((await series('', 'nothing')).status).toBe(404);
  });
});

describe('the page', () => {
  test('of ten thousand organizations is small and quick, and says how many it does not show', async () => {
    showMany(10_000);
    const browser = await door.browser();
    const took: number[] = [];
    let text = '';
    for (let round = 0; round < 5; round += 1) {
      const began = performance.now();
      text = await (await browser.get('/triggers')).text();
      took.push(performance.now() - began);
    }
    expect(Math.min(...took)).toBeLessThan(300);
    expect(text.length).toBeLessThan(200_000);
    expect(text).toContain('9,995 more');
    const filtered = await (await browser.get('/triggers?state=ok')).text();
    expect(filtered.length).toBeLessThan(200_000);
    expect(filtered).toContain('1–100 / 9,970');
    const next = /href="(\/triggers\?[^"]*offset=100)"/.exec(filtered)?.[1]?.replaceAll('&amp;', '&') ?? '';
    expect(await (await browser.get(next)).text()).toContain('101–200 / 9,970');
  });

  test('asks those to log in who are not known', async () => {
    const response = await door.server.app.request('/triggers/http-5xx?org=acme', { headers: { host: '127.0.0.1:7070' } });
    expect(response.status).toBe(302);
    expect(response.headers.get('location')).toBe(`/login?next=${encodeURIComponent('/triggers/http-5xx?org=acme')}`);
  });

  test('names of organizations that strangers chose are text, in rows, links and plots', async () => {
    const name = `"><script>alert(1)</script>&'`;
    door.story.readings.show(() => [breachedAt(door.time.now(), name)]);
    const browser = await door.browser();
    for (const path of ['/triggers', `/triggers/http-5xx?org=${encodeURIComponent(name)}`])
      expect(await (await browser.get(path)).text()).not.toContain('<script>alert');
  });
});
