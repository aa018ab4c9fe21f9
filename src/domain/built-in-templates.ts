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
  'belay-merged': {
    en: '# {incident} is part of {asks} now\n\nWhat hit {components} hits every organization. There is nothing left to answer in {incident}; go on with: belay incident {asks}',
    'pt-BR':
      '# {incident} agora faz parte de {asks}\n\nO que atingiu {components} atinge todas as organizações. Não há mais nada a responder em {incident}; continue com: belay incident {asks}',
  },
};

/** What Belay asks for, in the words of a message. */
export const ASKS: Readonly<Record<'approval' | 'answer' | 'look', Readonly<Record<'en' | 'pt-BR', string>>>> = {
  approval: { en: 'an approval', 'pt-BR': 'uma aprovação' },
  answer: { en: 'an answer', 'pt-BR': 'uma resposta' },
  look: { en: 'a look, because no runbook answers this trigger,', 'pt-BR': 'um olhar, porque nenhum runbook responde a este gatilho,' },
};
