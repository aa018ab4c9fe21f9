import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Found } from '../../src/config/import/found.ts';
import { documentOf } from '../config/import/documents.ts';
import { belay, temporaryFolder } from './belay.ts';

/** Several processes each, on a machine that may do other things. */
const SLOW_MS = 120_000;

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());
const at = (name: string): string => join(folder.path, name);

interface Answer {
  readonly ok: boolean;
  readonly id: string;
  readonly found: readonly Found[];
  readonly markdown: string;
}

/** Writes a document, imports it to `runbooks/`, and lints what was written. */
async function importAndLint(
  name: string,
  text: string,
): Promise<{ readonly answer: Answer; readonly rules: readonly string[]; readonly written: string }> {
  writeFileSync(at(`${name}.md`), text);
  const out = `runbooks/${name}.runbook.md`;
  const done = await belay(['import', `${name}.md`, '--out', out, '--json'], { cwd: folder.path });
  expect({ code: done.code, err: done.code === 0 ? '' : done.err }).toEqual({ code: 0, err: '' });
  const lint = await belay(['lint', out, '--json'], { cwd: folder.path });
  expect(lint.code).toBe(0);
  const { diagnostics } = lint.json<{ diagnostics: readonly { rule: string; severity: string }[] }>();
  return { answer: done.json<Answer>(), rules: diagnostics.map((one) => one.rule), written: readFileSync(at(out), 'utf8') };
}

describe('import of a document', () => {
  test(
    'date, version, owner and the next review become front matter, and the lint knows an overdue review [S5-EV-04, S5-SC-09, S2-PO-01]',
    async () => {
      const { written, rules } = await importAndLint('lia', documentOf('s5').text);
      for (const line of ['reviewed: 2026-02-10', 'reviewBy: 2026-03-10', 'owner: "Líder de engenharia"', 'lang: pt-BR'])
        expect(written).toContain(line);
      expect(rules).toContain('review-overdue');
    },
    SLOW_MS,
  );

  test(
    'a date of creation, a version with its label and the last change are kept [S1-EV-01, S2-EV-07, S3-EV-01]',
    async () => {
      const written = async (name: 's1' | 's2' | 's3'): Promise<string> => {
        writeFileSync(at(`${name}.md`), documentOf(name).text);
        return (await belay(['import', `${name}.md`], { cwd: folder.path })).out;
      };
      const shop = await written('s1');
      expect(shop).toContain('version: "1.0 (depois do endurecimento)"');
      expect(shop).toContain('reviewed: 2026-01-22');
      expect(await written('s2')).toContain('reviewed: 2024-03-19');
      expect(await written('s3')).toContain('reviewed: 2024-12-29');
    },
    SLOW_MS,
  );

  test(
    'a version in the title, the date and the aim of a runbook are kept, and its clocks are in use [S4-EV-10]',
    async () => {
      const { written } = await importAndLint('dm', documentOf('s4').text);
      for (const line of ['version: "2.0"', 'reviewed: 2026-02-15', 'budget: 15m', 'budget: 30m', 'budget: 2h'])
        expect(written).toContain(line);
      expect(written).toContain('voltar depressa, uma organização de cada vez');
    },
    SLOW_MS,
  );

  test(
    'what it proposes and warns of stands beside the commands and in the report, in the language that was asked for',
    async () => {
      writeFileSync(at('s3.md'), documentOf('s3').text);
      const done = await belay(['import', 's3.md', '--lang', 'pt-BR'], { cwd: folder.path });
      expect(done.code).toBe(0);
      expect(done.out).toContain('belay do deploy.revert');
      expect(done.out).toContain('never:\n  - { id: e-so-um-detalhe');
      expect(done.out).toContain('Backup recente do banco?');
      for (const said of ['O QUE VIROU O QUÊ', 'relative-undo', 'force-push', 'PRECISA DE UMA PESSOA']) expect(done.err).toContain(said);
    },
    SLOW_MS,
  );

  test(
    'a credential is masked in what is written, and said',
    async () => {
      const { answer, written } = await importAndLint(
        'keys',
        '# Chaves\n\n1. Entrar\n\n   ```bash\n   export API_TOKEN=abcdef1234567890\n   psql postgres://adm:s3nh4forte@db.local/x\n   ```\n',
      );
      expect(written).not.toMatch(/abcdef1234567890|s3nh4forte/);
      expect(answer.found.filter((one) => one.kind === 'secret').map((one) => one.line)).toEqual([6, 7]);
    },
    SLOW_MS,
  );

  test(
    'a file that is there already is not touched, one that is a runbook is not imported, and one that is missing is named',
    async () => {
      writeFileSync(at('a.md'), '# A\n\n1. Ver\n');
      writeFileSync(at('b.md'), 'mine');
      const said = async (...words: readonly string[]): Promise<string> => {
        const { code, err } = await belay(['import', ...words], { cwd: folder.path });
        return `${code} ${err}`;
      };
      expect(await said('a.md', '--out', 'b.md')).toMatch(/^2 .*b\.md is there already/);
      expect(readFileSync(at('b.md'), 'utf8')).toBe('mine');
      writeFileSync(at('c.md'), '---\nbelay: 1\nid: c\n---\n');
      expect(await said('c.md')).toMatch(/^2 .*runbook of Belay already/);
      expect(await said('none.md')).toMatch(/^2 .*none\.md cannot be read/);
      expect(await said()).toMatch(/^2 .*belay import prometheus/s);
    },
    SLOW_MS,
  );

  test('the second word still leads to rules of Prometheus, and its --out is its own', async () => {
    writeFileSync(at('rules.yml'), 'groups:\n  - name: a\n    rules:\n      - alert: Up\n        expr: up == 0\n');
    const done = await belay(['import', 'prometheus', 'rules.yml', '--out', 'part.yaml', '--json'], { cwd: folder.path });
    expect(done.code).toBe(0);
    expect(done.json<{ file: string }>().file).toBe('part.yaml');
  });
});
