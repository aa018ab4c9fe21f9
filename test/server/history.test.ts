// What a signal counted, over the API: by trigger or by signal, in pages, and what is refused.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MINUTE_MS, slotKey } from '../../src/domain/minutes.ts';
import { type Door, openDoor, START } from './world.ts';

let door: Door;
beforeEach(async () => {
  door = await openDoor();
});
afterEach(() => door.remove());

interface Page {
  readonly signal: string;
  readonly by: string | null;
  readonly next: number | null;
  readonly scopes: readonly string[];
  readonly rows: readonly (readonly number[])[];
}
const ask = async (query: string): Promise<Page> => (await (await door.ask('GET', `/v1/history?${query}`, { as: 'eve' })).json()) as Page;

async function count(signal: string, by: string | null, scopes: number, minutes: number): Promise<void> {
  const slots = Array.from({ length: minutes }, (_, minute) =>
    Array.from({ length: scopes }, (_one, scope) => ({
      signal: slotKey(signal, by, 300_000),
      scope: scopes === 1 ? 'acme' : `org-${scope}`,
      slot: START - (minutes - minute) * MINUTE_MS,
      bad: 1,
      all: 10,
      sum: 0,
    })),
  ).flat();
  await door.story.world.signals.commit({ slots, series: [], states: [], transitions: [] });
}

test('a trigger names its signal, and a row says when, how long, who and how many', async () => {
  const rule = door.story.world.system.triggers[0];
  const by = door.story.world.system.signals.find((one) => one.id === rule?.signal)?.by ?? null;
  await count(rule?.signal ?? '', by, 1, 3);
  const page = await ask(`trigger=${rule?.id ?? ''}&from=${new Date(START - 2 * MINUTE_MS).toISOString()}`);
  expect(page).toMatchObject({ signal: rule?.signal, by, next: null, scopes: ['acme'] });
  expect(page.rows).toEqual([2, 1].map((ago) => [START - ago * MINUTE_MS, MINUTE_MS, 0, 1, 10, 0]));
  expect((await ask(`trigger=${rule?.id ?? ''}&scope=globex&from=0`)).rows).toEqual([]);
});

test('many scopes come in pages that join without a row lost or doubled', async () => {
  await count('edited', 'org', 600, 40);
  const seen = new Set<string>();
  let pages = 0;
  for (let next: number | null = START - 40 * MINUTE_MS; next !== null; pages += 1) {
    const page: Page = await ask(`signal=edited&by=org&from=${next}`);
    expect(page.rows.length).toBeLessThan(40_000);
    for (const [at, , scope] of page.rows) seen.add(`${at} ${page.scopes[scope ?? 0]}`);
    next = page.next;
  }
  expect([seen.size, pages > 1]).toEqual([24_000, true]);
});

test.each([
  ['neither a trigger nor a signal', 'from=0', 400],
  ['both', 'trigger=http-5xx&signal=x&from=0', 400],
  ['a trigger that is not there', 'trigger=nope&from=0', 404],
  ['no beginning', 'trigger=http-5xx', 422],
  ['a beginning that is no time', 'trigger=http-5xx&from=yesterday', 422],
])('%s is refused', async (_what, query, status) => {
  expect((await door.ask('GET', `/v1/history?${query}`)).status).toBe(status);
});
