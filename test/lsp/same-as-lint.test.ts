// An editor and `belay lint` never differ: over every example by the real commands, over every planted mistake, and over texts that are cut
// anywhere.
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { lookAt } from '../../src/config/look.ts';
import type { Diagnostic } from '../../src/domain/diagnostic.ts';
import { lintTools } from '../../src/local.ts';
import { fixOf } from '../../src/lsp/fixes.ts';
import { linesOf, offsetOfDiagnostic } from '../../src/lsp/positions.ts';
import { belay } from '../cli/belay.ts';
import { OF_THE_SYSTEM, PLANTED } from '../config/mistakes.ts';
import { MORE } from '../config/more-mistakes.ts';
import { BASE } from '../config/workspace.ts';
import { environmentOf } from '../world/example-env.ts';
import { type Editor, startEditor } from './editor.ts';
import { LOOKING, openWorkspace, RUNBOOK, RUNBOOK_FILE, SYSTEM, SYSTEM_FILE } from './world.ts';

const examples = path.resolve(import.meta.dirname, '../../examples');
const names = readdirSync(examples);
const yamlOf = (name: string): string => readFileSync(path.join(examples, name, 'belay.yaml'), 'utf8');
const env = Object.assign({}, ...names.map((name) => environmentOf(yamlOf(name)))) as Readonly<Record<string, string>>;

let editor: Editor | null = null;
afterAll(() => void editor?.child.kill());

/** Of two by the command itself, which takes a second each; of the others by what it calls. */
async function problemsOf(name: string, folder: string): Promise<readonly (Diagnostic & Told)[]> {
  if (name !== 'first-rollback' && name !== 'agente-julia')
    return (await lookAt(folder, { ...LOOKING, tools: await lintTools(), env })).diagnostics;
  return (await belay(['lint', '--json'], { cwd: folder, env })).json<{ diagnostics: (Diagnostic & Told)[] }>().diagnostics;
}

interface Told {
  readonly rule: string;
  readonly severity: string;
  readonly line: number;
  readonly column: number;
  readonly length: number;
}

describe('the marks of a real `belay lsp` are the problems of a real `belay lint --json`', () => {
  test.each(names)('of the example %s', async (name) => {
    editor ??= await startEditor({ env });
    const folder = path.join(examples, name);
    const lint = await problemsOf(name, folder);
    const runbooks = readdirSync(path.join(folder, 'runbooks')).map((file) => path.join(folder, 'runbooks', file));
    const files = [path.join(folder, 'belay.yaml'), ...runbooks];
    for (const file of files) editor.open(pathToFileURL(file).href, readFileSync(file, 'utf8'));
    for (const file of files) {
      const marks = await editor.marks(pathToFileURL(file).href, () => true);
      const shown = marks.map(({ range, code, severity, message }) => ({
        rule: code,
        severity: severity === 1 ? 'error' : 'warning',
        line: range.start.line + 1,
        column: range.start.character + 1,
        length: range.end.character - range.start.character,
        message: message.split('\n')[0],
      }));
      const told = lint
        .filter((one) => path.resolve(folder, one.file) === file)
        .map(({ rule, severity, line, column, length, message }) => ({ rule, severity, line, column, length, message }));
      // Where a line ends before it does, a mark of one character has nothing to stand on.
      expect(shown.map((one) => ({ ...one, length: Math.max(1, one.length) }))).toEqual(told);
    }
  });
});

describe('an unsaved text is judged as if it were saved', () => {
  const disk = mkdtempSync(path.join(tmpdir(), 'belay-lsp-'));
  cpSync(BASE, disk, { recursive: true });
  afterAll(() => rmSync(disk, { recursive: true, force: true }));
  // What adapters say of options is asked in the examples above: here only texts differ.
  const looking = { ...LOOKING, tools: { ...LOOKING.tools, driverProblem: () => null } };
  const workspace = openWorkspace(looking);

  /** What is told of the fixture with one file changed: over unsaved text, and saved. */
  async function both(file: string, text: string): Promise<readonly [readonly Diagnostic[], readonly Diagnostic[]]> {
    workspace.put(file, text);
    const copy = path.join(disk, path.relative(BASE, file));
    const old = readFileSync(copy, 'utf8');
    writeFileSync(copy, text);
    try {
      const [unsaved, saved] = await Promise.all([workspace.look(BASE), lookAt(disk, looking)]);
      return [unsaved.diagnostics, saved.diagnostics.map((one) => ({ ...one, file: path.join(BASE, path.relative(disk, one.file)) }))];
    } finally {
      workspace.close(file);
      writeFileSync(copy, old);
    }
  }
  const bare = (all: readonly Diagnostic[]): readonly unknown[] =>
    // Messages may name a file by its whole path.
    all.map(({ file, rule, line, column, length, severity }) => ({ file, rule, line, column, length, severity }));

  const MISTAKES = [
    ...[...PLANTED, ...MORE].map((one) => ({ ...one, file: RUNBOOK_FILE, text: RUNBOOK })),
    ...OF_THE_SYSTEM.map((one) => ({ ...one, file: SYSTEM_FILE, text: SYSTEM })),
  ];

  test('every planted mistake is the same in both, and a repair that is offered takes it away', async () => {
    let repaired = 0;
    for (const { file, text, from, to, name } of MISTAKES) {
      const wrong = text.replace(from, () => to);
      const [unsaved, saved] = await both(file, wrong);
      expect(bare(unsaved), name).toEqual(bare(saved));
      const one = unsaved.find((problem) => problem.file === file);
      const fix = one === undefined ? null : fixOf(wrong, one, 'en');
      if (fix === null || one === undefined) continue;
      const mended = wrong.slice(0, fix.start) + fix.text + wrong.slice(fix.end);
      workspace.put(file, mended);
      const { diagnostics } = await workspace.look(BASE);
      workspace.close(file);
      expect(
        diagnostics.filter((problem) => problem.rule === one.rule && problem.line === one.line && problem.column === one.column),
        `${name}: ${fix.title}`,
      ).toEqual([]);
      repaired += 1;
    }
    expect(repaired).toBeGreaterThan(20);
  }, 120_000);

  test('so is a text that is cut, doubled or has anything put into it', async () => {
    const edit = fc.record({
      isSystem: fc.boolean(),
      from: fc.nat(RUNBOOK.length),
      length: fc.nat(60),
      put: fc.oneof(fc.constantFrom('', '{', '"', '\n', '```', '---\n', ': ', '🛟', '\r\n', '\t'), fc.string({ maxLength: 12 })),
    });
    await fc.assert(
      fc.asyncProperty(edit, async ({ isSystem, from, length, put }) => {
        const [file, text] = isSystem ? [SYSTEM_FILE, SYSTEM] : [RUNBOOK_FILE, RUNBOOK];
        const at = from % text.length;
        const [unsaved, saved] = await both(file, text.slice(0, at) + put + text.slice(at + length));
        expect(bare(unsaved)).toEqual(bare(saved));
        for (const one of unsaved) expect(offsetOfDiagnostic(text, one)).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 25 },
    );
  }, 120_000);
});

test('a place in Belay is the same place in an editor, also after emoji, accents and old line ends', () => {
  const text = 'é: 🛟🛟\r\nb: "ção"\n';
  const at = offsetOfDiagnostic(text, { line: 2, column: 4 });
  expect(text.slice(at, at + 5)).toBe('"ção"');
  expect(linesOf(text).positionAt(at)).toEqual({ line: 1, character: 3 });
  expect(linesOf('a\rb\r\nc\nd').positionAt(7)).toEqual({ line: 3, character: 0 });
});
