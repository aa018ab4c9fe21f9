// One look at a folder of configuration, or at a single file of it: every problem that can be told. The command line prints what it
// finds, editors mark it; both ask here, so that they never differ.
import path from 'node:path';
import type { Diagnostic } from '../domain/diagnostic.ts';
import { sortDiagnostics } from '../domain/diagnostic.ts';
import type { RunbookDraft } from './draft.ts';
import type { Files } from './files.ts';
import { DISK } from './files.ts';
import { lintAlone, loadAndLint } from './lint.ts';
import { lintSql, type ParseSql } from './lint-sql.ts';
import type { LintTools } from './lint-types.ts';
import type { Environment, LoadedSystem } from './load.ts';
import { type Hashing, lintLock } from './lock-file.ts';
import { compileRunbook } from './runbook.ts';

export interface Looking {
  readonly tools: LintTools;
  readonly env: Environment;
  readonly hashing: Hashing;
  /** Absent: files of SQL are not looked into. */
  readonly sqlParser?: (() => Promise<ParseSql>) | undefined;
  readonly files?: Files;
}

export interface Look {
  readonly diagnostics: readonly Diagnostic[];
  readonly looked: readonly string[];
  /** Null for a runbook without a belay.yaml. */
  readonly loaded: LoadedSystem | null;
  /** Of such a runbook. */
  readonly draft: RunbookDraft | null;
}

const SYSTEM_FILE = 'belay.yaml';
const LOCK = 'belay.lock';

/** `where` is a folder, its belay.yaml, or a file that belongs to it; it is there. */
export async function lookAt(where: string, o: Looking): Promise<Look> {
  const files = o.files ?? DISK;
  const isFolder = files.kindOf(where) === 'folder';
  const folder = isFolder ? where : folderOf(where);
  // A runbook on its own has no system to be compared with: its form and its words are all that can be judged.
  if (files.kindOf(path.resolve(folder, SYSTEM_FILE)) === null && /\.runbook\.md$/i.test(where)) return lookAlone(where, files, o);
  const loaded = loadAndLint(folder, { ...o.tools, env: o.env, files });
  const sql = o.sqlParser === undefined ? [] : await lintSql(loaded, o.sqlParser, files);
  const all = [...loaded.diagnostics, ...sql];
  const isWhole = isFolder || path.basename(where) === SYSTEM_FILE;
  const mine = isWhole ? all : all.filter((one) => path.resolve(one.file) === where);
  const lock = path.resolve(folder, LOCK);
  const locked = isFolder && files.kindOf(lock) === 'file' ? lintLock(files.read(lock), lock, { runbooks: loaded.runbooks, ...o }) : [];
  return {
    diagnostics: sortDiagnostics([...mine, ...locked]),
    looked: isWhole ? [path.resolve(folder, SYSTEM_FILE), ...Object.values(loaded.runbooks).map((one) => one.file)] : [where],
    loaded,
    draft: null,
  };
}

function lookAlone(file: string, files: Files, { tools }: Looking): Look {
  const { diagnostics, draft } = compileRunbook(files.read(file), file);
  const more = draft === null ? [] : lintAlone(draft, { today: tools.today });
  return { diagnostics: sortDiagnostics([...diagnostics, ...more]), looked: [file], loaded: null, draft };
}

/** The folder of belay.yaml that a file belongs to. */
export function folderOf(file: string): string {
  const folder = path.dirname(file);
  return /^(runbooks|templates)$/.test(path.basename(folder)) ? path.dirname(folder) : folder;
}
