// Whatever a document holds, its import is a runbook without errors that keeps every line, or a refusal; never a throw.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { draftOf } from '../../../src/config/command-drafts.ts';
import { trapOf } from '../../../src/config/command-traps.ts';
import { documentFacts, limitIn } from '../../../src/config/import/facts.ts';
import { boxesOf, numberedLines, partsOf } from '../../../src/config/import/fences.ts';
import { importRunbook, lostLines } from '../../../src/config/import/import-runbook.ts';
import { withoutSecrets } from '../../../src/config/lint-secrets.ts';
import { compileRunbook } from '../../../src/config/runbook.ts';
import { pastedCommands } from '../../../src/config/shell-lines.ts';
import { documentOf } from './documents.ts';

const PIECES = [
  '# T\n',
  '## Restore\n',
  '### 1. Do\n',
  '#### Cenário\n',
  '## Quando usar\n',
  '**Ações:**\n\n',
  '\n\n',
  '\n',
  '1. **Ver** logs\n',
  '   - Checar `npm test`\n',
  '- [ ] box\n',
  '- NÃO apagar\n',
  '```\n',
  '```bash\n',
  '````\n',
  '~~~\n',
  '```beley do x\n',
  '[ ] 1. PAUSAR {org}\n',
  '      - sub\n',
  '# 1. Ver\n',
  'git push --force\n',
  'docker rollback x\n',
  '> quote\n',
  '| RTO | RPO |\n|---|---|\n| a < 5 min | 0 |\n',
  '<!-- open\n',
  '<script>\n',
  '-->',
  '---\n',
  '===\n',
  '{#id} {.note}',
  '{x',
  '}',
  '`',
  '``belay do x',
  '    ```belay do x\n',
  '\t',
  '\r\n',
  '\u0000',
  '\u2028',
  'TOKEN=abcdefgh1234\n',
  'postgres://a:secretpw@db/x ',
  "O'Neill",
  'até 30 min ',
  '"Mensagem de verdade para o cliente, com texto."\n',
  'x: y # z\n',
  '[^1]: note\n',
  '[a]: http://x\n',
  '\\',
  '- - - 1. a\n',
  '\u{1F4A5}',
];

const document = fc
  .array(fc.oneof(fc.constantFrom(...PIECES), fc.string({ maxLength: 6, unit: 'binary' })), { maxLength: 14 })
  .map((parts) => parts.join(''));

function expectSound(text: string): boolean {
  const answer = importRunbook(text, 'any.md');
  if (!answer.ok) return false;
  const { markdown, found } = answer.runbook;
  const { diagnostics } = compileRunbook(markdown, 'any.runbook.md');
  expect(diagnostics.filter((one) => one.severity === 'error')).toEqual([]);
  const kept = text
    .replace(/^\uFEFF/, '')
    .replaceAll('\r\n', '\n')
    .replaceAll('\r', '\n');
  if (!found.some((one) => one.kind === 'secret')) expect(lostLines(kept, markdown)).toEqual([]);
  return true;
}

/** Markdown is read three times a case, a millisecond each. Ten thousand were run once: ten minutes, none unsound. */
const RUNS = 800;

test('documents put together from pieces are imported as sound runbooks', () => {
  let imported = 0;
  fc.assert(
    fc.property(document, (text) => {
      if (expectSound(text)) imported += 1;
    }),
    { numRuns: RUNS },
  );
  expect(imported).toBeGreaterThan(RUNS * 0.7);
}, 600_000);

test('10 000 fences and lines of any text are read without a throw, each part at a line that is there', () => {
  fc.assert(
    fc.property(document, (text) => {
      const lines = text.split('\n').length;
      for (const part of [...partsOf(text), ...boxesOf(text).boxes, ...numberedLines(text)]) expect(part.line).toBeLessThan(lines);
      for (const command of pastedCommands(text)) {
        expect(command.end).toBeLessThanOrEqual(text.length);
        expect(command.start).toBeGreaterThanOrEqual(0);
        trapOf(command.text);
        draftOf(command.text);
      }
      for (const line of text.split('\n')) {
        const limit = limitIn(line);
        if (limit !== null) expect(limit.value).toMatch(/^\d/);
        for (const fact of documentFacts(line)) expect(fact.value).not.toBe('');
      }
      const clean = withoutSecrets(text);
      if (clean !== null) expect(withoutSecrets(clean)).toBeNull();
    }),
    { numRuns: 10_000 },
  );
}, 60_000);

test('a document that is cut anywhere is still imported as a sound runbook', () => {
  const { text } = documentOf('s3');
  for (let end = 40; end < text.length; end += 331) expectSound(text.slice(0, end));
}, 60_000);

test('what is too large, too deep, empty or a runbook already is refused by name', () => {
  const why = (text: string): string => {
    const answer = importRunbook(text, 'x.md');
    return answer.ok ? 'ok' : answer.why;
  };
  expect(
    ['', ' \n', '> '.repeat(5_000), 'x\n'.repeat(300_000), '---\nbelay: 1\nid: x\n---\n', 'a\n\n```belay manual\n```\n'].map(why),
  ).toEqual(['empty', 'empty', 'too-nested', 'too-large', 'runbook-already', 'runbook-already']);
});
