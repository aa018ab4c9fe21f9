// The texts that an editor has open, laid over the disk, and what a look at them finds. It knows files and offsets, and no protocol.
import path from 'node:path';
import type { Files } from '../config/files.ts';
import { withTexts } from '../config/files.ts';
import { folderOf, type Look, type Looking, lookAt } from '../config/look.ts';
import { knownAt } from '../config/problems.ts';
import type { Diagnostic } from '../domain/diagnostic.ts';
import { MARK, type Question, questionsAt } from './asking.ts';
import type { Document } from './document.ts';
import { documentOf, kindOfFile } from './document.ts';
import { offsetOfDiagnostic } from './positions.ts';

/** What the compiler said of the mark. */
export interface Answer {
  readonly question: Question;
  readonly diagnostic: Diagnostic;
  readonly known: readonly string[];
}

export interface Workspace {
  /** An open text, as the editor shows it. */
  put(file: string, text: string): void;
  close(file: string): void;
  /** Something changed on the disk. */
  forget(): void;
  readonly open: ReadonlyMap<string, string>;
  /** An open text, or a file; null where it is none of Belay's. */
  document(file: string): Document | null;
  textOf(file: string): string | null;
  /** What is looked at with this file: the folder of its belay.yaml, or a runbook without one; null: nothing. */
  rootOf(file: string): string | null;
  look(root: string): Promise<Look>;
  ask(doc: Document, offset: number): Promise<readonly Answer[]>;
}

export interface WorkspaceDeps {
  readonly looking: () => Promise<Looking>;
  readonly disk: Files;
}

export function createWorkspace({ looking, disk }: WorkspaceDeps): Workspace {
  const open = new Map<string, string>();
  const files = withTexts(disk, open);
  const looks = new Map<string, Promise<Look>>();
  const rootOf = (file: string): string | null => {
    const kind = kindOfFile(file);
    const folder = folderOf(file);
    if (kind === null) return null;
    if (files.kindOf(path.join(folder, 'belay.yaml')) === 'file') return folder;
    return kind === 'runbook' ? file : null;
  };
  const textOf = (file: string): string | null => open.get(file) ?? (disk.kindOf(file) === 'file' ? disk.read(file) : null);
  return {
    open,
    put: (file, text) => {
      open.set(file, text);
      looks.clear();
    },
    close: (file) => {
      open.delete(file);
      looks.clear();
    },
    forget: () => looks.clear(),
    textOf,
    document: (file) => {
      const text = kindOfFile(file) === null ? null : textOf(file);
      return text === null ? null : documentOf(file, text);
    },
    rootOf,
    look: (root) => {
      const known = looks.get(root) ?? looking().then((o) => lookAt(root, { ...o, files }));
      looks.set(root, known);
      return known;
    },
    ask: async (doc, offset) => {
      const root = rootOf(doc.file);
      if (root === null) return [];
      const { tools, ...o } = await looking();
      // Only names are asked for: adapters and files of SQL have nothing to say of them.
      const quick = { ...o, tools: { ...tools, driverProblem: () => null }, sqlParser: undefined };
      const answers: Answer[] = [];
      for (const question of questionsAt(doc, offset)) {
        const asked = withTexts(files, new Map([[doc.file, question.text]]));
        const { diagnostics } = await lookAt(root, { ...quick, files: asked });
        answers.push(...answersTo(question, doc.file, diagnostics));
      }
      return answers;
    },
  };
}

function answersTo(question: Question, file: string, diagnostics: readonly Diagnostic[]): readonly Answer[] {
  return diagnostics.flatMap((diagnostic) => {
    if (diagnostic.file !== file) return [];
    const known = knownAt(diagnostic);
    const start = offsetOfDiagnostic(question.text, diagnostic);
    const covers = start <= question.at && question.at < start + diagnostic.length;
    return known.length > 0 && (covers || diagnostic.message.includes(MARK)) ? [{ question, diagnostic, known }] : [];
  });
}
