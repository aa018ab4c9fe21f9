// What a step says that found nothing to do, in both languages. It knows what was looked for, not who carries it.
import type { JsonObject } from '../json.ts';
import type { Moot } from '../plan.ts';
import type { Lang } from '../system.ts';

const SAY: Readonly<Record<Lang, Readonly<Record<Moot['what'], (on: string) => string>>>> = {
  en: { 'not-held': (on) => `nothing was held on ${on}`, 'none-aside': (on) => `nothing was set aside on ${on}` },
  'pt-BR': { 'not-held': (on) => `nada estava retido em ${on}`, 'none-aside': (on) => `nada estava posto de lado em ${on}` },
};

/** Of the detail of a step; '' where it says none. */
export function mootText({ moot }: JsonObject, lang: Lang): string {
  const { what, on } = typeof moot === 'object' && moot !== null ? (moot as JsonObject) : {};
  return (what === 'not-held' || what === 'none-aside') && typeof on === 'string' ? SAY[lang][what](on) : '';
}

/** In brackets, behind the word of a step. */
export function mootAside(detail: JsonObject, lang: Lang): string {
  const text = mootText(detail, lang);
  return text === '' ? '' : ` (${text})`;
}
