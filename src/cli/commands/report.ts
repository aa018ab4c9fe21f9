// `belay report`: what a person sees. The trigger may be left out where it is plain which one; otherwise it says what may be typed.
import { BelayError } from '../../domain/errors.ts';
import { nearest } from '../../domain/nearest.ts';
import type { Reportable } from '../../domain/reportable.ts';
import type { Lang } from '../../domain/system.ts';
import { formatDuration } from '../../domain/time-text.ts';
import type { Run } from '../context.ts';
import { textOption } from '../context.ts';
import type { Look } from '../output.ts';
import { reportableText, reportWords } from '../report-text.ts';
import { clean } from '../text-layout.ts';

type Page = Look & { readonly lang: Lang };

interface Reported {
  readonly people: readonly string[];
  readonly withinMs: number;
  readonly enough: boolean;
}

export const run: Run = async (context, typed) => {
  const { out, lang, reach } = context;
  const page = { ...out, width: out.width, lang };
  const org = textOption(typed, 'org');
  const client = await reach();
  const all = await client.get<{ reportable: readonly Reportable[] }>('/v1/reportable');
  if (typed.rest.length === 0) {
    out.data(all, () => reportableText(all.reportable, page));
    return undefined;
  }
  const { trigger, text } = meant(page, all.reportable, typed.rest, org);
  const answer = await client.post<Reported>('/v1/reports', { trigger, text, ...(org === undefined ? {} : { org }) });
  const words = reportWords(lang);
  out.data(answer, () => words.recorded(clean(trigger), answer.people.length, formatDuration(answer.withinMs, lang)));
  out.say(answer.enough ? words.enough : words.one);
  return undefined;
};

/** @throws BELAY_USAGE where it is not plain which trigger is meant: nothing is guessed at night */
function meant(
  page: Page,
  all: readonly Reportable[],
  [first = '', ...more]: readonly string[],
  org: string | undefined,
): { readonly trigger: string; readonly text: string } {
  const ids = all.map((one) => one.trigger);
  const words = reportWords(page.lang);
  if (ids.includes(first)) return { trigger: first, text: more.length === 0 ? words.yes : more.join(' ') };
  const near = nearest(first, ids);
  if (near !== null) throw new BelayError('BELAY_USAGE', words.unknown(first), { hint: words.didYouMean(near) });
  const fitting = all.filter((one) => one.perOrg === (org !== undefined));
  const [only] = fitting;
  if (only !== undefined && fitting.length === 1) return { trigger: only.trigger, text: [first, ...more].join(' ') };
  throw new BelayError('BELAY_USAGE', all.length === 0 ? words.nothing : words.which, { hint: reportableText(all, page) });
}
