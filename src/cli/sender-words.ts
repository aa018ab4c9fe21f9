// The words of `belay send` and `belay refused` in the reader's language.
import type { Lang } from '../domain/system.ts';
import { senderEn } from './sender-words-en.ts';
import { senderPtBr } from './sender-words-pt-br.ts';

export type SenderWords = typeof senderEn;

export const senderWords = (lang: Lang): SenderWords => (lang === 'en' ? senderEn : senderPtBr);
