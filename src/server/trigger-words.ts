// The words of the screens of triggers, by language.
import type { Lang } from '../domain/system.ts';
import { type TriggerWords, triggersEn } from './trigger-words-en.ts';
import { triggersPtBr } from './trigger-words-pt-br.ts';

export const TRIGGER_WORDS: Readonly<Record<Lang, TriggerWords>> = { en: triggersEn, 'pt-BR': triggersPtBr };
