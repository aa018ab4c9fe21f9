// Which records of a fan-out are followed back in one lane, and what of them is taken back.
import { expect, test } from 'vitest';
import { joinedParts, lanesBack } from '../../src/flows/each/record.ts';
import type { Completed } from '../../src/flows/run.ts';

const act = (step: string, fingerprint: string): Completed => ({ step, target: 'switch', call: null, undo: null, fingerprint });
const part = (org: string, completed: readonly Completed[]) => ({ org, status: 'done' as const, reason: '', completed });

test('records that share an organization, also by way of a third one, go back in one lane with the newest first', () => {
  const of = (document: string, ...orgs: readonly string[]) => ({ document, orgs });
  expect(lanesBack([of('c', 'two', 'three'), of('b', 'two'), of('d', 'four'), of('a', 'three', 'one'), of('none')])).toEqual([
    ['d'],
    ['c', 'b', 'a'],
  ]);
  expect(lanesBack([of('b', 'one'), of('x', 'two'), of('a', 'one', 'two')])).toEqual([['b', 'x', 'a']]);
});

test('acts of one organization in several records stand in their order, each step once with what it left last', () => {
  const newer = { parts: [part('one', [act('switch', 'new')]), part('two', [])] };
  const older = { parts: [part('one', [act('freeze', 'f'), act('switch', 'old')]), part('two', [act('switch', 't')])] };
  expect(joinedParts([newer, older]).map(({ org, completed }) => [org, ...completed.map((one) => one.fingerprint)])).toEqual([
    ['one', 'f', 'new'],
    ['two', 't'],
  ]);
});
