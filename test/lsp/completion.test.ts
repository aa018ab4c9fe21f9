// What is offered at a cursor: in blocks, front matter and belay.yaml, also while the text around it is half written.
import { describe, expect, test } from 'vitest';
import { ACTIONS, PROBES } from '../../src/domain/catalog.ts';
import { STEP_KINDS } from '../../src/domain/ir.ts';
import { TARGET_DRIVERS } from '../../src/domain/target-catalog.ts';
import { suggestionsAt } from '../../src/lsp/complete.ts';
import { changed, HELPING, openWorkspace, place, RUNBOOK, RUNBOOK_FILE, SYSTEM, SYSTEM_FILE } from './world.ts';

const workspace = openWorkspace();

async function offered(file: string, text: string): Promise<readonly string[]> {
  const { doc, offset } = place(workspace, file, text);
  try {
    return (await suggestionsAt(workspace, doc, offset, HELPING)).map((one) => one.label);
  } finally {
    workspace.close(file);
  }
}

interface Case {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  readonly offers: readonly string[];
  readonly not?: readonly string[];
}

const IN_RUNBOOK: readonly Case[] = [
  { name: 'kinds after the fence', from: '```belay do flow.set', to: '```belay |', offers: [...STEP_KINDS, 'template'] },
  { name: 'actions after do', from: '```belay do flow.set', to: '```belay do f|', offers: Object.keys(ACTIONS) },
  {
    name: 'fields of a step',
    from: 'timeout: 30s\nretry',
    to: 'ti|\nretry',
    offers: ['timeout', 'takes', 'pre'],
    not: ['retry', 'template'],
  },
  {
    name: 'fields on an empty line',
    from: 'timeout: 30s\nretry',
    to: '|\nretry',
    offers: ['timeout', 'contingency', 'key'],
    not: ['undo'],
  },
  { name: 'arguments of the action', from: '  to: stable\n', to: '  t|\n', offers: ['to'], not: ['switch', 'timeout'] },
  { name: 'arguments in braces', from: 'with: { target: shop, why: "{incident.id}" }', to: 'with: { target: shop, w| }', offers: ['why'] },
  {
    name: 'arguments in braces that are open',
    from: 'with: { target: shop, why: "{incident.id}" }',
    to: 'with: { |',
    offers: ['target', 'why'],
  },
  { name: 'targets of belay.yaml', from: 'with: { target: shop, why', to: 'with: { target: |, why', offers: ['shop'] },
  { name: 'switches', from: '  switch: checkout\n', to: '  switch: |\n', offers: ['checkout'] },
  { name: 'probes', from: '{ probe: flow, with', to: '{ probe: f|, with', offers: Object.keys(PROBES) },
  { name: 'arguments of a probe', from: 'org: "{org}", over: 5m }', to: 'org: "{org}", o| }', offers: ['over'] },
  { name: 'triggers', from: 'trigger: slow, org', to: 'trigger: |, org', offers: ['slow', 'http-5xx'] },
  { name: 'roles', from: 'from: [commander]', to: 'from: [|]', offers: ['commander', 'comms'] },
  { name: 'clocks', from: 'meets: [mitigate]', to: 'meets: [m|]', offers: ['mitigate', 'postmortem'] },
  { name: 'templates', from: 'template: initial', to: 'template: |', offers: ['initial', 'shared'] },
  { name: 'audiences', from: 'to: [team]', to: 'to: [|]', offers: ['team'] },
  { name: 'words of a choice', from: 'onTimeout: escalate', to: 'onTimeout: |', offers: ['abort', 'escalate'] },
  { name: 'what a probe says, in a condition', from: 'expect: ok == tried', to: 'expect: st|', offers: ['status', 'ok', 'tried'] },
  {
    name: 'answers of steps, in a condition',
    from: 'until: now >= steps.think.out.goLive',
    to: 'until: now >= steps.think.out.g|',
    offers: ['steps.think.out.goLive'],
  },
  { name: 'steps to go to', from: 'fail: goto:think', to: 'fail: goto:th|', offers: ['think', 'watch'] },
  { name: 'roots of references', from: '"{incident.id}"', to: '"{|}"', offers: ['org', 'component', 'incident', 'steps', 'release'] },
  { name: 'fields of the organization', from: '"{org.webhookUrl}?', to: '"{org.w|}?', offers: ['webhookUrl', 'name', 'zone'] },
  { name: 'steps in a reference', from: '"{incident.id}"', to: '"{steps.|}"', offers: ['think'] },
  { name: 'answers in a reference', from: '"{incident.id}"', to: '"{steps.think.out.|}"', offers: ['goLive', 'sure'] },
  { name: 'components in a reference that is open', from: '"{component.shop.url}/state"', to: '"{component.|"', offers: ['shop', 'mail'] },
  { name: 'variables of a message', from: 'within {promise}.', to: 'within {p|}.', offers: ['promise', 'nextUpdate'] },
  { name: 'keys of the front matter', from: 'start: ask', to: 'st|', offers: ['start'], not: ['severity', 'timeout'] },
  { name: 'values of the front matter', from: 'severity: P1', to: 'severity: |', offers: ['P0', 'P1', 'P2'] },
  { name: 'components', from: 'components: [shop]', to: 'components: [|]', offers: ['shop', 'mail'] },
  {
    name: 'keys of a guard',
    from: 'with: { target: shop }, expect: uniform }',
    to: 'with: { target: shop }, e| }',
    offers: ['expect', 'text'],
  },
  { name: 'triggers as keys', from: '  http-5xx:\n', to: '  h|\n', offers: ['http-5xx'] },
  { name: 'types of answers', from: 'sure: { type: bool }', to: 'sure: { type: | }', offers: ['text', 'bool', 'time'] },
];

