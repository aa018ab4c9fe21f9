// The words of the screens of triggers, by language.
import type { Lang } from '../domain/system.ts';
import { triggersEn } from './trigger-words-en.ts';
import { triggersPtBr } from './trigger-words-pt-br.ts';

export type TriggerWords = Readonly<Record<keyof typeof triggersEn, string>>;
export const TRIGGER_WORDS: Readonly<Record<Lang, TriggerWords>> = { en: triggersEn, 'pt-BR': triggersPtBr };
