// What is said of the word under the pointer, where a name leads, and that nothing of the format is without a word.
import path from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { lineAt, positionAt } from '../../src/config/source-text.ts';
import { COMMON } from '../../src/config/step-fields.ts';
import { ACTIONS, PROBES } from '../../src/domain/catalog.ts';
import { STEP_KINDS } from '../../src/domain/ir.ts';
import { DRIVEN } from '../../src/lsp/catalogs.ts';
import { definitionAt } from '../../src/lsp/definition.ts';
import { actionHelp, driverHelp, kindHelp, probeHelp } from '../../src/lsp/help.ts';
import { hoverAt } from '../../src/lsp/hover.ts';
import { FORMAT } from '../../src/lsp/manual.ts';
import { changed, HELPING, openWorkspace, place, RUNBOOK, RUNBOOK_FILE, SYSTEM, SYSTEM_FILE } from './world.ts';

const workspace = openWorkspace();
afterEach(() => {
  for (const file of [...workspace.open.keys()]) workspace.close(file);
});

async function said(file: string, text: string, lang: 'en' | 'pt-BR' = 'en'): Promise<string> {
  const { doc, offset } = place(workspace, file, text);
  return (await hoverAt(workspace, doc, offset, { ...HELPING, lang }))?.text ?? '';
}

const IN_RUNBOOK = [
  { name: 'a kind', from: '```belay verify', to: '```belay ver|ify', says: 'repeated until it passes' },
  {
    name: 'an action, with its arguments',
    from: '```belay do flow.set',
    to: '```belay do fl|ow.set',
    says: '- `switch`: switch, required',
  },
  { name: 'a probe, with what it gives', from: '{ probe: flow, with', to: '{ probe: fl|ow, with', says: 'Gives: `value` (string)' },
  { name: 'a field of every step', from: 'timeout: 30s\nretry', to: 'time|out: 30s\nretry', says: 'limit of the whole step' },
  { name: 'a field of its kind', from: 'promise: 30m', to: 'pro|mise: 30m', says: 'starts the clock of the next update' },
  { name: 'a key of the front matter', from: 'reviewBy: 2026', to: 'revi|ewBy: 2026', says: 'the lint warns' },
  { name: 'an argument', from: '  to: stable\n', to: '  t|o: stable\n', says: '**`to`** — string, required' },
  { name: 'an argument of a probe', from: 'times: 10 }', to: 'tim|es: 10 }', says: '**`times`** — int, optional' },
  { name: 'a duration', from: 'expires: 7d', to: 'expires: 7|d', says: '`7d` = 7 days' },
  {
    name: 'a target, with its driver',
    from: 'with: { target: shop, why',
    to: 'with: { target: sh|op, why',
    says: 'driver: release-directory',
  },
  { name: 'a trigger, as it is written', from: 'trigger: slow, org', to: 'trigger: sl|ow, org', says: 'breach: { above: 5%, over: 15m }' },
  { name: 'a step', from: 'fail: goto:think', to: 'fail: goto:thi|nk', says: '### Say what you think' },
] as const;

const IN_SYSTEM = [
  { name: 'a section', from: 'organizations:', to: 'organi|zations:', says: '{org.<field>}' },
  { name: 'a key of a trigger', from: 'mode: armed', to: 'mo|de: armed', says: 'nobody is told' },
  { name: 'a driver, with its options', from: 'driver: flow-file', to: 'driver: flow-|file', says: '- `file`: text, required' },
  { name: 'an option of a driver', from: 'root: service', to: 'ro|ot: service', says: '**`root`** — text, required' },
  { name: 'a signal', from: 'signal: http.errors', to: 'signal: http.err|ors', says: 'by: org' },
] as const;

describe('the word under the pointer explains itself', () => {
  test.each(IN_RUNBOOK)('in a runbook: $name', async ({ from, to, says }) => {
    expect(await said(RUNBOOK_FILE, changed(RUNBOOK, from, to))).toContain(says);
  });

  test.each(IN_SYSTEM)('in belay.yaml: $name', async ({ from, to, says }) => {
    expect(await said(SYSTEM_FILE, changed(SYSTEM, from, to))).toContain(says);
  });

  test('what Belay says itself it says in the language of the editor', async () => {
    expect(await said(RUNBOOK_FILE, changed(RUNBOOK, '```belay do flow.set', '```belay do fl|ow.set'), 'pt-BR')).toContain(
      'pode ser repetido',
    );
    expect(await said(RUNBOOK_FILE, changed(RUNBOOK, 'expires: 7d', 'expires: 7|d'), 'pt-BR')).toContain('7 dias');
  });

  test('a reference to the environment stays a reference: no value of it is shown', async () => {
    const text = await said(RUNBOOK_FILE, changed(RUNBOOK, 'components: [shop]', 'components: [sh|op]'));
    expect(text).toContain('{env.SHOP_URL}');
    expect(text).not.toContain('127.0.0.1');
  });
});

