// `belay lint`: every problem of a folder of configuration at once, each with its place. Problems are the data of this command.
import { readFileSync, statSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { diagnosticsJson, renderDiagnostics } from '../../config/diagnostics.ts';
import { standingOf, type Want } from '../../config/levels.ts';
import { loadAndLint } from '../../config/lint.ts';
import { type Look, lookAt } from '../../config/look.ts';
import { compileRunbook } from '../../config/runbook.ts';
import { MOST_FINDINGS, sarifOf } from '../../config/sarif.ts';
import { sortDiagnostics } from '../../domain/diagnostic.ts';
import type { ExitCode } from '../../domain/errors.ts';
import { BelayError, EXIT } from '../../domain/errors.ts';
import type { Context, Run, Typed } from '../context.ts';
import { isSet, textOption } from '../context.ts';
import { levelWordsOf } from '../level-words.ts';

export const run: Run = async (context, typed): Promise<ExitCode> => {
  const { out, configDir } = context;
  const format = textOption(typed, 'format');
  if (format !== undefined && (format !== 'sarif' || isSet(typed, 'level') || out.json))
    throw new BelayError('BELAY_USAGE', `--format is sarif, and goes with neither --level nor --json.`, {
      hint: 'belay lint --format sarif > belay.sarif',
    });
  if (isSet(typed, 'level')) return levels(context, typed);
  const asked = typed.rest.length === 0 ? [configDir] : typed.rest.map((file) => resolve(file));
  const found: Look[] = [];
  for (const path of asked) found.push(await look(context, path));
  const diagnostics = sortDiagnostics(found.flatMap((one) => one.diagnostics)).map((one) => ({ ...one, file: shown(one.file) }));
  const result = diagnosticsJson(diagnostics);
  const { red, yellow, bold, dim } = out.colour;
  if (format === 'sarif') {
    out.raw(`${JSON.stringify(sarifOf(diagnostics, context.wiring.version))}\n`);
    if (diagnostics.length > MOST_FINDINGS) out.say(`Only the first ${MOST_FINDINGS} of ${diagnostics.length} findings are in it.`);
    return result.ok ? EXIT.ok : EXIT.usage;
  }
  out.data(result, () => renderDiagnostics(diagnostics, { linesOf, paint: { error: red, warning: yellow, place: bold, faint: dim } }));
  if (diagnostics.length === 0)
    out.say(`No problems. Looked at ${[...new Set(found.flatMap((one) => one.looked))].map(shown).join(', ')}.`);
  return result.ok ? EXIT.ok : EXIT.usage;
};

const shown = (file: string): string => {
  const short = relative(process.cwd(), file);
  return short === '' ? '.' : short.startsWith('..') ? file : short;
};

async function look({ wiring }: Context, path: string): Promise<Look> {
  if (statSync(path, { throwIfNoEntry: false }) === undefined)
    throw new BelayError('BELAY_NOT_FOUND', `There is no ${shown(path)}.`, {
      hint: 'Name belay.yaml, its folder, or a runbook. To write a first one: belay init',
    });
  const { env, sqlParser } = wiring;
  return lookAt(path, { tools: await wiring.lintTools(), hashing: await wiring.digest(), env, sqlParser });
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

function linesOf(file: string): readonly string[] | null {
  try {
    return readFileSync(resolve(file), 'utf8').split('\n');
  } catch {
    // The file itself is the problem that is being shown.
    return null;
  }
}
