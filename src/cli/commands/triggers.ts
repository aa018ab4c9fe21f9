// `belay triggers`: where every trigger stands, worst first; with one named, how it stands and why.
import { BelayError } from '../../domain/errors.ts';
import type { Explanation } from '../../domain/explanation.ts';
import { SHOWN_STATES, type TriggerRow, type TriggerSummary } from '../../domain/trigger-list.ts';
import type { Context, Run } from '../context.ts';
import { textOption } from '../context.ts';
import { clean } from '../text-layout.ts';
import { type ListedTriggers, triggersText, triggerText } from '../triggers-text.ts';

const SHOWN = 20;

export const run: Run = async (context, typed) => {
  const [trigger] = typed.args;
  const o = {
    org: textOption(typed, 'org'),
    state: stateOption(textOption(typed, 'state')),
    limit: limitOption(textOption(typed, 'limit')),
  };
  if (trigger !== undefined && o.state === undefined) await showOne(context, trigger, o.org);
  else await showList(context, { trigger, ...o });
  return undefined;
};

async function showList({ out, lang, reach }: Context, o: Readonly<Record<string, string | undefined>>): Promise<void> {
  const client = await reach();
  const list = await client.get<ListedTriggers>(`/v1/triggers?${queryOf(o)}`);
  out.data(list, () => triggersText(clean(list), { ...out, width: out.width, lang }));
}

async function showOne({ out, lang, reach }: Context, trigger: string, org: string | undefined): Promise<void> {
  const client = await reach();
  const one = await client.get<{ now: number; summary: TriggerSummary; row: TriggerRow | null }>(
    `/v1/triggers/${encodeURIComponent(trigger)}?${queryOf({ org })}`,
  );
  const explained = await client.get<{
    explanations: readonly Explanation[];
    zone: string;
    organizations: readonly { readonly id: string; readonly name: string }[];
  }>(`/v1/explanations?${queryOf({ of: trigger, org: one.row?.scope })}`);
  const shown = clean(explained);
  const nameOf = (scope: string): string => shown.organizations.find((known) => known.id === scope)?.name ?? scope;
  out.data({ ...one, explanations: explained.explanations }, () =>
    triggerText(clean(one), { ...shown, nameOf }, { ...out, width: out.width, lang }),
  );
}

const queryOf = (o: Readonly<Record<string, string | undefined>>): string =>
  new URLSearchParams(
    Object.entries(o).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as [string, string]])),
  ).toString();

function stateOption(text: string | undefined): string | undefined {
  if (text === undefined || SHOWN_STATES.some((state) => state === text)) return text;
  throw new BelayError('BELAY_USAGE', `--state is one of ${SHOWN_STATES.join(', ')}, not "${text}".`, {
    hint: 'belay triggers --state breached',
  });
}

function limitOption(text: string | undefined): string {
  if (text === undefined) return String(SHOWN);
  if (/^\d{1,4}$/.test(text) && Number(text) >= 1 && Number(text) <= 1_000) return text;
  throw new BelayError('BELAY_USAGE', `--limit is a number from 1 to 1000, not "${text}".`, { hint: 'belay triggers --limit 100' });
}
