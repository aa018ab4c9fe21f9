// The words of the screen of triggers in shadow that are not those of the report itself, by language.
import type { Lang } from '../domain/system.ts';

const en = {
  title: 'In shadow',
  what: 'What these triggers would have done in the last 30 days, if they had been armed. Nobody was told of it, and nothing was done.',
  none: 'No trigger is in shadow: nothing to look back on.',
  unmarked: 'Nobody has said yet whether it was right.',
  why: 'Why, for those who read the report',
  whyHint: '“the release of that night”',
  right: 'It was right',
  wrong: 'It was wrong',
  again: 'Say something else',
  mayNot: 'To say whether it was right needs a role of the system.',
  more: (count: number): string => `The newest ${count} are shown:`,
  moreLink: 'more of this trigger',
  cut: 'There are more than are listed or counted here.',
  all: 'All triggers in shadow',
  arm: 'Arm it',
  armWhen: 'When what it would have done is what you would have wanted, write in belay.yaml:',
  armThen: 'Then type belay lint, and start Belay again. It acts alone only with enough evidence and every guard at pass.',
  armedAlready: 'It is armed: what is below it would have done before, in shadow.',
  backtest: 'Replay another limit',
  wouldChange: 'it would have changed',
  inTheWay: 'in the way',
  episode: 'Episode',
};

export type ShadowPageWords = typeof en;

const ptBr: ShadowPageWords = {
  title: 'Em sombra',
  what: 'O que estes gatilhos teriam feito nos últimos 30 dias, se estivessem armados. Ninguém foi avisado e nada foi feito.',
  none: 'Nenhum gatilho está em sombra: nada para rever.',
  unmarked: 'Ninguém disse ainda se estava certo.',
  why: 'Por quê, para quem lê o relatório',
  whyHint: '“a release daquela noite”',
  right: 'Estava certo',
  wrong: 'Estava errado',
  again: 'Dizer outra coisa',
  mayNot: 'Para dizer se estava certo é preciso um papel do sistema.',
  more: (count) => `Os ${count} mais novos são mostrados:`,
  moreLink: 'mais deste gatilho',
  cut: 'Há mais do que se lista ou conta aqui.',
  all: 'Todos os gatilhos em sombra',
  arm: 'Armar',
  armWhen: 'Quando o que teria feito é o que você teria querido, escreva no belay.yaml:',
  armThen: 'Depois digite belay lint e inicie o Belay de novo. Ele só age sozinho com evidência suficiente e todas as guardas a favor.',
  armedAlready: 'Está armado: o que está abaixo ele teria feito antes, em sombra.',
  backtest: 'Repassar outro limite',
  wouldChange: 'teria mudado',
  inTheWay: 'no caminho',
  episode: 'Episódio',
};

export const SHADOW_WORDS: Readonly<Record<Lang, ShadowPageWords>> = { en, 'pt-BR': ptBr };
