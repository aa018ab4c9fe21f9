// The words of a runbook on paper, in its own language.
import type { Lang } from '../domain/system.ts';

const en = {
  internal: 'This runbook is internal. It is not shown outside the organization.',
  version: 'Version',
  reviewed: 'Read last',
  reviewBy: 'to be read again by',
  owner: 'Kept by',
  require: 'Only if',
  never: 'Never if',
  who: 'Who',
  within: 'within',
  takes: 'takes about',
  does: 'Belay does',
  undo: 'taken back by',
  irreversible: 'cannot be taken back',
  proves: 'Belay proves',
  watches: 'Belay watches',
  collects: 'Belay keeps for the record',
  waits: 'Belay waits',
  tells: 'Belay tells',
  asks: 'Somebody decides',
  approves: 'Somebody approves the plan',
  calls: 'Another runbook, as a part of this one',
  each: 'For each of many',
  runs: 'Belay runs, if the policy allows it',
  sheet: 'By hand',
  plan: 'what it would do now',
  run: 'start it',
  status: 'what is open, and what waits for whom',
  pause: 'stop every new effect of Belay, also without a server',
  resume: 'let effects begin again',
  lint: 'are the files sound?',
};

export type RenderWords = Readonly<Record<keyof typeof en, string>>;

const ptBr: RenderWords = {
  internal: 'Este runbook é interno. Não é mostrado fora da organização.',
  version: 'Versão',
  reviewed: 'Lido por último em',
  reviewBy: 'a ser lido de novo até',
  owner: 'Mantido por',
  require: 'Só se',
  never: 'Nunca se',
  who: 'Quem',
  within: 'em até',
  takes: 'leva cerca de',
  does: 'O Belay faz',
  undo: 'desfeito por',
  irreversible: 'não pode ser desfeito',
  proves: 'O Belay prova',
  watches: 'O Belay acompanha',
  collects: 'O Belay guarda para o registro',
  waits: 'O Belay espera',
  tells: 'O Belay avisa',
  asks: 'Alguém decide',
  approves: 'Alguém aprova o plano',
  calls: 'Outro runbook, como parte deste',
  each: 'Para cada um de muitos',
  runs: 'O Belay executa, se a política permite',
  sheet: 'À mão',
  plan: 'o que ele faria agora',
  run: 'começar',
  status: 'o que está aberto, e o que espera por quem',
  pause: 'parar todo efeito novo do Belay, mesmo sem servidor',
  resume: 'deixar os efeitos começarem de novo',
  lint: 'os arquivos estão certos?',
};

export function renderWordsOf(lang: Lang): RenderWords {
  return lang === 'en' ? en : ptBr;
}
