// Whether a delivery can be kept at all. It is asked before the delivery shares a commit with others: what the store refuses of one sender
// must refuse nothing of another.
import { BelayError } from '../../domain/errors.ts';
import type { Batch } from '../../domain/signal.ts';

/** An id is a key of the store. */
const LONGEST_ID = 400;
/** A character that no text in Postgres can hold. */
const NUL = '\u0000';

/** @throws BELAY_INPUT_INVALID */
export function demandFit({ source, samples }: Batch): void {
  for (const sample of samples) {
    if (sample.kind === 'probe') continue;
    if (sample.kind === 'delta' && sample.id !== undefined && (sample.id.length > LONGEST_ID || sample.id.includes(NUL)))
      throw unfit(source, `an id of more than ${LONGEST_ID} characters, or with U+0000 in it`);
    for (const name in sample.labels) if (sample.labels[name]?.includes(NUL) === true) throw unfit(source, 'a label with U+0000 in it');
  }
}

const unfit = (source: string, what: string): BelayError =>
  new BelayError('BELAY_INPUT_INVALID', `source ${source}: a sample has ${what}`, {
    hint: 'Nothing of this delivery was counted: send it without.',
  });
