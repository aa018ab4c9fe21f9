// `belay evidence verify`: proves offline that nothing in an evidence file was changed. It needs no server and no configuration.
import { readFileSync } from 'node:fs';
import type { ExitCode } from '../../domain/errors.ts';
import { BelayError, EXIT } from '../../domain/errors.ts';
import type { EvidenceVerdict } from '../../domain/evidence.ts';
import { verifyEvidence } from '../../domain/evidence.ts';
import type { Run } from '../context.ts';
import { textOption } from '../context.ts';
import type { Output } from '../output.ts';
import { clean, wrap } from '../text-layout.ts';

const SHOWN = 20;
const STDIN = 0;

export const run: Run = async ({ out, wiring }, typed): Promise<ExitCode> => {
  const file = typed.args[0] ?? '';
  const head = textOption(typed, 'head')?.toLowerCase();
  if (head !== undefined && !/^[0-9a-f]{64}$/.test(head))
    throw new BelayError('BELAY_USAGE', '--head is the 64 characters of a hash.', {
      hint: 'It stands in the message that told that the incident was resolved.',
    });
  const verdict = verifyEvidence(read(file), await wiring.digest(), head === undefined ? {} : { head });
  out.data(verdict, () => verdictText(file, clean(verdict), head !== undefined, out));
  return verdict.ok ? EXIT.ok : EXIT.verification;
};

function read(file: string): string {
  try {
    return readFileSync(file === '-' ? STDIN : file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new BelayError('BELAY_NOT_FOUND', `There is no file ${file}.`, {
      hint: 'Make one with: belay evidence export INC-1 --out INC-1.evidence.json',
      cause: error,
    });
  }
}

function verdictText(file: string, verdict: EvidenceVerdict, anchored: boolean, out: Output): string {
  const { colour, marks, width } = out;
  if (verdict.ok) {
    const anchor = anchored
      ? 'The log contains the head that you named.'
      : 'Compare the head with the one in the resolve message, or give it: --head HASH';
    const gaps =
      verdict.absent.length === 0 ? [] : [`Not in the file, by its own word: ${verdict.absent.map((hash) => hash.slice(0, 8)).join(', ')}`];
    return [
      `${colour.green(marks.done)} ${file}: ${verdict.incident ?? ''}, ${verdict.events} events, nothing was changed.`,
      `  head ${verdict.head ?? ''}`,
      ...[...gaps, anchor].map((line) => `  ${line}`),
    ].join('\n');
  }
  const problems = verdict.problems
    .slice(0, SHOWN)
    .flatMap((one) =>
      wrap(`${one.detail}  [${one.fault}]`, width - 4).map((line, at) => `${at === 0 ? `  ${colour.red(marks.failed)} ` : '    '}${line}`),
    );
  const more = verdict.problems.length > SHOWN ? [`  +${verdict.problems.length - SHOWN}; all of them: --json`] : [];
  return [
    colour.red(
      `${marks.failed} ${file} does not hold: ${verdict.problems.length} ${verdict.problems.length === 1 ? 'problem' : 'problems'}.`,
    ),
    ...problems,
    ...more,
  ].join('\n');
}
