// `belay shadow`: what is printed, in both languages, and what a person says of an episode.
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ShownShadow } from '../../src/cli/shadow-text.ts';
import { SYSTEM } from '../server/story-system.ts';
import { shadowPast } from '../world/scenes/shadow-past.ts';
import { type LivingDoor, livingDoor } from './belay.ts';

const IN_SHADOW = { ...SYSTEM, triggers: SYSTEM.triggers.map((rule) => ({ ...rule, mode: 'shadow' as const })) };

let door: LivingDoor;
beforeEach(async () => {
  door = await livingDoor({ system: IN_SHADOW });
  await shadowPast(door.story.world, Date.now());
});
afterEach(() => door.remove());

const shadow = (...args: readonly string[]) => door.belay(['shadow', ...args]);
const still = (text: string): string => text.replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d/g, 'then').replaceAll(/\/\d{13}/g, '/at');
const episodeOf = async (choice: string): Promise<string> => {
  const { episodes } = (await shadow('--json')).json<ShownShadow>();
  return episodes.find((one) => one.choice === choice && one.joins === null)?.episode ?? '';
};

test('says how often it would have acted and asked, and each time with what would have run and what stood in the way', async () => {
  const told = await shadow('--plain');
  expect([told.code, told.err]).toEqual([0, '']);
  expect(still(told.out)).toMatchInlineSnapshot(`
    "http-5xx  in shadow - limit: above 2 % within 5 min
    In 30 days: 3 incidents; it would have acted once, asked people once.
    Nothing was decided once: silenced until it was over, or before such decisions
    were kept.
    1 more organization would have been a part of one of these.
    Nobody has said yet whether it was right: belay shadow mark EPISODE --right, or
    --false --why TEXT

    then  ACME - 50 % (100 of 200) - still on
        nothing was decided
        real incident: INC-1
        http-5xx/acme/at

    then  ACME - 50 % (100 of 200) - 21 min
        it would have asked people: org-rollback
        G2: Was there a recent change that can be taken back? no (nothing changed
        recently: look elsewhere, looked back 1 h)
        no real incident then
        http-5xx/acme/at

    then  Globex - 50 % (100 of 200) - 21 min
        it would have acted: org-rollback (as a part of what hit acme)
        no real incident then
        http-5xx/globex/at

    then  ACME - 50 % (100 of 200) - 21 min
        it would have acted: org-rollback
        target:shop: v1.1.0 -> v1.0.0
        no real incident then
        http-5xx/acme/at

    Nothing was done, so nothing was healed: how long it lasted says nothing of how
    long it would have lasted.
    "
  `);
});

test('says it in Portuguese too', async () => {
  const told = await shadow('http-5xx', '--since', '7d', '--plain', '--lang', 'pt-BR');
  expect(still(told.out)).toMatchInlineSnapshot(`
    "http-5xx  em sombra - limite: acima de 2 % em 5 min
    Em 7 dias: 2 incidentes; teria agido 0 vezes, perguntado às pessoas uma vez.
    Nada foi decidido uma vez: em silêncio até acabar, ou antes de se guardarem tais
    decisões.
    Ninguém disse ainda se estava certo: belay shadow mark EPISÓDIO --right, ou
    --false --why TEXTO

    then  ACME - 50 % (100 de 200) - continua
        nada foi decidido
        incidente real: INC-1
        http-5xx/acme/at

    then  ACME - 50 % (100 de 200) - 21 min
        teria perguntado às pessoas: org-rollback
        G2: Houve uma mudança recente que pode ser desfeita? não (nada mudou
        recentemente: procure em outro lugar, olhando para trás 1 h)
        nenhum incidente real naquele momento
        http-5xx/acme/at

    Nada foi feito, então nada foi curado: quanto durou não diz quanto teria durado.
    "
  `);
});

test('a person says of an episode whether it was right, and the report counts it', async () => {
  const [acts, asks] = [await episodeOf('act'), await episodeOf('ask')];
  const right = await shadow('mark', acts, '--right', '--why', 'it was an outage');
  expect([right.code, still(right.out)]).toEqual([0, 'Stored: http-5xx/acme/at was right.\n']);
  const wrong = await shadow('mark', asks, '--false', '--why', 'deploy of \u001b[2J billing', '--as', 'bob', '--json');
  expect(wrong.json()).toMatchObject({ mark: { episode: asks, verdict: 'false', by: 'bob' } });
  const { out } = await shadow('--plain');
  expect(out).toContain('1 of 2 were right, people say.');
  expect(out).toContain('right, says operator: it was an outage');
  expect(out).toContain('false, says bob: deploy of \ufffd[2J billing');
});

test.each([
  [['mark', 'x'], '--right) or false (--false)'],
  [['mark', 'x', '--right', '--false', '--why', 'x'], '--right) or false (--false)'],
  [['mark', 'x', '--right'], 'A mark needs a reason'],
  [['mark', 'x', '--right', '--why', 'x'], 'There is no episode x in the shadow report.'],
  [['nope'], 'There is no trigger nope.'],
  [['--since', 'yesterday'], 'is no span of time'],
])('%j is refused with what to type instead', async (args, message) => {
  const told = await shadow(...args);
  expect([told.code, told.out]).toEqual([2, '']);
  expect(told.err).toContain(message);
});

test('a system without a trigger in shadow says so', async () => {
  const armed = await livingDoor();
  expect((await armed.belay(['shadow'])).out).toContain('No trigger is in shadow');
  await armed.remove();
});
