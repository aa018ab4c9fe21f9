// `belay shadow`: what triggers in shadow would have done, and how right that was.
import { BelayError } from '../../domain/errors.ts';
import { DURATION_FORM, parseDuration } from '../../domain/units.ts';
import type { Run, Typed } from '../context.ts';
import { textOption } from '../context.ts';
import { type ShownShadow, shadowText } from '../shadow-text.ts';
import { clean } from '../text-layout.ts';

/** Episodes that are asked for. */
const MOST = '2000';

export const run: Run = async ({ out, lang, reach }, typed) => {
  const query = new URLSearchParams({ since: String(Date.now() - lengthOf(typed)), limit: MOST });
  const [trigger] = typed.args;
  if (trigger !== undefined) query.set('trigger', trigger);
  const report = await (await reach()).get<ShownShadow>(`/v1/shadow?${query.toString()}`);
  out.data(report, () => shadowText(clean(report), { ...out, width: out.width, lang }));
  return undefined;
};

function lengthOf(typed: Typed): number {
  const text = textOption(typed, 'since') ?? '30d';
  const parsed = parseDuration(text.replace(/^-/, ''));
  if (parsed.ok && parsed.value > 0) return parsed.value;
  throw new BelayError('BELAY_USAGE', `--since "${text}" is no span of time.`, { hint: `Type --since 30d (${DURATION_FORM}).` });
}