describe('a name leads to where it is written', () => {
  const PLACES = [
    {
      name: 'a target',
      from: 'with: { target: shop, why',
      to: 'with: { target: sh|op, why',
      file: 'belay.yaml',
      line: '  shop: { component: shop, driver',
    },
    { name: 'a trigger of belay.yaml', from: '  http-5xx:\n', to: '  http-|5xx:\n', file: 'belay.yaml', line: '  http-5xx:' },
    {
      name: 'a trigger of the front matter',
      from: 'trigger: slow, org',
      to: 'trigger: sl|ow, org',
      file: 'base.runbook.md',
      line: '  slow:',
    },
    { name: 'a role', from: 'from: [commander]', to: 'from: [comman|der]', file: 'base.runbook.md', line: '  commander: { is' },
    { name: 'a role of belay.yaml', from: 'is: commander, deputy', to: 'is: comman|der, deputy', file: 'belay.yaml', line: 'roles:' },
    {
      name: 'a message',
      from: 'template: initial',
      to: 'template: init|ial',
      file: 'base.runbook.md',
      line: '```belay template initial en',
    },
    { name: 'a step', from: 'fail: goto:think', to: 'fail: goto:th|ink', file: 'base.runbook.md', line: '### Say what you think' },
    { name: 'an arm', from: 'goto: forward', to: 'goto: for|ward', file: 'base.runbook.md', line: '### Put it back' },
    {
      name: 'an answer in a condition',
      from: 'now >= steps.think',
      to: 'now >= steps.thi|nk',
      file: 'base.runbook.md',
      line: '### Say what you think',
    },
    {
      name: 'a component in a reference',
      from: '{component.shop.url}',
      to: '{component.sh|op.url}',
      file: 'belay.yaml',
      line: '  shop: { title',
    },
    { name: 'an input', from: 'org: "{org}"\n  to', to: 'org: "{or|g}"\n  to', file: 'base.runbook.md', line: '  org: { type' },
    { name: 'an audience', from: 'to: [team]', to: 'to: [te|am]', file: 'belay.yaml', line: '  team:' },
    { name: 'a clock', from: 'meets: [mitigate]', to: 'meets: [miti|gate]', file: 'base.runbook.md', line: '  mitigate:' },
  ] as const;

  test.each(PLACES)('$name', async ({ from, to, file, line }) => {
    const { doc, offset } = place(workspace, RUNBOOK_FILE, changed(RUNBOOK, from, to));
    const found = await definitionAt(workspace, doc, offset);
    expect(found === null ? null : path.basename(found.source.file)).toBe(file);
    if (found !== null) expect(lineAt(found.source, positionAt(found.source, found.span.start).line)).toContain(line);
  });

  test('a called runbook leads to its file', async () => {
    const caller = path.join(path.dirname(RUNBOOK_FILE), 'caller.runbook.md');
    const { doc, offset } = place(
      workspace,
      caller,
      '---\nbelay: 1\nid: caller\ntitle: Call\ninputs:\n  org: { type: org, required: true }\n---\n\n## Do\n\n### Call it\n\n```belay call ba|se\nwith: { org: "{org}" }\n```\n',
    );
    const found = await definitionAt(workspace, doc, offset);
    expect(found?.source.file).toBe(RUNBOOK_FILE);
  });
});

describe('nothing of the format is without a word', () => {
  const explains = (text: string | null): boolean => text !== null && /\]\(file:/.test(text);

  test('every kind, action and probe has help that ends at its page', () => {
    const own = Object.keys(ACTIONS).filter((name) => !explains(actionHelp(name, HELPING)));
    expect({
      kinds: STEP_KINDS.filter((kind) => !explains(kindHelp(kind, HELPING))),
      actions: own,
      probes: Object.keys(PROBES).filter((name) => !explains(probeHelp(name, HELPING))),
    }).toEqual({ kinds: [], actions: [], probes: [] });
  });

  test('every field that all steps have has its row, and every driver its page', () => {
    expect(Object.keys(COMMON).filter((key) => HELPING.manual.find(FORMAT, 'key', key, 'Steps') === null)).toEqual([]);
    const drivers = Object.entries(DRIVEN).flatMap(([section, catalog]) =>
      Object.keys(catalog).map((driver) => [section, driver] as const),
    );
    expect(drivers.filter(([section, driver]) => !explains(driverHelp(section, driver, HELPING)))).toEqual([]);
  });
});
