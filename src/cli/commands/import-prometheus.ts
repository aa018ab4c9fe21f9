// `belay import prometheus`: rule files as a part of belay.yaml. The part is the data; what became of each rule is told beside it.
import { readFileSync } from 'node:fs';
import { BelayError } from '../../domain/errors.ts';
import type { ImportedRule } from '../../ports/rule-files.ts';
import type { Context, Run } from '../context.ts';
import { textOption } from '../context.ts';
import { writeNew } from '../new-file.ts';
import { clean, table } from '../text-layout.ts';
import { type Words, wordsOf } from '../words.ts';

export const run: Run = async ({ out, wiring, lang }, typed) => {
  const words = wordsOf(lang);
  const files = typed.rest.map((name) => ({ name, text: textOf(name) }));
  const { importRules } = await wiring.ruleFiles();
  const { fragment, rules } = importRules(files, (what) => words[`rule.${what}`]);
  const file = textOption(typed, 'out');
  if (file !== undefined) writeNew(file, fragment);
  out.data({ ok: true, file: file ?? null, fragment, rules }, () => (file === undefined ? fragment : file));
  out.say(rules.length === 0 ? words.ruleNothing : report(rules, words, out));
  return undefined;
};

function textOf(name: string): string {
  try {
    return readFileSync(name, 'utf8');
  } catch (error) {
    throw new BelayError('BELAY_NOT_FOUND', `${name} cannot be read: ${(error as Error).message}.`, {
      hint: 'Name the rule files: belay import prometheus rules.yml',
      cause: error,
    });
  }
}

function report(rules: readonly ImportedRule[], words: Words, { width }: Pick<Context['out'], 'width'>): string {
  const became = { trigger: words.ruleBecameTrigger, polled: words.ruleBecamePolled, foreign: words.ruleBecameForeign };
  const rows = rules.map((one) => [clean(one.rule), became[one.became], one.triggers.join(', ')]);
  const looks = rules.flatMap((one) =>
    [...(one.why === null ? [] : [one.why]), ...one.notes].map((what) => `${clean(one.rule)}: ${words[`rule.${what}`]}`),
  );
  return [
    words.ruleTable.toUpperCase(),
    ...table(rows, width),
    ...(looks.length === 0 ? [] : ['', words.ruleLook, ...looks]),
    '',
    words.ruleWritten,
  ].join('\n');
}
