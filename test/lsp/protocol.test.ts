// The language server as editors meet it: a real process, real frames, texts that nobody has saved.
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { belay, temporaryFolder } from '../cli/belay.ts';
import { environmentOf } from '../world/example-env.ts';
import { type Answered, cursorIn, type Editor, startEditor } from './editor.ts';

const root = path.resolve(import.meta.dirname, '../..');
const folder = temporaryFolder();
const shop = path.join(folder.path, 'shop');
cpSync(path.join(root, 'examples/first-rollback'), shop, { recursive: true });
const yaml = readFileSync(path.join(shop, 'belay.yaml'), 'utf8');
const env = environmentOf(yaml);
const runbook = path.join(shop, 'runbooks/deploy-rollback.runbook.md');
const uri = pathToFileURL(runbook).href;
const text = readFileSync(runbook, 'utf8');

let editor: Editor;
beforeAll(async () => {
  editor = await startEditor({ env });
}, 60_000);
afterAll(() => {
  editor?.child.kill();
  folder.remove();
});

describe('belay lsp, as a process', () => {
  test('it says what it can do, and counts characters as editors do', () => {
    expect(editor.capabilities).toMatchObject({
      positionEncoding: 'utf-16',
      hoverProvider: true,
      definitionProvider: true,
      documentSymbolProvider: true,
    });
  });

  test('an unsaved mistake is marked with its rule, what was meant and a page; mended, the mark is gone', async () => {
    const broken = text.replace(/```belay do (\S+)/, '```belay do deploy.rolback');
    expect(broken).not.toBe(text);
    editor.open(uri, broken);
    const [mark] = await editor.marks(uri, (marks) => marks.some((one) => one.code === 'unknown-action'));
    expect(mark?.message).toContain('did you mean: deploy.rollback');
    expect(mark?.codeDescription.href).toMatch(/^file:.*runbook-format\.md#diagnostics$/);
    editor.change(uri, text, 2);
    await editor.marks(uri, (marks) => !marks.some((one) => one.code === 'unknown-action'));
  });

  test('a belay block that is being written is offered actions, and each comes with its page', async () => {
    const { text: asked, position } = cursorIn(text.replace(/```belay do \S+/, '```belay do deploy.ro|'));
    editor.change(uri, asked, 3);
    const items = await editor.request<{ label: string; documentation?: { value: string } }[]>('textDocument/completion', {
      textDocument: { uri },
      position,
    });
    const one = items.find(({ label }) => label === 'deploy.rollback');
    expect(one?.documentation?.value).toContain('`target`');
    expect(items.map(({ label }) => label)).toContain('flow.set');
    editor.change(uri, text, 4);
  });

  test('an action explains itself, and a target leads to belay.yaml', async () => {
    const at = (needle: string, within = 0): { line: number; character: number } => {
      const offset = text.indexOf(needle) + within;
      const before = text.slice(0, offset).split('\n');
      return { line: before.length - 1, character: (before.at(-1) ?? '').length };
    };
    const hover = await editor.request<{ contents: { value: string } }>('textDocument/hover', {
      textDocument: { uri },
      position: at('belay do deploy.rollback', 12),
    });
    expect(hover.contents.value).toContain('may be repeated');
    const place = await editor.request<{ uri: string; range: { start: { line: number } } }>('textDocument/definition', {
      textDocument: { uri },
      position: at('target: shop', 9),
    });
    expect(place.uri).toBe(pathToFileURL(path.join(shop, 'belay.yaml')).href);
    expect(yaml.split('\n')[place.range.start.line]).toMatch(/^ {2}shop:/);
  });

  test('the outline has phases with their steps, and each step says its kind', async () => {
    const outline = await editor.request<{ name: string; children: { name: string; detail?: string }[] }[]>('textDocument/documentSymbol', {
      textDocument: { uri },
    });
    expect(outline.length).toBeGreaterThan(0);
    expect(outline.flatMap((one) => one.children).map((one) => one.detail)).toContain('do deploy.rollback');
  });

  test('a repair that can only be meant one way is offered', async () => {
    const broken = text.replace(/```belay do (\S+)/, '```belay do deploy.rolback');
    editor.change(uri, broken, 5);
    const line = broken.slice(0, broken.indexOf('deploy.rolback')).split('\n').length - 1;
    const actions = await editor.request<{ title: string; edit: { changes: Record<string, { newText: string; range: unknown }[]> } }[]>(
      'textDocument/codeAction',
      { textDocument: { uri }, range: { start: { line, character: 0 }, end: { line, character: 20 } }, context: { diagnostics: [] } },
    );
    const [edit] = actions.flatMap((one) => one.edit.changes[uri] ?? []);
    const character = (broken.split('\n')[line] ?? '').indexOf('deploy.rolback');
    expect(edit).toEqual({
      newText: 'deploy.rollback',
      range: { start: { line, character }, end: { line, character: character + 'deploy.rolback'.length } },
    });
    editor.change(uri, text, 6);
  });

  test('emoji and accents count as editors count them', async () => {
    const odd = text.replace(/(```belay do deploy\.rollback\n)/, '$1# 🛟 reversão já 🛟\nwho: "🛟 ninguém"\n');
    editor.change(uri, odd, 7);
    const marks = await editor.marks(uri, (all) => all.some((one) => one.message.includes('ninguém')));
    const mark = marks.find((one) => one.message.includes('ninguém'));
    const line = odd.slice(0, odd.indexOf('who: "🛟')).split('\n').length - 1;
    expect(mark?.range).toEqual({ start: { line, character: 5 }, end: { line, character: 5 + '"🛟 ninguém"'.length } });
    editor.change(uri, text, 8);
  });

  test('fifty quick edits are looked at a few times, and the last text counts', async () => {
    const before = editor.published(uri);
    for (let edit = 0; edit < 50; edit += 1) editor.change(uri, `${text}\n<!-- ${edit} -->\n### Edit ${edit}\n`, 10 + edit);
    const marks = await editor.marks(uri, (all) => all.some((one) => one.message.includes('Edit 49')));
    expect(marks.filter((one) => one.code === 'step-empty').length).toBe(1);
    expect(editor.published(uri) - before).toBeLessThan(10);
    editor.change(uri, text, 70);
  });

  test('a request that is cancelled ends as cancelled, or with its answer when it was quicker', async () => {
    const asked = Array.from({ length: 20 }, () =>
      editor.ask('textDocument/hover', { textDocument: { uri }, position: { line: 3, character: 3 } }),
    );
    for (const { id } of asked) editor.notify('$/cancelRequest', { id });
    const answers: Answered[] = await Promise.all(asked.map((one) => one.answer));
    expect(answers.filter(({ error }) => error === undefined || error.code === -32800).length).toBe(20);
    expect(answers.some(({ error }) => error?.code === -32800)).toBe(true);
  });

  test('messages that are none, addresses that lead nowhere and places beyond the text do not end it', async () => {
    editor.raw('Content-Length: 7\r\n\r\n{"oops\n');
    editor.raw('Content-Type: text/plain\r\n\r\n');
    editor.notify('textDocument/didChange', { textDocument: { uri, version: 90 }, contentChanges: [] });
    editor.open('untitled:Untitled-1', '```belay do ');
    editor.open('file://%zz', 'x');
    const strange = editor.ask('textDocument/hover', {
      textDocument: { uri: 'file:///nowhere/belay.yaml' },
      position: { line: 1e9, character: -4 },
    });
    expect((await strange.answer).result).toBeNull();
    expect((await editor.ask('no/such/method', {}).answer).error?.code).toBe(-32601);
    expect(await editor.request('textDocument/hover', { textDocument: { uri }, position: { line: 1e9, character: 1e9 } })).toBeNull();
  });

  test('each belay.yaml is looked at by itself, and what it says of an open runbook follows its unsaved text', async () => {
    const other = path.join(folder.path, 'other');
    mkdirSync(path.join(other, 'runbooks'), { recursive: true });
    writeFileSync(path.join(other, 'belay.yaml'), 'belay: 1\nname: Other\nroles: [ops]\n');
    const own = path.join(other, 'runbooks/small.runbook.md');
    const small = '---\nbelay: 1\nid: small\ntitle: Small\nroles: { commander: { is: ops } }\n---\n\n## Do\n\n### Look\n\n- [ ] look\n';
    writeFileSync(own, small);
    const [smallUri, systemUri] = [own, path.join(other, 'belay.yaml')].map((file) => pathToFileURL(file).href);
    editor.open(smallUri ?? '', small);
    expect(await editor.marks(smallUri ?? '', () => true)).toEqual([]);
    editor.open(systemUri ?? '', 'belay: 1\nname: Other\nroles: [others]\n');
    const [mark] = await editor.marks(smallUri ?? '', (all) => all.length > 0);
    expect(mark).toMatchObject({ code: 'unknown-role', range: { start: { line: 4 } } });
    editor.notify('textDocument/didClose', { textDocument: { uri: systemUri } });
    await editor.marks(smallUri ?? '', (all) => all.length === 0);
    rmSync(own);
  });

  test('it ends with 0 when the editor says so, having printed nothing but messages', async () => {
    expect(await editor.end()).toBe(0);
  });

  test('an editor that goes away without a word takes it along', async () => {
    const lost = await startEditor();
    const ended = new Promise((resolve) => lost.child.once('exit', resolve));
    lost.child.stdin?.end();
    expect(await ended).toBe(1);
  });

  test('its help says who it is for', async () => {
    const { out, code } = await belay(['lsp', '--help']);
    expect(code).toBe(0);
    expect(out).toContain('--stdio');
  });
});
