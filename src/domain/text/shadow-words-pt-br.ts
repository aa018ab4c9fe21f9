// O relatório da sombra em português.
import type { shadowEn } from './shadow-words-en.ts';

const times = (count: number): string => (count === 1 ? 'uma vez' : `${count} vezes`);

export const shadowPtBr: typeof shadowEn = {
  none: 'Nenhum gatilho está em sombra: o belay.yaml não tem nenhum com mode: shadow.',
  armedNow: 'armado agora',
  inShadow: 'em sombra',
  quiet: (span) => `Em ${span}: não teria avisado ninguém de nada.`,
  summary: (span, { episodes, acts, asks }) =>
    `Em ${span}: ${episodes === 1 ? '1 incidente' : `${episodes} incidentes`}; teria agido ${times(acts)}, perguntado às pessoas ${times(asks)}.`,
  refusals: (count) => `O runbook dele teria recusado ${times(count)}.`,
  undecided: (count) => `Nada foi decidido ${times(count)}: em silêncio até acabar, ou antes de se guardarem tais decisões.`,
  joined: (count) => `Mais ${count} ${count === 1 ? 'organização teria feito' : 'organizações teriam feito'} parte de um destes.`,
  marked: (right, all) => `${right} de ${all} ${all === 1 ? 'estava certo' : 'estavam certos'}, dizem as pessoas.`,
  unmarked: 'Ninguém disse ainda se estava certo: belay shadow mark EPISÓDIO --right, ou --false --why TEXTO',
  everything: '(tudo)',
  stillOn: 'continua',
  counts: (bad, all) => ` (${bad} de ${all})`,
  unknownValue: 'sem valor',
  choices: { act: 'teria agido', ask: 'teria perguntado às pessoas', refuse: 'teria recusado' },
  notDecided: 'nada foi decidido',
  joins: (scope) => (scope === null ? 'como parte do que atingiu todas' : `como parte do que atingiu ${scope}`),
  reasons: {
    'the runbook asks': 'o runbook dele sempre pergunta',
    'no runbook': 'nenhum runbook responde: pessoas teriam sido avisadas',
    irreversible: 'um passo não pode ser desfeito',
  },
  unknownStep: (step) => `o passo ${step} não pôde ser planejado`,
  noPlan: (why) => `não havia plano: ${why}`,
  notJudged: (why) => `não pôde ser julgado: ${why}`,
  incident: (id) => `incidente real: ${id}`,
  noIncident: 'nenhum incidente real naquele momento',
  said: (verdict, by, why) => `${verdict === 'right' ? 'certo' : 'falso'}, diz ${by}${why === '' ? '' : `: ${why}`}`,
  more: 'Há mais: --json, ou um gatilho e um --since mais curto.',
  counterfactual: 'Nada foi feito, então nada foi curado: quanto durou não diz quanto teria durado.',
  stored: (verdict, episode) => `Guardado: ${episode} estava ${verdict === 'right' ? 'certo' : 'falso'}.`,
};
