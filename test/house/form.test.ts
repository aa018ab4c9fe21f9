// The form of every file: ceilings, head comments, unique titles, one word one meaning, nothing that only one machine has.
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { drawerName, hasHeadComment, lineCount, placesIn, repeatedTitles, strayWords } from './form.ts';
import { ratchet } from './ratchet.ts';
import { files, isTypeScript, read, root, under } from './source.ts';

const FOLDERS_UNDER_SRC = ['adapters', 'cli', 'config', 'domain', 'flows', 'lsp', 'ports', 'server', 'web'];
const MAX_LINES = 400;
const code = files.filter((file) => isTypeScript(file) || /^bin\/.*\.mjs$/.test(file));

describe('the judges of form bite', () => {
  test('a file that starts with code, or with a linter switch, has no head comment', () => {
    expect(['import a from "a";\n', '\n// late\n', '// oxlint-disable max-lines\n', '//\n'].map(hasHeadComment)).toEqual([
      false,
      false,
      false,
      false,
    ]);
    expect(['// Owns a.\n', '#!/usr/bin/env node\n// Owns a.\n', '/** Owns a. */\n'].map(hasHeadComment)).toEqual([true, true, true]);
  });

  test('a title that stands twice in a file is found, in a table or not', () => {
    const text =
      "test('a', () => {});\ndescribe('x', () => { it('a', () => {}); });\ntest.each([1])('b %s', () => {});\ntest('c', () => {});";
    expect(repeatedTitles('planted.test.ts', text)).toEqual(['planted.test.ts:2 "a"']);
    expect(repeatedTitles('planted.test.ts', "test.each([1])('b', () => {});\ntest.each([2])('b', () => {});")).toHaveLength(1);
  });

  test('paths of one machine, folders outside the repository and registry hosts are found', () => {
    const planted = [
      `cd ${'/wo'}rk/main`,
      `see ../sha${'red/'}design/style.md`,
      `"res${'olved'}": "https://regi${'stry.'}example.org/a.tgz"`,
    ];
    expect(planted.map((text) => placesIn(text).length)).toEqual([1, 1, 1]);
    expect(placesIn('import a from "../work/item.ts"; const dir = `${tmp}/work/a`;')).toEqual([]);
  });

  test('a drawer is found by its name, as a folder and as a file', () => {
    expect(['src/domain/utils/a.ts', 'src/cli/http-helpers.ts', 'src/flows/manager.ts'].map(drawerName)).toEqual([
      'utils',
      'helpers',
      'manager',
    ]);
    expect(drawerName('src/domain/commonplace.ts')).toBeNull();
  });

  test('own names with a stray word are found, names of other packages are not', () => {
    expect(
      strayWords('planted.ts', 'export interface MailProvider { a: string }\nexport const f = (pluginName: string) => pluginName;'),
    ).toHaveLength(2);
    expect(strayWords('planted.ts', "import { Provider } from 'x';\nexport const a = Provider.b;")).toEqual([]);
  });
});

describe('the form of the repository', () => {
  test('src holds its nine folders and no tenth', () => {
    const folders = readdirSync(path.join(root, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(folders.map((folder) => folder.name).filter((name) => !FOLDERS_UNDER_SRC.includes(name))).toEqual([]);
  });

  test('the root holds at most nine folders', () => {
    const folders = new Set(files.filter((file) => file.includes('/')).map((file) => file.split('/')[0] ?? ''));
    expect([...folders].filter((name) => !name.startsWith('.')).length).toBeLessThanOrEqual(9);
  });

  test(`no file is longer than ${MAX_LINES} lines`, () => {
    ratchet(
      'longFiles',
      code.filter((file) => lineCount(read(file)) > MAX_LINES),
    );
  });

  test('every file says in its first lines what it owns', () => {
    // The titles of a test file say what it proves.
    expect(code.filter((file) => !file.endsWith('.test.ts') && !hasHeadComment(read(file)))).toEqual([]);
  });

  test('no linter is switched off without a name in the list of exceptions', () => {
    ratchet(
      'linterSwitches',
      code.filter(
        (file) =>
          /(oxlint|eslint|biome)-(disable|ignore)|@ts-(ignore|expect-error|nocheck)/.test(read(file)) && !file.startsWith('test/house/'),
      ),
    );
  });

  test('test titles are unique within their file', () => {
    expect(files.filter((file) => file.endsWith('.test.ts')).flatMap((file) => repeatedTitles(file))).toEqual([]);
  });

  test('no folder and no file is a drawer', () => {
    expect(files.filter((file) => /^(src|test|scripts|bench|bin)\//.test(file) && drawerName(file) !== null)).toEqual([]);
  });

  test('one word, one meaning: no provider, plugin or connector', () => {
    ratchet('strayWords', [
      ...new Set(
        under('src')
          .flatMap((file) => strayWords(file))
          .map((found) => found.replace(/^.* /, '')),
      ),
    ]);
  });

  test('nothing in the repository points at one machine, a folder outside it or a registry host', () => {
    const text = files.filter((file) => !/\.(png|ico|woff2?|gz)$/.test(file));
    expect(text.flatMap((file) => placesIn(read(file)).map((found) => `${file} ${found}`))).toEqual([]);
  });

  test('an open task in a comment names its issue', () => {
    const open = new RegExp(`\\b(TO${'DO'}|FIX${'ME'}|XX${'X'})\\b(?!\\(#\\d+\\))`);
    expect(code.filter((file) => open.test(read(file)))).toEqual([]);
  });
});
