// The words of the screen of backtests by language.
import type { Lang } from '../domain/system.ts';
import { type BacktestWords, backtestEn } from './backtest-words-en.ts';
import { backtestPtBr } from './backtest-words-pt-br.ts';

export const BACKTEST_WORDS: Readonly<Record<Lang, BacktestWords>> = { en: backtestEn, 'pt-BR': backtestPtBr };
