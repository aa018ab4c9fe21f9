// `belay refused`: why nothing arrives from a sender. It shows what the door kept, and judges nothing.
import type { Refusal } from '../../domain/refusal.ts';
import type { Run } from '../context.ts';
import { isSet } from '../context.ts';
import { type SenderWords, senderWords } from '../sender-words.ts';
import { utcMinute } from '../silence-text.ts';
import { clean, wrap } from '../text-layout.ts';

export const run: Run = async ({ out, lang, reach }, typed) => {
  const [source] = typed.args;
  const query = source === undefined ? '' : `?source=${encodeURIComponent(source)}`;
  const answer = await (await reach()).get<{ refused: readonly Refusal[] }>(`/v1/refused${query}`);
  const words = senderWords(lang);
  out.data(answer, () => {
    if (answer.refused.length === 0) return words.nothingRefused;
    return clean(answer.refused)
      .map((one) => lines(one, words, { width: out.width, withBody: isSet(typed, 'body') }).join('\n'))
      .join('\n\n');
  });
  return undefined;
};

interface Look {
  readonly width: number;
  readonly withBody: boolean;
}

function lines(one: Refusal, words: SenderWords, { width, withBody }: Look): readonly string[] {
  const more = one.more === 0 ? '' : words.moreLikeIt(one.more);
  const size = one.bytes === null ? words.notRead : words.size(one.bytes);
  const body = one.body ?? (one.bytes === null ? words.refusedUnread : words.noText);
  return [
    `${utcMinute(one.at)}  ${one.source}  ${one.status}  ${one.method} /in/${one.source}${one.path}  ${size}${more}`,
    ...wrap(one.reason, width - 2).map((line) => `  ${line}`),
    ...(withBody ? body.split('\n').map((line) => `  | ${line}`) : []),
  ];
}
