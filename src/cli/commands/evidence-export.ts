// `belay evidence export`: the sealed record of an incident, byte for byte as Belay made it.
import { writeFileSync } from 'node:fs';
import { BelayError } from '../../domain/errors.ts';
import { verifyEvidence } from '../../domain/evidence.ts';
import type { Run } from '../context.ts';
import { incidentArg, textOption } from '../context.ts';

export const run: Run = async ({ out, wiring, reach }, typed) => {
  const id = incidentArg(typed.args[0]);
  const file = textOption(typed, 'out');
  if (file === undefined && process.stdout.isTTY === true) {
    throw new BelayError('BELAY_USAGE', 'The record of an incident is a long file, and stdout is your terminal.', {
      hint: `Type: belay evidence export ${id} --out ${id}.evidence.json`,
    });
  }
  const text = await (await reach()).text(`/v1/incidents/${id}/evidence`);
  // Verified here as anybody would: a record that does not hold must not be handed on in silence.
  const verdict = verifyEvidence(text, await wiring.digest());
  if (file === undefined) out.raw(text);
  else {
    save(file, text);
    out.data({ ok: verdict.ok, incident: id, file, events: verdict.events, head: verdict.head, problems: verdict.problems }, () => file);
  }
  if (!verdict.ok) {
    throw new BelayError('BELAY_EVIDENCE_INVALID', `The record of ${id} does not hold: ${verdict.problems[0]?.detail ?? 'unknown'}.`, {
      hint: 'Keep this file and the data directory as they are. See docs/reference/errors.md',
    });
  }
  out.say(`${verdict.events} events of ${id}, verified. Head: ${verdict.head ?? ''}`);
  return undefined;
};

function save(file: string, text: string): void {
  try {
    writeFileSync(file, text, { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST')
      throw new BelayError('BELAY_USAGE', `${file} is there already and was not touched.`, {
        hint: 'Name another file with --out.',
        cause: error,
      });
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      throw new BelayError('BELAY_USAGE', `The folder of ${file} does not exist.`, {
        hint: 'Make it, or name another file with --out.',
        cause: error,
      });
    throw error;
  }
}
