// `each` in a file: what is linked, what is told about one that cannot be carried out.
import { expect, test } from 'vitest';
import type { EachStep } from '../../src/domain/ir.ts';
import { stepsOf } from '../../src/domain/ir.ts';
import { BASE_RUNBOOK, fixture, lintFolder, workspace } from './workspace.ts';

const PART = `---
belay: 1
id: org-back
title: One organization back
version: 1.0.0
owner: commander
inputs:
  org: { type: org, required: true }
---

# Back

## Back

### Wait {#rest}
\`\`\`belay wait
for: 1s
\`\`\`
`;
const EACH = `### All of them {#fan-out}
\`\`\`belay each org-back
over: organizations.filter(o, o != "nobody")
with: { org: "{org}" }
\`\`\`

`;
const caller = (each: string): string => fixture(`base/${BASE_RUNBOOK}`).replace('### Keep the page', `${each}### Keep the page`);
const lint = (each: string, part: string = PART) =>
  lintFolder(workspace({ [BASE_RUNBOOK]: caller(each), 'runbooks/org-back.runbook.md': part }));
const told = (each: string, part?: string): readonly string[] => lint(each, part).diagnostics.map((one) => `${one.rule}: ${one.message}`);

test('an each is linked with its runbook, one organization first, then a tenth, then all, and halts at the first failure', () => {
  const loaded = lint(EACH);
  expect(loaded.diagnostics).toEqual([]);
  const base = loaded.runbooks['base']?.runbook;
  const each = base === undefined ? undefined : (stepsOf(base).find((step) => step.id === 'fan-out') as EachStep);
  expect(each).toMatchObject({
    as: 'org',
    batches: [{ count: 1 }, { share: 0.1 }, { share: 1 }],
    maxFailures: 0,
    atOnce: 8,
    runbook: { id: 'org-back', phases: [{ steps: [{ id: 'rest' }] }] },
  });
});

test('organizations, triggers, gates, batches and names that cannot be are told at their place', () => {
  const change = (to: string): readonly string[] => told(EACH.replace('over: organizations.filter(o, o != "nobody")', to));
  expect(change('over: [nobody]')).toEqual([expect.stringMatching(/^unknown-organization: there is no organization nobody/)]);
  expect(change('over: orgs("nothing")')).toEqual([expect.stringMatching(/^unknown-trigger: there is no trigger nothing/)]);
  expect(change('over: now')).toEqual([expect.stringMatching(/^result-type: this gives a time, and a list is needed/)]);
  expect(change('over: organizations\ngate: keep')).toEqual([
    expect.stringMatching(/^unknown-step: there is no verify or watch step keep/),
  ]);
  expect(change('over: organizations\nbatches: [1, 200%]')).toEqual(
    [expect.stringContaining('a share of them such as 10%')].map(() => expect.any(String)),
  );
  expect(change('over: organizations\nas: my-org')).not.toEqual([]);
  expect(change('maxFailures: 1')).toEqual([expect.stringMatching(/^missing-key/)]);
});

test('what it gives to its runbook is checked as an argument, with the name of the organization as a reference', () => {
  expect(told(EACH.replace('with: { org: "{org}" }', 'as: one\nwith: { org: "{one}" }'))).toEqual([]);
  expect(told(EACH.replace('with: { org: "{org}" }', 'as: one\nwith: { org: "{one.id}" }'))).toEqual([]);
  expect(told(EACH.replace('with: { org: "{org}" }', 'as: one\nwith: { org: "{one.nick}" }'))).toEqual([
    expect.stringMatching(/^unknown-ref: .*there is no field of organizations nick/),
  ]);
  expect(told(EACH.replace('with: { org: "{org}" }', ''))).toEqual([expect.stringMatching(/^missing-argument/)]);
});

test('a runbook that asks people, or that serves everybody, cannot be the part of one organization', () => {
  const asking = PART.replace('```belay wait\nfor: 1s\n```', '- [ ] Look');
  expect(told(EACH, asking)).toEqual([expect.stringMatching(/^call-asks: org-back cannot be a part here: rest \(manual\) asks people/)]);
  const guarded = PART.replace('owner: commander\n', 'owner: commander\nrequire:\n  - { id: agreed, ask: "Does the customer agree?" }\n');
  expect(told(EACH, guarded)).toEqual([expect.stringMatching(/^call-asks: org-back cannot be a part here: agreed \(guard\) asks people/)]);
  const forAll = PART.replace('inputs:\n  org: { type: org, required: true }\n', '');
  expect(told(EACH.replace('with: { org: "{org}" }', ''), forAll)).toEqual([
    expect.stringMatching(/^each-without-org: org-back serves all/),
  ]);
});
