// The named files of databases, read as SQL: what they do against what the steps that run them say. Apart from the other rules, because
// the parser takes longer to load than all of them need.
import path from 'node:path';
import type { Diagnostic } from '../domain/diagnostic.ts';
import type { DoStep } from '../domain/ir.ts';
import type { Json } from '../domain/json.ts';
import { classify } from '../domain/sql-classifier.ts';
import type { Judgement } from '../domain/sql-judgement.ts';
import { uncountedIn, uncountedText } from '../domain/uncounted-sql.ts';
import type { Files } from './files.ts';
import { DISK } from './files.ts';
import type { LoadedSystem } from './load.ts';
import { collectProblems } from './problems.ts';
import { sourceText } from './source-text.ts';

export type ParseSql = (sql: string) => Promise<readonly Json[] | null>;

interface NamedSql {
  readonly database: string;
  readonly name: string;
  readonly file: string;
  /** It is held to a number of rows. */
  readonly isCounted: boolean;
}

/** `parser` is asked for where there is a file to read. */
export async function lintSql(loaded: LoadedSystem, parser: () => Promise<ParseSql>, files: Files = DISK): Promise<readonly Diagnostic[]> {
  const named = (loaded.drafts.system?.system.databases ?? []).flatMap(({ id, files: known }): readonly NamedSql[] =>
    Object.entries(known).map(([name, one]) => ({
      database: id,
      name,
      file: path.resolve(loaded.baseDir, one.path),
      isCounted: one.rows !== undefined,
    })),
  );
  if (named.length === 0) return [];
  const parse = await parser();
  const found = await Promise.all(named.map((one) => lintOne(one, loaded, { parse, files })));
  return found.flat();
}

async function lintOne(
  named: NamedSql,
  loaded: LoadedSystem,
  { parse, files }: { readonly parse: ParseSql; readonly files: Files },
): Promise<readonly Diagnostic[]> {
  const text = textOf(named.file, files);
  if (text === null) return fileless(named, loaded);
  const statements = await parse(text);
  const judged = classify(statements);
  return [...rowProblems(named, text, statements), ...lockProblems(named, text, judged), ...stepProblems(named, loaded, judged)];
}

function rowProblems({ name, file, isCounted }: NamedSql, text: string, statements: readonly Json[] | null): readonly Diagnostic[] {
  const found = isCounted ? uncountedIn(statements ?? []) : null;
  if (found === null) return [];
  const problems = collectProblems(sourceText(file, text));
  problems.error('uncounted-rows', { start: 0, end: 1 }, uncountedText(name, found));
  return problems.found;
}

function textOf(file: string, files: Files): string | null {
  try {
    return files.read(file);
  } catch {
    // That it is missing is what is told.
    return null;
  }
}

function fileless({ database, name, file }: NamedSql, loaded: LoadedSystem): readonly Diagnostic[] {
  const problems = collectProblems(loaded.drafts.source);
  const at = Math.max(0, loaded.drafts.source.text.indexOf(path.basename(file)));
  problems.error('file', { start: at, end: at + path.basename(file).length }, `the file ${name} of ${database} cannot be read`);
  return problems.found;
}

function lockProblems({ file }: NamedSql, text: string, { findings }: Judgement): readonly Diagnostic[] {
  const problems = collectProblems(sourceText(file, text));
  const places = [...text.matchAll(/\bcreate\s+(?:unique\s+)?index\b/gi)].map(({ index, 0: written }) => ({
    start: index,
    end: index + written.length,
  }));
  const built = findings.filter((one) => one.family === 'create-index' || one.family === 'create-unique-index');
  for (const [index, one] of built.entries())
    if (one.lock !== undefined)
      problems.warn(
        'index-concurrently',
        places[index] ?? { start: 0, end: 1 },
        `nobody can write to ${one.object ?? 'the table'} while this index is built`,
        {
          hint: 'Build it beforehand with CREATE INDEX CONCURRENTLY, which cannot run in the transaction of db.apply.',
        },
      );
  return problems.found;
}

/** What takes rows or columns away is not taken back by an `undo`. */
function stepProblems({ database, name }: NamedSql, loaded: LoadedSystem, { undo, findings }: Judgement): readonly Diagnostic[] {
  if (undo !== 'gone') return [];
  return loaded.drafts.runbooks.flatMap((draft) => {
    const problems = collectProblems(draft.problems.source);
    for (const { step, span } of draft.steps.values()) {
      if (step.kind !== 'do' || !runs(step, database, name) || step.undo === undefined) continue;
      const what = findings.find((one) => one.undo === 'gone');
      problems.error(
        'irreversible-migration',
        span,
        `${name} takes away what no undo brings back (${[what?.family, what?.object].filter(Boolean).join(' ')})`,
        {
          hint: 'Write "irreversible: <why>" instead of undo, and let people approve it.',
        },
      );
    }
    return problems.found;
  });
}

const runs = (step: DoStep, database: string, file: string): boolean =>
  step.do === 'db.apply' && step.with['database'] === database && step.with['file'] === file;
