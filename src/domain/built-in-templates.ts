// Messages that Belay itself sends to responders: it asks, or it could not go on. A template of the same name in the user's
// folder replaces it.
import type { Templates } from './ir.ts';

export const BUILT_IN_TEMPLATES: Templates = {
  'belay-asks': {
    en: '# {incident} ({severity}) waits for you\n\nBelay asks for {asks} before it goes on with {components}. Nothing happens until somebody answers in the war room, or with: belay incident {incident}',
    'pt-BR':
      '# {incident} ({severity}) espera por você\n\nO Belay pede {asks} antes de continuar com {components}. Nada acontece até alguém responder na sala de guerra, ou com: belay incident {incident}',
  },
  'belay-stopped': {
    en: '# {incident} ({severity}) could not go on\n\nThe runbook for {components} stopped: {asks}. See what was done and what was not: belay incident {incident}',
    'pt-BR':
      '# {incident} ({severity}) não pôde continuar\n\nO runbook de {components} parou: {asks}. Veja o que foi feito e o que não foi: belay incident {incident}',
  },
  'belay-overridden': {
    en: '# {incident} ({severity}) goes on in spite of a guard\n\n{components}: {asks}. Whoever may stop it: belay run --abort {incident}. Review within a day whether it was right.',
    'pt-BR':
      '# {incident} ({severity}) continua apesar de uma guarda\n\n{components}: {asks}. Quem pode parar: belay run --abort {incident}. Revise em até um dia se foi o certo.',
  },
  'belay-merged': {
    en: '# {incident} is part of {asks} now\n\nWhat hit {components} hits every organization. There is nothing left to answer in {incident}; go on with: belay incident {asks}',
    'pt-BR':
      '# {incident} agora faz parte de {asks}\n\nO que atingiu {components} atinge todas as organizações. Não há mais nada a responder em {incident}; continue com: belay incident {asks}',
  },
  'belay-late': {
    en: '# {incident} ({severity}): {asks}\n\nIt is escalated to you. {components}: see where it stands and what is next: belay incident {incident}',
    'pt-BR':
      '# {incident} ({severity}): {asks}\n\nFoi escalado para você. {components}: veja onde está e o que vem a seguir: belay incident {incident}',
  },
  'belay-clock': {
    en: "# {incident} ({severity}): the clock of {asks} is off\n\nThe times that the source {asks} tells are not those of Belay's clock, delivery after delivery: one of the two is wrong, or what it sends is on its way for that long. Where a window would notice, Belay counts by arrival and goes on. Let NTP keep both clocks. How far it is off: belay triggers clock",
    'pt-BR':
      '# {incident} ({severity}): o relógio de {asks} está errado\n\nOs horários que a fonte {asks} informa não são os do relógio do Belay, entrega após entrega: um dos dois está errado, ou o que ela envia demora isso no caminho. Onde uma janela notaria, o Belay conta pela chegada e continua. Deixe o NTP cuidar dos dois relógios. De quanto é o desvio: belay triggers clock',
  },
};

/** What Belay asks for, in the words of a message. */
export const ASKS: Readonly<Record<'approval' | 'answer' | 'look', Readonly<Record<'en' | 'pt-BR', string>>>> = {
  approval: { en: 'an approval', 'pt-BR': 'uma aprovação' },
  answer: { en: 'an answer', 'pt-BR': 'uma resposta' },
  look: { en: 'a look, because no runbook answers this trigger,', 'pt-BR': 'um olhar, porque nenhum runbook responde a este gatilho,' },
};

/** What did not come in time. */
export interface Late {
  readonly what: 'clock' | 'promise' | 'contingency' | 'step';
  /** The clock, audience or step. */
  readonly of: string;
}

export const LATE: Readonly<Record<Late['what'], Readonly<Record<'en' | 'pt-BR', (of: string) => string>>>> = {
  clock: { en: (of) => `clock ${of} has run out`, 'pt-BR': (of) => `o relógio ${of} estourou` },
  promise: { en: (of) => `the update promised to ${of} is due`, 'pt-BR': (of) => `venceu a atualização prometida a ${of}` },
  contingency: { en: (of) => `the measure of step ${of} has expired`, 'pt-BR': (of) => `a medida do passo ${of} expirou` },
  step: { en: (of) => `step ${of} waits for longer than it should`, 'pt-BR': (of) => `o passo ${of} espera além do combinado` },
};
