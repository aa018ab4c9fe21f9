// Arms that call, and fields that a kind cannot keep, as the lint sees them.
import { describe, expect, test } from 'vitest';
import { stepsOf } from '../../src/domain/ir.ts';
import { lintFolder, told, workspace } from './workspace.ts';

const SYSTEM = 'belay: 1\nname: App\npeople: { ana: { name: Ana, roles: [commander] } }\nroles: [commander]\n';
const OTHER =
  '---\nbelay: 1\nid: other\ninputs: { depth: { type: int, required: true } }\n---\n\n# Other\n\n## Look\n\n### Look {#look}\n- [ ] Look\n';
const document = (blocks: readonly string[]): string =>
  `---\nbelay: 1\nid: main\n---\n\n# Main\n\n## Act\n${blocks.map((block, index) => `\n### Step {#s${index}}\n\`\`\`belay ${block}\n\`\`\`\n`).join('')}`;
const lint = (...blocks: readonly string[]) =>
  lintFolder(
    workspace({
      'belay.yaml': SYSTEM,
      'runbooks/main.runbook.md': document(blocks),
      'runbooks/other.runbook.md': OTHER,
      'runbooks/base.runbook.md': null,
    }),
  );

const CHOOSE = (arm: string): string => `choose\nask: "Which?"\narms:\n  deep: ${arm}\n  none: { title: "Nothing" }`;

describe('an arm that calls a runbook', () => {
  test('is a step of its own right behind the choice, which only the arm leads to', () => {
    const loaded = lint(CHOOSE('{ title: "Look deep", call: other, with: { depth: 3 } }'));
    expect(told(loaded)).toEqual([]);
    const runbook = loaded.runbooks['main']?.runbook;
    const steps = runbook === undefined ? [] : stepsOf(runbook);
    expect(steps.map((step) => step.id)).toEqual(['s0', 's0-deep', 's0-deep.look']);
    expect(steps[1]).toMatchObject({ kind: 'call', title: 'Look deep', when: 'steps.s0.out.choice == "deep"', with: { depth: 3 } });
  });

  test.each([
    ['a runbook that is none', '{ title: "A", call: othr, with: { depth: 3 } }', 'unknown-runbook', 'other'],
    ['an input that is missing', '{ title: "A", call: other }', 'missing-argument', undefined],
    ['an input that is none', '{ title: "A", call: other, with: { depth: 3, dept: 4 } }', 'unknown-argument', undefined],
    ['a jump beside it', '{ title: "A", call: other, goto: s0, with: { depth: 3 } }', 'arm', undefined],
    ['a misspelt key', '{ title: "A", cal: other }', 'unknown-key', 'call'],
  ])('%s is told at the arm', (_name, arm, rule, meant) => {
    const errors = lint(CHOOSE(arm)).diagnostics.filter((one) => one.severity === 'error' && one.rule !== 'goto-loop');
    expect(errors[0]).toMatchObject({ rule, line: 14 });
    if (meant !== undefined) expect(errors[0]?.didYouMean).toBe(meant);
  });
});

describe('a field that a kind cannot keep', () => {
  test.each([
    'manual',
    'approve\nfrom: [commander]',
    'wait\nfor: 5s',
    CHOOSE('{ title: "A" }'),
    'verify\nall: [{ probe: http, with: { url: "http://a.test" }, expect: "ok == 1" }]',
  ])('retry of %s is told, with what happens instead', (block) => {
    const [problem, ...more] = lint(`${block}\nretry: { max: 3 }`).diagnostics;
    expect(more).toEqual([]);
    expect(problem?.rule).toBe('no-effect');
    expect(problem?.message).toMatch(/retry has no effect on a \w+ step: \w+/);
  });

  test('a timeout that is shorter than the step itself, or than one of its attempts, is told', () => {
    expect(told(lint('wait\nfor: 1h\ntimeout: 5m'))).toEqual(['main.runbook.md:13 timeout-too-short']);
    expect(told(lint('call other\nwith: { depth: 1 }\nretry: { max: 2, attempt: 10m }\ntimeout: 5m'))).toEqual([
      'main.runbook.md:14 timeout-too-short',
    ]);
    expect(told(lint('call other\nwith: { depth: 1 }\nretry: { max: 2, every: 1m }\ntimeout: 5m'))).toEqual([]);
  });
});
