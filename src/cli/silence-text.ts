// Silences as text: one block each, for `belay silence` and for the status while one holds. Instants are UTC, as --from takes them.
import type { Instant } from '../domain/json.ts';
import { endOf, holds, type Silence } from '../domain/silence.ts';
import type { Lang } from '../domain/system.ts';
import { countdown } from './clock-text.ts';
import { joined } from './incident-page.ts';
import type { Look } from './output.ts';
import { wrap } from './text-layout.ts';
import { type Words, wordsOf } from './words.ts';

type Page = Look & { readonly lang: Lang };

/** `2026-12-01 02:00 UTC`. */
export const utcMinute = (at: Instant): string => `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;

export function silenceText(silences: readonly Silence[], now: Instant, page: Page): string {
  const words = wordsOf(page.lang);
  if (silences.length === 0) return words.noSilence;
  return silences.map((one) => silenceLines(one, now, page, words).join('\n')).join('\n\n');
}

export function silenceLines(silence: Silence, now: Instant, { colour, marks, width }: Page, words: Words): readonly string[] {
  const end = endOf(silence);
  const when = holds(silence, now)
    ? `${countdown(end - now)} ${words.left}, ${words.until} ${utcMinute(end)}`
    : `${words.comes}: ${utcMinute(silence.from)} ${marks.arrow} ${utcMinute(end)}`;
  const facts = [silence.trigger ?? words.allTriggers, silence.org ?? words.allOrgs, when];
  const [first = '', ...more] = joined(facts, ` ${marks.dot} `, width - silence.id.length - words.silence.length - 3);
  return [
    `${colour.yellow(colour.bold(words.silence))} ${silence.id}  ${first}`,
    ...more.map((line) => `    ${line}`),
    ...wrap(`${silence.by}: ${silence.reason}`, width - 4).map((line) => `    ${line}`),
  ];
}
