// O que `belay doctor` diz dos sinais, em português.
import type { doctorEn } from './doctor-words-en.ts';

export const doctorPtBr: typeof doctorEn = {
  matches: (series, sources) => `seleciona ${series} ${series === 1 ? 'série' : 'séries'} do que ${sources} disse`,
  noName: (selector, sources, names) => `seleciona ${selector}, e ${sources} disse apenas: ${names}`,
  nothing: 'nada',
  noLabels: (selector, name, labels) => `seleciona ${selector}, e nenhuma série de ${name} corresponde: há ${labels}`,
  later: (selector, labels) => `nada corresponde a ${selector} agora, o que é certo enquanto nada disso aconteceu; há ${labels}`,
  noScope: (selector, by, labels) => `nenhuma série de ${selector} tem o rótulo ${by}: há ${labels}`,
  noLabelsAtAll: 'nenhum rótulo',
  unread: (sources) => ` (não visto aqui: ${sources})`,
  meant: (near) => `Seria ${near}?`,
  mend: 'Corrija o seletor no belay.yaml, ou o que a fonte diz.',
  scope: 'Sem ele tudo conta como (other), que pode perguntar e nunca age. Nomeie outro rótulo com by, ou informe-o.',
};
