// Nothing that an editor sends, and nowhere that a cursor stands, makes the server throw or wait for ever.
import { once } from 'node:events';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { questionsAt } from '../../src/lsp/asking.ts';
import { suggestionsAt } from '../../src/lsp/complete.ts';
import { definitionAt } from '../../src/lsp/definition.ts';
import { documentOf, partAt, wordAt } from '../../src/lsp/document.ts';
import { wholeFrames } from '../../src/lsp/frames.ts';
import { callAround, driverOf } from '../../src/lsp/help.ts';
import { hoverAt } from '../../src/lsp/hover.ts';
import { linesOf } from '../../src/lsp/positions.ts';
import { symbolsOf } from '../../src/lsp/symbols.ts';
import { createUris } from '../../src/lsp/uris.ts';
import { yamlPlaceAt } from '../../src/lsp/yaml-path.ts';
import { HELPING, openWorkspace, RUNBOOK, RUNBOOK_FILE, SYSTEM, SYSTEM_FILE } from './world.ts';

const workspace = openWorkspace();
afterEach(() => {
  for (const file of [...workspace.open.keys()]) workspace.close(file);
});

const PIECES = [
  '```belay do x\n',
  '```',
  '---\n',
  '\n',
  'a: ',
  '- ',
  '{',
  '}',
  '[',
  '"',
  "'",
  '  ',
  '{steps.',
  '## A\n',
  '### B {#b}\n',
  '🛟',
  'é',
  '\r\n',
  '\t',
  '#',
  ',',
  ':',
  'with: ',
  'probe: http',
];
const odd = fc.array(fc.oneof(fc.constantFrom(...PIECES), fc.string({ maxLength: 5 })), { maxLength: 30 }).map((parts) => parts.join(''));
const file = fc.constantFrom(RUNBOOK_FILE, SYSTEM_FILE, '/x/templates/a.en.md');

describe('any text, any place', () => {
  test('ten thousand texts and cursors are placed without a throw, within the text', () => {
    fc.assert(
      fc.property(file, odd, fc.nat(200), (where, text, at) => {
        const doc = documentOf(where, text);
        if (doc === null) throw new Error('a document of Belay');
        const offset = Math.min(at, text.length);
        const part = partAt(doc, offset);
        const word = wordAt(doc.source, offset);
        yamlPlaceAt(doc.source, part, word.start);
        driverOf(doc, word.start);
        callAround(doc, part, word.start);
        for (const { word: replaced } of questionsAt(doc, offset)) expect(replaced.start <= offset && offset <= replaced.end).toBe(true);
        for (const one of symbolsOf(doc)) expect(one.start <= one.end && one.end <= text.length).toBe(true);
      }),
      { numRuns: 10_000 },
    );
  });

  test('ten thousand positions lead into the text and back', () => {
    fc.assert(
      fc.property(odd, fc.integer({ min: -5, max: 40 }), fc.integer({ min: -5, max: 200 }), (text, line, character) => {
        const lines = linesOf(text);
        const offset = lines.offsetAt({ line, character });
        expect(offset >= 0 && offset <= text.length).toBe(true);
        expect(lines.offsetAt(lines.positionAt(offset))).toBe(offset);
      }),
      { numRuns: 10_000 },
    );
  });

  test('addresses that are none are no files', () => {
    const uris = createUris();
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((text) => `file://${text}`),
          fc.string().map((text) => `file:///${text}`),
        ),
        (uri) => {
          const found = uris.fileOf(uri);
          expect(found === null || found.startsWith('/')).toBe(true);
        },
      ),
      { numRuns: 10_000 },
    );
  });

  test('completion, help and definitions answer at any place of a text that is cut anywhere', async () => {
    const cut = fc.record({ isSystem: fc.boolean(), end: fc.nat(RUNBOOK.length), more: odd, at: fc.nat(RUNBOOK.length) });
    await fc.assert(
      fc.asyncProperty(cut, async ({ isSystem, end, more, at }) => {
        const [where, text] = isSystem ? [SYSTEM_FILE, SYSTEM] : [RUNBOOK_FILE, RUNBOOK];
        const whole = text.slice(0, end % text.length) + more;
        workspace.put(where, whole);
        const doc = workspace.document(where);
        if (doc === null) throw new Error('a document of Belay');
        const offset = at % (whole.length + 1);
        for (const one of await suggestionsAt(workspace, doc, offset, HELPING)) expect(one.start <= offset && offset <= one.end).toBe(true);
        await hoverAt(workspace, doc, offset, HELPING);
        await definitionAt(workspace, doc, offset);
      }),
      { numRuns: 15 },
    );
  }, 120_000);
});

test('a runbook of 1,000 steps is looked at and completed in seconds', async () => {
  const steps = Array.from({ length: 1000 }, (_, step) => `### Step ${step} {#s${step}}\n\n\`\`\`belay manual\nwithin: 5m\n\`\`\`\n`);
  const text = `---\nbelay: 1\nid: base\ntitle: Big\n---\n\n## Do\n\n${steps.join('\n')}`;
  workspace.put(RUNBOOK_FILE, text);
  const doc = workspace.document(RUNBOOK_FILE);
  if (doc === null) throw new Error('a document of Belay');
  const began = process.threadCpuUsage();
  const found = await suggestionsAt(workspace, doc, text.lastIndexOf('within') + 3, HELPING);
  const { loaded } = await workspace.look(workspace.rootOf(RUNBOOK_FILE) ?? '');
  expect(found.map((one) => one.label)).toContain('within');
  expect(loaded?.drafts.runbooks[0]?.steps.size).toBe(1000);
  expect(symbolsOf(doc)[0]?.children.length).toBe(1000);
  expect(process.threadCpuUsage(began).user / 1e6).toBeLessThan(20);
});

describe('the frames of a stream', () => {
  const frame = (body: string): string => `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

  async function through(chunks: readonly Buffer[]): Promise<string> {
    const frames = wholeFrames();
    const passed: Buffer[] = [];
    frames.on('data', (bytes: Buffer) => passed.push(bytes));
    for (const chunk of chunks) frames.write(chunk);
    frames.end();
    await once(frames, 'end');
    return Buffer.concat(passed).toString('utf8');
  }

  test('whole messages pass as they are, however the stream is cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string(), { maxLength: 5 }), fc.integer({ min: 1, max: 40 }), async (bodies, size) => {
        const bytes = Buffer.from(bodies.map(frame).join(''));
        const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) => bytes.subarray(at * size, (at + 1) * size));
        expect(await through(chunks)).toBe(bodies.map(frame).join(''));
      }),
      { numRuns: 300 },
    );
  });

  test('what is no message is dropped, and the next one passes', async () => {
    const junk = [
      'Content-Type: a\r\n\r\n',
      'no header\r\n\r\n',
      'Content-Length: -4\r\n\r\n',
      'Content-Length: 1e9\r\n\r\n',
      `${'x'.repeat(20_000)}\r\n\r\n`,
    ];
    for (const one of junk) expect(await through([Buffer.from(one + frame('{"a":1}'))])).toBe(frame('{"a":1}'));
  });

  test('a message that is too long is passed over whole', async () => {
    const long = 33 * 1024 * 1024;
    const parts = [Buffer.from(`Content-Length: ${long}\r\n\r\n`), Buffer.alloc(long, 120), Buffer.from(frame('{}'))];
    expect(await through(parts)).toBe(frame('{}'));
  });
});
