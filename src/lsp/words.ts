// The words of the language server, by language.
import type { Lang } from '../domain/system.ts';
import { EN, type Words } from './words-en.ts';
import { PT_BR } from './words-pt-br.ts';

export const wordsOf = (lang: Lang): Words => (lang === 'pt-BR' ? PT_BR : EN);
