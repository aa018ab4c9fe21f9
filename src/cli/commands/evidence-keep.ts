// `belay evidence keep`: evidence that no step could capture, given by a person as words or as a file.
import { closeSync, openSync, readSync } from 'node:fs';
import { BelayError } from '../../domain/errors.ts';
import type { Incident } from '../../domain/incident.ts';
import type { Run } from '../context.ts';
import { incidentArg, textOption } from '../context.ts';

const MOST_BYTES = 65_536;
const STDIN = 0;

export const run: Run = async ({ out, reach }, typed) => {
  const [id, evidence] = [incidentArg(typed.args[0]), typed.args[1] ?? ''];
  const file = textOption(typed, 'file');
  const text = file === undefined ? typed.rest.join(' ') : read(file);
  if (text.trim() === '')
    throw new BelayError('BELAY_USAGE', 'There is nothing to keep.', {
      hint: `Type: belay evidence keep ${id} ${evidence} <text>, or --file <file>`,
    });
  const client = await reach();
  const answer = await client.post<{ incident: Incident }>(`/v1/incidents/${id}/evidence/${encodeURIComponent(evidence)}`, { text });
  out.data(answer, () => `${evidence} is kept in ${answer.incident.id}, as event ${answer.incident.seq}.`);
  return undefined;
};

/** All of it or nothing: half of a record would look like the whole. */
function read(file: string): string {
  const buffer = Buffer.alloc(MOST_BYTES + 1);
  const from = file === '-' ? STDIN : opened(file);
  let size = 0;
  try {
    for (let got = -1; got !== 0 && size < buffer.length; size += got) got = readSync(from, buffer, size, buffer.length - size, null);
  } finally {
    if (from !== STDIN) closeSync(from);
  }
  if (size > MOST_BYTES)
    throw new BelayError('BELAY_INPUT_INVALID', `${file} has more than ${MOST_BYTES} bytes, and nothing was kept.`, {
      hint: 'Keep the lines that matter, and where the whole stands.',
    });
  return buffer.toString('utf8', 0, size);
}

function opened(file: string): number {
  try {
    return openSync(file, 'r');
  } catch (error) {
    throw new BelayError('BELAY_NOT_FOUND', `${file} cannot be read.`, { hint: 'Name a file that you may read.', cause: error });
  }
}
