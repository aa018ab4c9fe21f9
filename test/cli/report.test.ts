// `belay report` as people type it: with the trigger, without it, with a slip, and by somebody who may not.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WITH_REPORTS } from '../server/story-system.ts';
import { type LivingDoor, livingDoor } from './belay.ts';

let door: LivingDoor;
beforeEach(async () => {
  door = await livingDoor({ system: WITH_REPORTS });
});
afterEach(() => door.remove());

test('a trigger and words are recorded, and the answer says how many said so', async () => {
  const said = await door.belay(['report', 'leak', 'acme', 'saw', 'globex', '--as', 'ana']);
  expect({ code: said.code, out: said.out }).toEqual({
    code: 0,
    out: 'Your report to leak is recorded: one person has said so within 1 h.\n',
  });
  expect(said.err).toContain('a second person');
  expect((await door.belay(['report', 'leak', '--json'])).json()).toEqual({
    recorded: true,
    status: 'suspect',
    people: ['operator'],
    withinMs: 3_600_000,
    enough: false,
  });
  expect(door.story.commands.reports).toEqual([
    { trigger: 'leak', scope: '', text: 'acme saw globex' },
    { trigger: 'leak', scope: '', text: 'yes' },
  ]);
});

test('words alone are enough where only one trigger may be meant: by the roles and by --org', async () => {
  expect((await door.belay(['report', 'they', 'all', 'call', '--org', 'acme', '--as', 'ana'])).code).toBe(0);
  expect((await door.belay(['report', 'somebody saw the orders of others', '--as', 'ana'])).code).toBe(0);
  expect(door.story.commands.reports).toEqual([
    { trigger: 'complaints', scope: 'acme', text: 'they all call' },
    { trigger: 'leak', scope: '', text: 'somebody saw the orders of others' },
  ]);
});

test('words that may mean several record nothing and list what may be typed, with the questions', async () => {
  const said = await door.belay(['report', 'they', 'call', '--org', 'acme', '--as', 'bob', '--plain']);
  expect({ code: said.code, out: said.out }).toEqual({ code: 2, out: '' });
  for (const part of ['Nothing was reported', 'complaints', 'Do clients call about it?', 'belay report http-5xx --org ORG', 'confirms'])
    expect(said.err).toContain(part);
  expect(said.err).not.toContain('leak');
  expect(door.story.commands.reports).toEqual([]);
});

test('a slip of the pen is not taken for words', async () => {
  const said = await door.belay(['report', 'laek', 'acme saw globex', '--as', 'ana']);
  expect({ code: said.code, told: said.err.includes('Did you mean leak?') }).toEqual({ code: 2, told: true });
  expect(door.story.commands.reports).toEqual([]);
});

test('without words it shows what one may report, also as JSON, and in Portuguese', async () => {
  const listed = await door.belay(['report', '--as', 'ana', '--plain', '--lang', 'pt-BR']);
  expect(listed.out).toBe(
    [
      'Você pode relatar:',
      'complaints',
      '  Do clients call about it?',
      '  belay report complaints --org ORG "…"',
      'leak',
      '  Was data of one client shown to another?',
      '  belay report leak "…"',
      '',
    ].join('\n'),
  );
  const json = (await door.belay(['report', '--as', 'bob', '--json'])).json<{ reportable: { trigger: string; confirms: boolean }[] }>();
  expect(json.reportable.map(({ trigger, confirms }) => [trigger, confirms])).toEqual([
    ['http-5xx', true],
    ['complaints', false],
  ]);
});

test('somebody who may report nothing is told so', async () => {
  const said = await door.belay(['report', 'it', 'burns', '--as', 'eve', '--plain']);
  expect({ code: said.code, told: said.err.includes('There is nothing that you may report') }).toEqual({ code: 2, told: true });
});
