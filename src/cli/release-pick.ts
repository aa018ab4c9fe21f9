// The releases that could be chosen for an input: a numbered list with what each is, and what was typed as the one that is meant. Nobody who
// is not there is asked.
import { BelayError } from '../domain/errors.ts';
import type { Instant } from '../domain/json.ts';
import { isLossy } from '../domain/rollback-safety.ts';
import type { Lang } from '../domain/system.ts';
import type { ReleaseChoice, ReleaseOffer } from '../flows/release-choice.ts';
import { ask } from './ask.ts';
import { span } from './clock-text.ts';
import type { Context } from './context.ts';
import type { Look } from './output.ts';
import { clean, cut, pad } from './text-layout.ts';
import { type Words, wordsOf } from './words.ts';

type Page = Look & { readonly lang: Lang };

export function choiceText({ input, target, releases }: ReleaseChoice, now: Instant, page: Page): string {
  const words = wordsOf(page.lang);
  const width = Math.min(40, Math.max(0, ...releases.map((one) => one.ref.length)));
  const lines = releases.map((offer, at) => {
    const facts = factsOf(offer, now, { ...page, words });
    return cut(`  ${String(at + 1).padStart(2)}  ${pad(offer.ref, width)}  ${facts.join(` ${page.marks.dot} `)}`, page.width + 40);
  });
  return [`${page.colour.bold(input)}: ${words.releasesOf} ${target}`, ...lines].join('\n');
}

function factsOf(offer: ReleaseOffer, now: Instant, { colour, words }: Page & { readonly words: Words }): readonly string[] {
  const { isLive, stableSince, notRestorable, rolledAway, smoke, verdict, unknown } = offer;
  const safety = verdict === null ? '' : isLossy(verdict) ? colour.red(verdict) : colour.green(verdict);
  return [
    isLive ? colour.bold(words.releaseLive) : '',
    `${span(now - offer.createdAt)} ${words.ago}`,
    stableSince === null ? '' : colour.green(`${words.stableSince} ${span(now - stableSince)}`),
    rolledAway ? colour.red(words.rolledAway) : '',
    smoke === null ? '' : words[`smoke.${smoke}`],
    safety,
    notRestorable === null ? '' : colour.yellow(`${words.notRestorable}: ${notRestorable}`),
    unknown === null ? '' : colour.yellow(unknown),
  ].filter((one) => one !== '');
}

/** By its number in the list or by its name; null: neither. */
export function chosen({ releases }: ReleaseChoice, typed: string): string | null {
  const named = releases.find((one) => one.ref === typed) ?? (/^\d{1,3}$/.test(typed) ? releases[Number(typed) - 1] : undefined);
  return named?.ref ?? null;
}

/** @throws BELAY_INPUT_INVALID where nobody can be asked, or what was typed is none of them */
export async function pickRelease({ out, lang }: Pick<Context, 'out' | 'lang'>, choice: ReleaseChoice): Promise<string> {
  const { input, target } = choice;
  out.say(choiceText(clean(choice), Date.now(), { ...out, width: out.width, lang }));
  const hint = `Write --input ${input}=<release>. The releases: belay releases ${target}`;
  if (!out.interactive) throw new BelayError('BELAY_INPUT_INVALID', `${input} names no release; nothing was started.`, { hint });
  const typed = await ask(`${wordsOf(lang).whichRelease} `);
  const ref = chosen(choice, typed);
  if (ref === null) throw new BelayError('BELAY_INPUT_INVALID', `"${typed}" is none of them; nothing was started.`, { hint });
  return ref;
}
