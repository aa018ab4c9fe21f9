// A workspace of the language server in this process, over the fixture of the lint, with the real tools; and how its answers are read.
import path from 'node:path';
import { createDigest } from '../../src/adapters/system/index.ts';
import { DISK } from '../../src/config/files.ts';
import type { Looking } from '../../src/config/look.ts';
import type { Document } from '../../src/lsp/document.ts';
import type { Helping } from '../../src/lsp/help.ts';
import { openManual } from '../../src/lsp/manual.ts';
import { createWorkspace, type Workspace } from '../../src/lsp/workspace.ts';
import { BASE, BASE_RUNBOOK, ENV, TOOLS } from '../config/workspace.ts';

export const RUNBOOK_FILE = path.join(BASE, BASE_RUNBOOK);
export const SYSTEM_FILE = path.join(BASE, 'belay.yaml');
export const RUNBOOK = DISK.read(RUNBOOK_FILE);
export const SYSTEM = DISK.read(SYSTEM_FILE);

export const LOOKING: Looking = { tools: TOOLS, env: ENV, hashing: createDigest('') };
export const HELPING: Helping = { manual: openManual(path.resolve(import.meta.dirname, '../../docs')), lang: 'en' };

export function openWorkspace(looking: Looking = LOOKING): Workspace {
  return createWorkspace({ looking: async () => looking, disk: DISK });
}

/** `text` with a cursor `|` in it becomes an open text. */
export function place(workspace: Workspace, file: string, text: string): { readonly doc: Document; readonly offset: number } {
  const offset = text.indexOf('|');
  workspace.put(file, text.slice(0, offset) + text.slice(offset + 1));
  const doc = workspace.document(file);
  if (doc === null) throw new Error(`${file} is no document of Belay`);
  return { doc, offset };
}

/** The fixture with a part of it replaced; it must be there. */
export function changed(text: string, from: string | RegExp, to: string): string {
  const now = text.replace(from, () => to);
  if (now === text) throw new Error(`the fixture has no ${from}`);
  return now;
}
