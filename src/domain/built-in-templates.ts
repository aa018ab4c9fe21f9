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
};

/** What Belay asks for, in the words of a message. */
export const ASKS: Readonly<Record<'approval' | 'answer', Readonly<Record<'en' | 'pt-BR', string>>>> = {
  approval: { en: 'an approval', 'pt-BR': 'uma aprovação' },
  answer: { en: 'an answer', 'pt-BR': 'uma resposta' },
};
