// Backtests e cenas em português.
import type { rehearsalEn } from './rehearsal-words-en.ts';

export const rehearsalPtBr: typeof rehearsalEn = {
  replayed: (trigger, from, to) => `${trigger}, repassado de ${from} até ${to}`,
  scopes: (count) => (count === 1 ? '1 organização' : `${count} organizações`),
  none: 'Não teria avisado ninguém de nada.',
  summary: (act, ask) =>
    `Teria avisado pessoas ${act + ask === 1 ? 'uma vez' : `${act + ask} vezes`}: ${act} com evidência para agir, ${ask} para perguntar.`,
  guards: 'Se o Belay age, decidem as guardas daquele momento; elas não são repassadas.',
  nearMisses: (count) => `${count === 1 ? 'Mais 1 acabou' : `Mais ${count} acabaram`} antes de alguém ser avisado.`,
  delay: (time) => `Metade foi avisada até ${time} depois de passar do limite.`,
  columns: ['começo', 'duração', 'onde', 'pior', 'evidência', 'incidente'],
  everything: '(tudo)',
  stillOn: 'continua',
  levels: { none: 'persiste', suspect: 'perguntar', act: 'agir' },
  noIncident: 'nenhum',
  counts: (bad, all) => ` (${bad} de ${all})`,
  unmatched: (ids) => `Incidentes deste gatilho sem episódio aqui: ${ids}`,
  noData: (share) => `Não se sabe, ${share} do tempo: ninguém observava, então nada se afirma.`,
  gap: { away: 'o Belay estava fora', silent: 'as fontes estavam em silêncio' },
  more: (count) => `… e mais ${count}: --json mostra todos`,
  resolution: 'As contagens são guardadas por minuto: o que vem e vai dentro de um não se vê, e os horários ficam um minuto depois.',
  progress: (share) => `repassado ${share}`,
  noScenes: 'Não há cenas.',
  scenes: (passed, all) => `${passed} de ${all} cenas valem`,
  expected: (at, where, state) => `depois de ${at}, ${where} deve estar: ${state}`,
  instead: (state) => `mas está: ${state}`,
  neverActs: (at, where) => `nunca deve agir, mas agiria depois de ${at} em ${where}`,
  neverAsks: (at, where) => `nunca deve perguntar a ninguém, mas perguntaria depois de ${at} em ${where}`,
  nothingSeen: 'Nada se viu disso.',
  scopeAll: 'o gatilho',
  moments: (held, all) => `${held} de ${all} momentos`,
};
