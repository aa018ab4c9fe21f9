// `belay backtest` against a living Belay: what was measured there, under the rule of the folder here.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ShownBacktest } from '../../src/cli/rehearsal-text.ts';
import { HEARD_KEY, MINUTE_MS, slotKey } from '../../src/domain/minutes.ts';
import type { SlotRow } from '../../src/ports/signal-store.ts';
import { type LivingDoor, livingDoor, temporaryFolder } from './belay.ts';

let door: LivingDoor;
const folder = temporaryFolder();
const NOW = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS;
const ago = (minutes: number): number => NOW - minutes * MINUTE_MS;
const iso = (at: number): string => new Date(at).toISOString().slice(0, 19).concat('Z');

const YAML = `belay: 1
name: Shop
zone: UTC
organizations: { acme: { name: ACME }, globex: { name: Globex } }
sources: { app: { driver: push, every: 1s } }
signals:
  http.errors: { ratio: { bad: 'http_requests_total{code=~"5.."}', all: http_requests_total }, by: [org], sources: [app] }
triggers:
  http-5xx:
    signal: http.errors
    scope: org
    breach: { above: 2%, over: 5m }
    clear: { below: 1%, for: 5m }
    mode: shadow
`;

beforeEach(async () => {
  door = await livingDoor();
  writeFileSync(join(folder.path, 'belay.yaml'), YAML);
  const slots: SlotRow[] = [];
  const key = slotKey('http.errors', 'org', 300_000);
  for (let minute = 120; minute > 0; minute -= 1) {
    if (minute <= 30 && minute > 20) continue;
    for (const scope of ['', 'app']) slots.push({ signal: HEARD_KEY, scope, slot: ago(minute), bad: 0, all: 1, sum: 0 });
    for (const scope of ['acme', 'globex']) {
      const bad = scope === 'acme' && minute <= 80 && minute > 74 ? 60 : 0;
      slots.push({ signal: key, scope, slot: ago(minute), bad, all: 600, sum: 0 });
    }
  }
  await door.story.world.signals.commit({ slots, series: [], states: [], transitions: [] });
});
afterEach(() => door.remove());

const typed = (...args: readonly string[]): readonly string[] => ['backtest', 'http-5xx', '--config', folder.path, ...args];

test('tells the episode, how bad it was and what is not known, and that no incident was opened', async () => {
  const told = await door.belay(typed('--from', iso(ago(120)), '--plain'));
  expect([told.code, told.err]).toEqual([0, '']);
  expect(told.out).toContain('It would have told people once: 1 with evidence to act, 0 to ask.');
  expect(told.out).toMatch(/ACME\s+\d+(\.\d)?\s% \(\d[\d,]* of \d,\d{3}\)\s+act\s+none/);
  expect(told.out).toContain('10 min: Belay was away');
  expect(told.out).not.toContain('Globex');
  const portuguese = await door.belay(typed('--from', '-2h', '--lang', 'pt-BR'));
  expect(portuguese.out).toContain('Teria avisado pessoas uma vez');
});

test('another limit is tried without touching the file, and the whole answer is JSON', async () => {
  const told = await door.belay(typed('--from', '-3h', '--json', '--set', 'above=20%', '--set', 'over=10m'));
  const found = told.json<ShownBacktest>();
  expect([told.code, found.episodes.length, found.scopes]).toEqual([0, 0, 2]);
  expect(found.gaps.at(-1)?.why).toBe('away');
  expect((await door.belay(typed('--json', '--org', 'acme', '--from', '-3h'))).json<ShownBacktest>()).toMatchObject({
    scopes: 1,
    episodes: [{ scope: 'acme', level: 'act', incident: null }],
  });
});

test.each([
  ['a trigger that is not there', ['backtest', 'nope', '--config', folder.path], 'There are: http-5xx'],
  ['a time that is none', typed('--from', 'yesterday'), 'Type -7d'],
  ['a beginning after the end', typed('--from', '-1h', '--to', '-2h'), '--from must be before --to'],
  ['a setting that is none', typed('--set', 'colour=red'), 'Type --set above=3%'],
])('%s ends with 2 and says what to type', async (_what, args, says) => {
  const told = await door.belay(args);
  expect([told.code, told.err.includes(says)], told.err).toEqual([2, true]);
});
