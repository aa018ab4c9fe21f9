// What the language server says itself, in Brazilian Portuguese.
import type { Words } from './words-en.ts';

export const PT_BR: Words = {
  required: 'obrigatório',
  optional: 'opcional',
  oneOf: (words) => `um de ${words}`,
  least: (least) => `no mínimo ${least}`,
  most: (most) => `no máximo ${most}`,
  otherwise: (value) => `${value} se não for escrito`,
  written: (where) => `Escrito em ${where}`,
  takes: 'Recebe',
  gives: 'Dá',
  nothing: 'nada',
  effect: {
    state: 'Define um estado: pode ser repetido.',
    once: 'Acontece uma vez: precisa de uma chave.',
    read: 'Só lê.',
  },
  didYouMean: (meant) => `Você quis dizer ${meant}?`,
  quote: (text) => `Colocar ${text} entre aspas`,
  more: 'Documentação',
  failed: (what) => `O Belay não conseguiu olhar ${what}; continua na próxima mudança.`,
  types: {
    text: 'texto',
    texts: 'lista de textos',
    url: 'endereço',
    urls: 'lista de endereços',
    points: 'lista de pontos',
    int: 'número inteiro',
    number: 'número',
    share: 'fração',
    bool: 'true ou false',
    duration: 'duração',
    words: 'mapa de textos',
    headers: 'mapa de cabeçalhos',
    host: 'máquina',
  },
};
