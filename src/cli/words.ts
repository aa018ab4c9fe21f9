// The words of the terminal in the reader's language.
import type { Reason } from '../domain/incident-view-action.ts';
import type { Lang } from '../domain/system.ts';
import { en, reasonsEn } from './words-en.ts';
import { ptBr, reasonsPtBr } from './words-pt-br.ts';

export type Words = Readonly<Record<keyof typeof en, string>>;

export function wordsOf(lang: Lang): Words {
  return lang === 'en' ? en : ptBr;
}

export function reasonText(reason: Reason, lang: Lang): string {
  return (lang === 'en' ? reasonsEn : reasonsPtBr)[reason.key](reason.facts);
}
