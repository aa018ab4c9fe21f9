// `belay triggers`: the list, worst first, one of them with its reasons, and what cannot be asked.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { TriggerList } from '../../src/server/triggers.ts';
import { breachedAt, viewAt } from '../server/story-readings.ts';
import { type LivingDoor, livingDoor } from './belay.ts';

let door: LivingDoor;
beforeEach(async () => {
  door = await livingDoor();
});
afterEach(() => door.remove());

const triggers = (...args: readonly string[]) => door.belay(['triggers', ...args]);

describe('belay triggers', () => {
  test('lists each trigger with its counts and the worst organizations, and the API answers --json', async () => {
    const told = await triggers('--plain');
    expect(told.code).toBe(0);
    expect(told.out.replace(/looked \d\.\d s ago/, 'looked x ago')).toMatchInlineSnapshot(`
      "http-5xx  1 breached - 1 ok
        limit: above 2 % within 5 min - looked x ago
        acme              x in breach - 4.12 % - 35 of 850 failed; by chance at 2 %: 1
                          in 14,000
        globex            + ok - 0.3 % - 2 of 700 failed
      "
    `);
    const { triggers: rows, summaries } = (await triggers('--json')).json<TriggerList>();
    expect(rows.map((one) => [one.scope, one.state])).toEqual([
      ['acme', 'breached'],
      ['globex', 'ok'],
    ]);
    expect(summaries[0]?.counts.breached).toBe(1);
  });

  test('says what is missing, what is late and what is silenced, in Portuguese too', async () => {
    door.story.readings.show(() => [
      viewAt(Date.now() - 60_000, 'acme', { overLimit: true, value: 3 / 140, bad: 3, all: 140 }),
      breachedAt(Date.now() - 60_000, 'globex', { unknown: true }),
    ]);
    const told = await triggers('--lang', 'pt-BR', '--plain');
    expect(told.out).toContain('olhado 1 min atrás: ATRASADO');
    expect(told.out).toContain('acima, sem certeza');
    expect(told.out.replaceAll(/\s+/g, ' ')).toContain('Acima do limite, ainda não significativo: 3 de 140; 8 necessários');
    expect((await triggers('--state', 'breached', '--json')).json<TriggerList>().triggers.map((one) => one.scope)).toEqual(['globex']);
  });

  test('of one says how it stands and why', async () => {
    const told = await triggers('http-5xx', '--org', 'acme', '--plain');
    expect(told.out.replaceAll(/\s+/g, ' ')).toContain('35 of 850 failed; by chance at 2 %: 1 in 14,000');
    expect(told.out).toContain('http-5xx (ACME) is breached since');
    expect((await triggers('http-5xx', '--org', 'nobody')).err).toContain('has seen nothing of nobody');
  });

  test('says in both languages, and belay doctor with it, that an armed trigger is without history', async () => {
    const since = (ms: number) => door.story.readings.show(() => [viewAt(Date.now(), 'acme', { measuredSince: Date.now() - ms })]);
    since(60_000);
    expect((await triggers('--plain')).out).toContain('armed without history: run it in shadow, or belay backtest, first');
    expect((await triggers('http-5xx', '--plain', '--lang', 'pt-BR')).out).toContain(
      'armado sem histórico: antes, rode em sombra ou use belay backtest',
    );
    const doctor = async () => (await door.belay(['doctor', '--plain'])).out.replaceAll(/\s+/g, ' ');
    expect(await doctor()).toContain('armed without history: http-5xx');
    since(25 * 3_600_000);
    expect((await triggers('--plain')).out).not.toContain('without history');
    expect(await doctor()).not.toContain('without history');
  }, 30_000);

  test('refuses a state and a limit that are none', async () => {
    expect((await triggers('--state', 'fine')).err).toContain('--state is one of breached, suspect');
    expect((await triggers('--limit', '0')).err).toContain('--limit is a number from 1 to 1000');
  });
});
