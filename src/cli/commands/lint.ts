// `belay lint`: every problem of a folder of configuration at once, each with its place. Problems are the data of this command.
import { readFileSync, statSync } from 'node:fs';
import { basename, dirname, relative, resolve } from 'node:path';
import { diagnosticsJson, renderDiagnostics } from '../../config/diagnostics.ts';
import { standingOf, type Want } from '../../config/levels.ts';
import { lintAlone, loadAndLint } from '../../config/lint.ts';
import { lintSql } from '../../config/lint-sql.ts';
import { lintLock } from '../../config/lock-file.ts';
import { compileRunbook } from '../../config/runbook.ts';
import type { Diagnostic } from '../../domain/diagnostic.ts';
import { sortDiagnostics } from '../../domain/diagnostic.ts';
import type { ExitCode } from '../../domain/errors.ts';
import { BelayError, EXIT } from '../../domain/errors.ts';
import type { Context, Run, Typed } from '../context.ts';
import { isSet } from '../context.ts';
import { levelWordsOf } from '../level-words.ts';

interface Found {
  readonly diagnostics: readonly Diagnostic[];
  readonly looked: readonly string[];
}

export const run: Run = async (context, typed): Promise<ExitCode> => {
  const { out, configDir } = context;
  if (isSet(typed, 'level')) return levels(context, typed);
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
  // A runbook on its own has no system to be compared with: its form and its words are all that can be judged.
  if (statSync(resolve(folder, 'belay.yaml'), { throwIfNoEntry: false }) === undefined && /\.runbook\.md$/i.test(path)) {
    const { diagnostics, draft } = compileRunbook(readFileSync(path, 'utf8'), path);
    const today = new Date().toISOString().slice(0, 10);
    return { diagnostics: [...diagnostics, ...(draft === null ? [] : lintAlone(draft, { today }))], looked: [path] };
  }
  const loaded = loadAndLint(folder, { ...(await wiring.lintTools()), env: wiring.env });
  const sql = wiring.sqlParser === undefined ? [] : await lintSql(loaded, wiring.sqlParser);
  const all = [...loaded.diagnostics, ...sql];
  const mine = kind.isDirectory() || basename(path) === 'belay.yaml' ? all : all.filter((one) => resolve(one.file) === path);
  const runbooks = Object.values(loaded.runbooks).map((one) => one.file);
  const lock = kind.isDirectory() ? lockOf(folder) : null;
  const locked = lock === null ? [] : lintLock(lock, resolve(folder, LOCK), { runbooks: loaded.runbooks, hashing: await wiring.digest() });
  return {
    diagnostics: [...mine, ...locked],
    looked: kind.isDirectory() || basename(path) === 'belay.yaml' ? [resolve(folder, 'belay.yaml'), ...runbooks] : [path],
  };
}

const LOCK = 'belay.lock';

function lockOf(folder: string): string | null {
  const file = resolve(folder, LOCK);
  return statSync(file, { throwIfNoEntry: false })?.isFile() === true ? readFileSync(file, 'utf8') : null;
}

/** The rung of each runbook, and what the next one wants. */
async function levels({ out, configDir, wiring, lang }: Context, typed: Typed): Promise<ExitCode> {
  const words = levelWordsOf(lang);
  const { drafts, system } = loadAndLint(configDir, { ...(await wiring.lintTools()), env: wiring.env });
  const named = typed.rest.map((file) => resolve(file));
  const alone = named.filter((file) => !drafts.runbooks.some((one) => resolve(one.problems.source.file) === file));
  const more = alone.flatMap((file) => compileRunbook(readFileSync(file, 'utf8'), file).draft ?? []);
  const asked = [...drafts.runbooks, ...more].filter((one) => named.length === 0 || named.includes(resolve(one.problems.source.file)));
  const standings = asked.map((draft) => standingOf(draft, system?.triggers ?? null));
  out.data({ ok: true, levels: standings.map((one) => ({ ...one, file: shown(one.file) })) }, () =>
    standings
      .flatMap(({ runbook, level, wants }) => [
        `${runbook}: ${words.level[level]}`,
        ...(level === 3
          ? [`  ${words.top}`]
          : [`  ${words.next}:`, ...wants.map((want) => `  - ${words.want[want.what]}${detailOf(want)}`)]),
      ])
      .join('\n'),
  );
  return EXIT.ok;
}

function detailOf(want: Want): string {
  const named = 'lines' in want ? want.lines.map(String) : 'steps' in want ? want.steps : 'triggers' in want ? want.triggers : [];
  return named.length === 0 ? '' : `: ${named.slice(0, 20).join(', ')}${named.length > 20 ? ', …' : ''}`;
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
