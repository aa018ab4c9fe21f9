// The five documents of test/fixtures/import: written as people write them, with a mark ⟦id⟧ behind every line that tells people to do
// something. The marks are taken off before the import and say what must be found.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Found } from '../../../src/config/import/found.ts';
import type { ImportedRunbook } from '../../../src/config/import/import-runbook.ts';
import { importRunbook } from '../../../src/config/import/import-runbook.ts';

export const DOCUMENTS = ['s1', 's2', 's3', 's4', 's5'] as const;
export type DocumentName = (typeof DOCUMENTS)[number];

const FOLDER = path.join(import.meta.dirname, '../../fixtures/import');
const MARK = /\s*⟦([^⟧]*)⟧$/;

export interface Document {
  readonly text: string;
  /** Line → what it asks for. */
  readonly asked: ReadonlyMap<number, readonly string[]>;
}

export function documentOf(name: DocumentName): Document {
  const asked = new Map<number, readonly string[]>();
  const lines = readFileSync(path.join(FOLDER, `${name}.md`), 'utf8')
    .split('\n')
    .map((line, index) => {
      const [, ids] = MARK.exec(line) ?? [];
      if (ids !== undefined) asked.set(index + 1, ids.split(' '));
      return line.replace(MARK, '');
    });
  return { text: lines.join('\n'), asked };
}

export function imported(text: string, name: string): ImportedRunbook {
  const answer = importRunbook(text, `${name}.md`);
  if (!answer.ok) throw new Error(`${name} was refused: ${answer.why}`);
  return answer.runbook;
}

export function isAction({ kind }: Found): boolean {
  return kind === 'step' || kind === 'box' || kind === 'command';
}
