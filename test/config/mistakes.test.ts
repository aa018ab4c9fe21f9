// The mistakes that authors make: each one is reported exactly once, at its line, and nothing else is.
import { describe, expect, test } from 'vitest';
import type { Mistake } from './mistakes.ts';
import { OF_THE_SYSTEM, PLANTED } from './mistakes.ts';
import { MORE } from './more-mistakes.ts';
import { BASE_RUNBOOK, fixture, lineOf, lintFolder, told, workspace } from './workspace.ts';

const RUNBOOK = fixture(`base/${BASE_RUNBOOK}`);
const SYSTEM = fixture('base/belay.yaml');

function lintWith(mistake: Mistake, file: string, text: string) {
  const changed = text.replace(mistake.from, () => mistake.to);
  expect(changed, `${mistake.from} stands in the fixture`).not.toBe(text);
  const loaded = lintFolder(workspace({ [file]: changed }));
  const problem = loaded.diagnostics[0];
  const expected = [`${file.split('/').at(-1)}:${lineOf(changed, mistake.at)} ${mistake.rule}`];
  return { loaded, problem, expected };
}

test('the fixture itself has no problems', () => {
  expect(told(lintFolder(workspace()))).toEqual([]);
});

test.each(['`belay run shop-back` goes on from here.', 'When it is over:\n`belay run shop-back`, and wait.'])(
  'a line of prose that begins with a command is no fence: %j',
  (prose) => {
    const [fence = ''] = /```belay manual/.exec(RUNBOOK) ?? [];
    const changed = RUNBOOK.replace(fence, () => `${prose}\n\n${fence}`);
    expect(changed).not.toBe(RUNBOOK);
    expect(told(lintFolder(workspace({ [BASE_RUNBOOK]: changed })))).toEqual([]);
  },
);

describe('the planted mistakes', () => {
  test.each(PLANTED)('$name is reported once, at its line', (mistake) => {
    const { loaded, problem, expected } = lintWith(mistake, BASE_RUNBOOK, RUNBOOK);
    expect(told(loaded)).toEqual(expected);
    if (mistake.meant !== undefined) expect(problem?.didYouMean).toBe(mistake.meant);
    expect(loaded.runbooks).toEqual({});
    expect(loaded.system).not.toBeNull();
  });
});

describe('more mistakes in runbooks', () => {
  test.each(MORE)('$name: one report, at its line', (mistake) => {
    const withNames =
      mistake.rule === 'kebab-id'
        ? RUNBOOK.replaceAll('steps.think', 'steps.my_view')
            .replace('steps.my_view.out.goLive', 'steps.my-view.out.goLive')
            .replace('goto:think', 'goto:my-view')
        : RUNBOOK;
    const { loaded, problem, expected } = lintWith(mistake, BASE_RUNBOOK, withNames);
    expect(told(loaded)).toEqual(expected);
    if (mistake.meant !== undefined)
      expect(problem).toMatchObject(
        problem?.didYouMean === undefined ? { hint: expect.stringContaining(mistake.meant) } : { didYouMean: mistake.meant },
      );
    expect(loaded.runbooks).toEqual({});
  });
});

describe('mistakes in belay.yaml', () => {
  test.each(OF_THE_SYSTEM)('$name', (mistake) => {
    const { loaded, problem, expected } = lintWith(mistake, 'belay.yaml', SYSTEM);
    // A runbook may name what the mistake took away: only what belay.yaml says of itself is compared.
    expect(told(loaded).filter((line) => line.startsWith('belay.yaml'))).toEqual(expected);
    if (mistake.meant !== undefined) expect(problem?.didYouMean).toBe(mistake.meant);
    expect(loaded.system).toBeNull();
  });
});
