// `belay contingencies`: the temporary measures of all incidents, what is overdue first.
import type { LedgerRow } from '../../domain/contingency-ledger.ts';
import type { Run } from '../context.ts';
import { isSet } from '../context.ts';
import { ledgerText } from '../measures-text.ts';
import { clean } from '../text-layout.ts';

export const run: Run = async ({ out, lang, reach }, typed) => {
  const query = isSet(typed, 'all') ? '?all=true' : '';
  const answer = await (await reach()).get<{ contingencies: readonly LedgerRow[] }>(`/v1/contingencies${query}`);
  out.data(answer, () => ledgerText(clean(answer.contingencies), Date.now(), { ...out, width: out.width, lang }));
  return undefined;
};
