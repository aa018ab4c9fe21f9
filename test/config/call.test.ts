// Calls between runbooks of a folder: what is linked, and what is told about a call that cannot be carried out.
import { expect, test } from 'vitest';
import { bareRunbook, stepsOf } from '../../src/domain/ir.ts';
import { BASE_RUNBOOK, fixture, lintFolder, told, workspace } from './workspace.ts';

const CALLED = `---
belay: 1
id: look-first
title: Look first
version: 1.0.0
owner: commander
inputs:
  org: { type: org, required: true }
  depth: { type: int, default: 1 }
---

# Look first

## Look

### Look at it {#look}
- [ ] Look
`;
const CALL = '### Look at it first {#first}\n```belay call look-first\nwith: { org: "{org}" }\n```\n\n';
const caller = (call: string): string => fixture(`base/${BASE_RUNBOOK}`).replace('### Keep the page', `${call}### Keep the page`);
const lint = (call: string, called: string = CALLED) =>
  lintFolder(workspace({ [BASE_RUNBOOK]: caller(call), 'runbooks/look-first.runbook.md': called }));

test('a called runbook is linked into the one that calls it, and stays a runbook of its own', () => {
  const loaded = lint(CALL);
  expect(told(loaded)).toEqual([]);
  const base = loaded.runbooks['base']?.runbook;
  expect(base === undefined ? [] : stepsOf(base).map((step) => step.id)).toEqual(expect.arrayContaining(['first', 'first.look']));
  expect(loaded.runbooks['look-first']?.runbook.phases[0]?.steps[0]?.id).toBe('look');
});

test('the hash of a runbook changes when the file that it calls does', () => {
  const one = JSON.stringify(lint(CALL).runbooks['base']?.runbook);
  const other = JSON.stringify(lint(CALL, CALLED.replace('- [ ] Look', '- [ ] Look twice')).runbooks['base']?.runbook);
  expect(one).not.toBe(other);
});

test('what a call lacks, gives too much, or gives wrongly is told at its place', () => {
  const rules = (call: string): readonly string[] => lint(call).diagnostics.map((one) => one.rule);
  expect(rules(CALL.replace('with: { org: "{org}" }', 'with: {}'))).toEqual(['missing-argument']);
  expect(rules(CALL.replace('{ org: "{org}" }', '{ org: "{org}", dept: 2 }'))).toEqual(['unknown-argument']);
  expect(rules(CALL.replace('{ org: "{org}" }', '{ org: "{org}", depth: deep }'))).toEqual(['wrong-argument']);
  expect(rules(CALL.replace('{ org: "{org}" }', '{ org: "{org}" }\nlock: "org/{orc}"'))).toEqual(['unknown-ref']);
});

test('a call may have a lock of its own beside that of the called runbook, and its references are looked at', () => {
  const locked = CALLED.replace('inputs:', 'lock: "org/{org}/page"\ninputs:');
  const loaded = lint(CALL.replace('{ org: "{org}" }', '{ org: "{org}" }\nlock: "page/{org}"'), locked);
  expect(told(loaded)).toEqual([]);
  const call = stepsOf(loaded.runbooks['base']?.runbook ?? bareRunbook('none')).find((step) => step.kind === 'call');
  expect(call).toMatchObject({ lock: 'page/{org}', runbook: { lock: 'org/{org}/page' } });
});

test('a runbook that calls one with errors cannot be used, and says so', () => {
  const loaded = lint(CALL, CALLED.replace('- [ ] Look\n', ''));
  expect(Object.keys(loaded.runbooks)).toEqual([]);
  expect(told(loaded).map((line) => line.split(' ')[1])).toEqual(['call-broken', 'step-empty']);
});

test('two runbooks that call each other are both refused', () => {
  const back = CALLED.replace('inputs:', 'lock: "org/{org}/checkout"\ninputs:').replace(
    '- [ ] Look\n',
    '```belay call base\nwith: { org: "{org}" }\n```\n',
  );
  const loaded = lint(CALL, back);
  expect(Object.keys(loaded.runbooks)).toEqual([]);
  expect(told(loaded).map((line) => line.split(' ')[1])).toEqual(['call-loop', 'call-loop']);
});

test('a runbook of more steps than anybody can approve as one is told so, although it calls nobody', () => {
  const steps = Array.from({ length: 501 }, (_, index) => `### Look ${index} {#look-${index}}\n- [ ] Look\n`).join('\n');
  const loaded = lint('', `${CALLED.slice(0, CALLED.indexOf('### Look at it'))}${steps}`);
  expect(loaded.diagnostics.map(({ rule, message }) => [rule, message])).toEqual([
    ['call-too-many-steps', 'it has 501 steps, and at most 500 can be planned and approved as one'],
  ]);
  expect(loaded.runbooks['look-first']).toBeUndefined();
  expect(loaded.runbooks['base']).toBeDefined();
});