const IN_SYSTEM: readonly Case[] = [
  {
    name: 'sections',
    from: 'clocks:\n  postmortem',
    to: 'clo|\nother:\n  postmortem',
    offers: ['clocks', 'guards', 'windows'],
    not: ['targets'],
  },
  { name: 'drivers', from: 'driver: release-directory', to: 'driver: |', offers: Object.keys(TARGET_DRIVERS) },
  {
    name: 'options of a driver',
    from: 'root: service }',
    to: 'root: service, | }',
    offers: ['config', 'keep'].filter((key) => key in TARGET_DRIVERS['release-directory']),
  },
  { name: 'keys of a trigger', from: '    mode: armed\n', to: '    m|\n', offers: ['mode', 'rearm', 'evidence'], not: ['breach'] },
  { name: 'modes', from: 'mode: armed', to: 'mode: |', offers: ['shadow', 'armed'] },
  { name: 'signals', from: 'signal: http.errors', to: 'signal: |', offers: ['http.errors'] },
  {
    name: 'components of targets',
    from: 'shop: { component: shop, driver: release-directory',
    to: 'shop: { component: |, driver: release-directory',
    offers: ['shop', 'mail'],
  },
  { name: 'channels', from: 'channel: file, to', to: 'channel: |, to', offers: ['file'] },
  { name: 'kinds of audiences', from: 'kind: responders', to: 'kind: |', offers: ['responders', 'customers'] },
  { name: 'true and false', from: 'postmortem: true', to: 'postmortem: |', offers: ['true', 'false'] },
];

describe('in a runbook are offered', () => {
  test.each(IN_RUNBOOK)('$name', async ({ from, to, offers, not = [] }) => {
    const found = await offered(RUNBOOK_FILE, changed(RUNBOOK, from, to));
    expect(found).toEqual(expect.arrayContaining([...offers]));
    expect(found.filter((one) => not.includes(one))).toEqual([]);
  });
});

describe('and in the system file are offered', () => {
  test.each(IN_SYSTEM)('belay.yaml: $name', async ({ from, to, offers, not = [] }) => {
    const found = await offered(SYSTEM_FILE, changed(SYSTEM, from, to));
    expect(found).toEqual(expect.arrayContaining([...offers]));
    expect(found.filter((one) => not.includes(one))).toEqual([]);
  });
});

describe('completion', () => {
  test('what is chosen stands where the word stood, and a key brings its colon', async () => {
    const { doc, offset } = place(workspace, RUNBOOK_FILE, changed(RUNBOOK, 'timeout: 30s\nretry', 'tim|\nretry'));
    const one = (await suggestionsAt(workspace, doc, offset, HELPING)).find(({ label }) => label === 'timeout');
    expect(one?.insert).toBe('timeout: ');
    expect(doc.source.text.slice(one?.start, one?.end)).toBe('tim');
    workspace.close(RUNBOOK_FILE);
  });

  test('prose, headings and blocks of others are left alone', async () => {
    expect(await offered(RUNBOOK_FILE, changed(RUNBOOK, 'Read this first.', 'Read th|is first.'))).toEqual([]);
    expect(await offered(RUNBOOK_FILE, changed(RUNBOOK, '## Decide', '## De|cide'))).toEqual([]);
    expect(await offered(RUNBOOK_FILE, changed(RUNBOOK, 'Read this first.', '```yaml\nti|\n```'))).toEqual([]);
  });

  test('a runbook without a belay.yaml is still offered kinds, actions, probes and arguments', async () => {
    const file = '/nowhere/alone.runbook.md';
    expect(await offered(file, changed(RUNBOOK, '```belay do flow.set', '```belay |'))).toContain('verify');
    expect(await offered(file, changed(RUNBOOK, '```belay do flow.set', '```belay do |'))).toContain('flow.set');
    expect(await offered(file, changed(RUNBOOK, '{ probe: flow, with', '{ probe: |, with'))).toContain('http');
    expect(await offered(file, changed(RUNBOOK, 'with: { target: shop, why', 'with: { |, why'))).toContain('target');
  });

  test('another block that is broken takes nothing away', async () => {
    const broken = changed(RUNBOOK, 'from: [commander]\ntimeout: 10m', 'from: [commander\n  : {');
    expect(await offered(RUNBOOK_FILE, changed(broken, 'timeout: 30s\nretry', 'ti|\nretry'))).toContain('timeout');
  });
});
