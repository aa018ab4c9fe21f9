// `belay shadow mark`: a person says, afterwards, whether what a trigger in shadow would have done was right.
import { BelayError } from '../../domain/errors.ts';
import type { ShadowMark } from '../../domain/shadow.ts';
import { shadowWords } from '../../domain/text/shadow-texts.ts';
import type { Run } from '../context.ts';
import { isSet, textOption } from '../context.ts';
import { clean } from '../text-layout.ts';

const EXAMPLE = 'Type: belay shadow mark EPISODE --false --why "deploy of billing", or --right --why "it was an outage"';

export const run: Run = async ({ out, lang, reach }, typed) => {
  const episode = typed.args[0] ?? '';
  const why = textOption(typed, 'why');
  if (isSet(typed, 'right') === isSet(typed, 'false'))
    throw new BelayError('BELAY_USAGE', 'An episode was right (--right) or false (--false): say one of them.', { hint: EXAMPLE });
  if (why === undefined || why.trim() === '')
    throw new BelayError('BELAY_USAGE', 'A mark needs a reason (--why), for those who read the report.', { hint: EXAMPLE });
  const verdict = isSet(typed, 'right') ? 'right' : 'false';
  const answer = await (await reach()).post<{ mark: ShadowMark }>('/v1/shadow/marks', { episode, verdict, why });
  out.data(answer, () => shadowWords(lang).stored(answer.mark.verdict, clean(answer.mark.episode)));
  return undefined;
};
