// Which language a reader gets, and its words.
import type { Reason } from '../domain/incident-view-action.ts';
import type { Lang } from '../domain/system.ts';
import { en, reasonsEn } from './words-en.ts';
import { ptBr, reasonsPtBr } from './words-pt-br.ts';

export type Words = Readonly<Record<keyof typeof en, string>>;
export const WORDS: Readonly<Record<Lang, Words>> = { en, 'pt-BR': ptBr };

export function reasonText(reason: Reason, lang: Lang): string {
  return (lang === 'en' ? reasonsEn : reasonsPtBr)[reason.key](reason.facts);
}

/** `?lang`, then the cookie, then what the browser prefers, then the system's own language. */
export function chooseLang(o: {
  readonly query: string | undefined;
  readonly cookie: string | undefined;
  readonly accept: string | undefined;
  readonly fallback: Lang;
}): Lang {
  return langOf(o.query) ?? langOf(o.cookie) ?? preferred(o.accept ?? '') ?? o.fallback;
}

export function langOf(text: string | undefined): Lang | undefined {
  if (text === undefined) return undefined;
  if (/^pt\b/i.test(text)) return 'pt-BR';
  return /^en\b/i.test(text) ? 'en' : undefined;
}

function preferred(accept: string): Lang | undefined {
  const ranked = accept
    .split(',')
    .map((part) => ({ lang: langOf(part.trim()), quality: Number(/;\s*q=([\d.]+)/.exec(part)?.[1] ?? 1) }))
    .sort((a, b) => b.quality - a.quality);
  return ranked.find((one) => one.lang !== undefined)?.lang;
}
