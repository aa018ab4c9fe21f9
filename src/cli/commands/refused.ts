// `belay refused`: why nothing arrives from a sender. It shows what the door kept, and judges nothing.
import type { Refusal } from '../../domain/refusal.ts';
import type { Run } from '../context.ts';
import { isSet } from '../context.ts';
import { utcMinute } from '../silence-text.ts';
import { clean, wrap } from '../text-layout.ts';

export const run: Run = async ({ out, reach }, typed) => {
  const [source] = typed.args;
  const query = source === undefined ? '' : `?source=${encodeURIComponent(source)}`;
  const answer = await (await reach()).get<{ refused: readonly Refusal[] }>(`/v1/refused${query}`);
  out.data(answer, () => {
    if (answer.refused.length === 0) return 'Nothing was refused within the last 7 days.';
    return clean(answer.refused)
      .map((one) => lines(one, out.width, isSet(typed, 'body')).join('\n'))
      .join('\n\n');
  });
  return undefined;
};

function lines(one: Refusal, width: number, withBody: boolean): readonly string[] {
  const more = one.more === 0 ? '' : `, and ${one.more} more like it`;
  const size = one.bytes === null ? 'not read' : `${one.bytes} bytes`;
  const body = one.body ?? (one.bytes === null ? '(refused before it was read)' : '(no text)');
  return [
    `${utcMinute(one.at)}  ${one.source}  ${one.status}  ${one.method} /in/${one.source}${one.path}  ${size}${more}`,
    ...wrap(one.reason, width - 2).map((line) => `  ${line}`),
    ...(withBody ? body.split('\n').map((line) => `  | ${line}`) : []),
  ];
}
