// `belay import FILE.md`: any Markdown document as a runbook of level 1, and what became of each part of it.
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Found } from '../../config/import/found.ts';
import { type ImportAnswer, importRunbook } from '../../config/import/import-runbook.ts';
import { BelayError } from '../../domain/errors.ts';
import type { Context, Run } from '../context.ts';
import { textOption } from '../context.ts';
import { type ImportWords, importWordsOf } from '../import-words.ts';
import { writeNew } from '../new-file.ts';
import { clean, cut, table } from '../text-layout.ts';

export const run: Run = async ({ out, lang }, typed) => {
  const words = importWordsOf(lang);
  const [name] = typed.args;
  if (name === undefined)
    throw new BelayError('BELAY_USAGE', 'The command import needs a file.', {
      hint: 'Type: belay import PROCEDURE.md --out runbooks/procedure.runbook.md, or belay import prometheus rules.yml',
    });
  const answer = importRunbook(textOf(name), name);
  if (!answer.ok) throw refusal(name, answer.why);
  const { runbook } = answer;
  const file = textOption(typed, 'out');
  if (file !== undefined) writeNew(file, runbook.markdown);
  const { id, title, steps, found, markdown } = runbook;
  out.data({ ok: true, file: file ?? null, id, title, steps, counts: countsOf(found), found, markdown }, () => file ?? markdown);
  out.say(report(runbook.found, steps, words, { width: out.width, file }));
  return undefined;
};

const MOST_BYTES = 4 * 1024 * 1024;

function textOf(name: string): string {
  try {
    if (statSync(resolve(name)).size > MOST_BYTES) throw new BelayError('BELAY_USAGE', `${name} is larger than 4 MiB.`, { hint: SMALLER });
    return readFileSync(resolve(name), 'utf8');
  } catch (error) {
    if (BelayError.is(error)) throw error;
    throw new BelayError('BELAY_NOT_FOUND', `${name} cannot be read: ${(error as Error).message}.`, {
      hint: 'Name a Markdown file: belay import PROCEDURE.md',
      cause: error,
    });
  }
}

const SMALLER = 'Cut it into documents of one procedure each.';

function refusal(name: string, why: Exclude<ImportAnswer, { ok: true }>['why']): BelayError {
  switch (why) {
    case 'too-large':
      return new BelayError('BELAY_USAGE', `${name} is too large for a runbook.`, { hint: SMALLER });
    case 'too-nested':
      return new BelayError('BELAY_USAGE', `${name} has lists or quotes inside one another, too deep to be read.`, { hint: SMALLER });
    case 'runbook-already':
      return new BelayError('BELAY_USAGE', `${name} is a runbook of Belay already.`, { hint: `Look at it: belay lint ${name}` });
    case 'empty':
      return new BelayError('BELAY_USAGE', `${name} is empty.`, { hint: 'Name a Markdown file with a procedure in it.' });
  }
}

function countsOf(found: readonly Found[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { kind } of found) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

const MOST_OF_A_NAME = 22;

function report(
  found: readonly Found[],
  steps: number,
  words: ImportWords,
  { width, file }: { readonly width: Context['out']['width']; readonly file: string | undefined },
): string {
  const rows = found
    .filter((one) => one.kind !== 'phase' || one.needs !== null)
    .map((one) => [
      String(one.line),
      words[`import.kind.${one.kind}`],
      words[`import.became.${one.became}`],
      // Names made of headings are long; what the document says is what people look for.
      cut(clean(one.where ?? ''), MOST_OF_A_NAME),
      cut(clean(one.text), 60),
    ]);
  const human = found.filter((one) => one.needs !== null);
  const asks = [...new Set(human.map((one) => one.needs))].flatMap((need) => {
    if (need === null) return [];
    const lines = human.filter((one) => one.needs === need).map((one) => one.line);
    const where = [...new Set(lines)].slice(0, 12).join(', ');
    return [`  ${words[`import.need.${need}`]} (${words.importLines} ${where}${lines.length > 12 ? ', …' : ''})`];
  });
  const traps = human.flatMap((one) =>
    one.trap === null ? [] : [`  ${one.line}: ${clean(one.trap.message)} [${one.trap.rule}]`, `     ${clean(one.trap.hint)}`],
  );
  return [
    words.importTable.toUpperCase(),
    ...table([[words.importLine, words.importKind, words.importBecame, words.importWhere, words.importText], ...rows], width),
    ...(traps.length === 0 ? [] : ['', words.importTraps.toUpperCase(), ...traps]),
    ...(asks.length === 0 ? [] : ['', words.importNeeds.toUpperCase(), ...asks]),
    '',
    `${words.importSteps}: ${steps}. ${file === undefined ? words.importNext : `${words.importNextFile} belay lint ${file}`}`,
  ].join('\n');
}
