// `belay lint`: every problem of a folder of configuration at once, each with its place. Problems are the data of this command.
import { readFileSync, statSync } from 'node:fs';
import { basename, dirname, relative, resolve } from 'node:path';
import { diagnosticsJson, renderDiagnostics } from '../../config/diagnostics.ts';
import { loadAndLint } from '../../config/lint.ts';
import { lintSql } from '../../config/lint-sql.ts';
import { compileRunbook } from '../../config/runbook.ts';
import type { Diagnostic } from '../../domain/diagnostic.ts';
import { sortDiagnostics } from '../../domain/diagnostic.ts';
import type { ExitCode } from '../../domain/errors.ts';
import { BelayError, EXIT } from '../../domain/errors.ts';
import type { Context, Run } from '../context.ts';

interface Found {
  readonly diagnostics: readonly Diagnostic[];
  readonly looked: readonly string[];
}

export const run: Run = async (context, typed): Promise<ExitCode> => {
  const { out, configDir } = context;
  const asked = typed.rest.length === 0 ? [configDir] : typed.rest.map((file) => resolve(file));
  const found: Found[] = [];
  for (const path of asked) found.push(await lookAt(context, path));
  const diagnostics = sortDiagnostics(found.flatMap((one) => one.diagnostics)).map((one) => ({ ...one, file: shown(one.file) }));
  const result = diagnosticsJson(diagnostics);
  const { red, yellow, bold, dim } = out.colour;
  out.data(result, () => renderDiagnostics(diagnostics, { linesOf, paint: { error: red, warning: yellow, place: bold, faint: dim } }));
  if (diagnostics.length === 0)
    out.say(`No problems. Looked at ${[...new Set(found.flatMap((one) => one.looked))].map(shown).join(', ')}.`);
  return result.ok ? EXIT.ok : EXIT.usage;
};

const shown = (file: string): string => {
  const short = relative(process.cwd(), file);
  return short === '' ? '.' : short.startsWith('..') ? file : short;
};

async function lookAt({ wiring }: Context, path: string): Promise<Found> {
  const kind = statSync(path, { throwIfNoEntry: false });
  if (kind === undefined)
    throw new BelayError('BELAY_NOT_FOUND', `There is no ${shown(path)}.`, {
      hint: 'Name belay.yaml, its folder, or a runbook. To write a first one: belay init',
    });
  const folder = kind.isDirectory() ? path : folderOf(path);
  // A runbook on its own has no system to be compared with: its form is all that can be judged.
  if (statSync(resolve(folder, 'belay.yaml'), { throwIfNoEntry: false }) === undefined && /\.runbook\.md$/i.test(path)) {
    return { diagnostics: compileRunbook(readFileSync(path, 'utf8'), path).diagnostics, looked: [path] };
  }
  const loaded = loadAndLint(folder, { ...(await wiring.lintTools()), env: wiring.env });
  const sql = wiring.sqlParser === undefined ? [] : await lintSql(loaded, wiring.sqlParser);
  const all = [...loaded.diagnostics, ...sql];
  const mine = kind.isDirectory() || basename(path) === 'belay.yaml' ? all : all.filter((one) => resolve(one.file) === path);
  const runbooks = Object.values(loaded.runbooks).map((one) => one.file);
  return {
    diagnostics: mine,
    looked: kind.isDirectory() || basename(path) === 'belay.yaml' ? [resolve(folder, 'belay.yaml'), ...runbooks] : [path],
  };
}

/** The folder of belay.yaml that a file belongs to. */
function folderOf(file: string): string {
  const folder = dirname(file);
  return /^(runbooks|templates)$/.test(basename(folder)) ? dirname(folder) : folder;
}

function linesOf(file: string): readonly string[] | null {
  try {
    return readFileSync(resolve(file), 'utf8').split('\n');
  } catch {
    // The file itself is the problem that is being shown.
    return null;
  }
}
