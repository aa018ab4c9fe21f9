// Reports of people as text, in both languages: what came of one, and what may be reported. It asks nobody anything.
import type { Reportable } from '../domain/reportable.ts';
import type { Lang } from '../domain/system.ts';
import type { Look } from './output.ts';
import { clean, wrap } from './text-layout.ts';

export interface ReportWords {
  readonly recorded: (trigger: string, people: number, within: string) => string;
  readonly enough: string;
  readonly one: string;
  readonly yes: string;
  readonly may: string;
  readonly confirms: string;
  readonly nothing: string;
  readonly which: string;
  readonly unknown: (typed: string) => string;
  readonly didYouMean: (near: string) => string;
}

const en: ReportWords = {
  recorded: (trigger, people, within) =>
    `Your report to ${trigger} is recorded: ${people === 1 ? 'one person has' : `${people} people have`} said so within ${within}.`,
  enough: 'That is enough to act on. See what comes of it: belay status',
  one: 'Whoever decides is asked; a second person makes it enough to act on. See what comes of it: belay status',
  yes: 'yes',
  may: 'You may report:',
  confirms: 'confirms what was measured',
  nothing: 'There is nothing that you may report: no trigger of belay.yaml asks somebody with your roles.',
  which: 'Nothing was reported: it is not plain which trigger you mean.',
  unknown: (typed) => `Nothing was reported: there is no trigger ${typed}.`,
  didYouMean: (near) => `Did you mean ${near}?`,
};

const ptBr: ReportWords = {
  recorded: (trigger, people, within) =>
    `Seu relato a ${trigger} está registrado: ${people === 1 ? 'uma pessoa disse' : `${people} pessoas disseram`} isso em ${within}.`,
  enough: 'Isso basta para agir. Veja o que resulta: belay status',
  one: 'Quem decide é perguntado; uma segunda pessoa basta para agir. Veja o que resulta: belay status',
  yes: 'sim',
  may: 'Você pode relatar:',
  confirms: 'confirma o que foi medido',
  nothing: 'Não há nada que você possa relatar: nenhum gatilho do belay.yaml pergunta a alguém com seus papéis.',
  which: 'Nada foi relatado: não está claro qual gatilho você quer dizer.',
  unknown: (typed) => `Nada foi relatado: não existe o gatilho ${typed}.`,
  didYouMean: (near) => `Você quis dizer ${near}?`,
};

export const reportWords = (lang: Lang): ReportWords => (lang === 'en' ? en : ptBr);

/** Each trigger with its question and the line to type. */
export function reportableText(all: readonly Reportable[], { colour, width, lang }: Look & { readonly lang: Lang }): string {
  const words = reportWords(lang);
  if (all.length === 0) return words.nothing;
  const lines = clean(all).flatMap((one) => [
    colour.bold(one.trigger),
    ...wrap(`${one.ask}${one.confirms ? ` (${words.confirms})` : ''}`, width - 2).map((line) => `  ${line}`),
    `  belay report ${one.trigger}${one.perOrg ? ' --org ORG' : ''} "…"`,
  ]);
  return [words.may, ...lines].join('\n');
}
