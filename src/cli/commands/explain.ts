// `belay explain`: why a trigger fired, or why it did not, in plain sentences.
import { BelayError } from '../../domain/errors.ts';
import type { Explanation } from '../../domain/explanation.ts';
import { explanationLines } from '../../domain/text/explanations.ts';
import type { Run } from '../context.ts';
import { textOption } from '../context.ts';
import { clean } from '../text-layout.ts';

interface Answer {
  readonly explanations: readonly Explanation[];
  readonly zone: string;
  readonly organizations: readonly { readonly id: string; readonly name: string }[];
}

export const run: Run = async ({ out, lang, reach }, typed) => {
  const what = typed.args[0] ?? '';
  const org = textOption(typed, 'org');
  const client = await reach();
  const query = new URLSearchParams({ of: /^\d+$/.test(what) ? `INC-${what}` : what, ...(org === undefined ? {} : { org }) });
  const answer = await client.get<Answer>(`/v1/explanations?${query.toString()}`);
  if (answer.explanations.length === 0) {
    throw new BelayError(
      'BELAY_NOT_FOUND',
      `${what} has nothing to explain${org === undefined ? '' : ` for ${org}`}: nothing was seen of it.`,
      {
        hint: 'See which triggers there are: belay status',
      },
    );
  }
  const shown = clean(answer);
  const nameOf = (scope: string): string => shown.organizations.find((one) => one.id === scope)?.name ?? scope;
  out.data(answer, () =>
    shown.explanations.map((one) => `${explanationLines(one, { lang, zone: shown.zone, nameOf }).join('\n')}\n`).join('\n'),
  );
  return undefined;
};
