// Headings, columns and prompts of the post-mortem in both languages.
import type { Lang } from '../system.ts';

export interface PostmortemTexts {
  readonly title: string;
  readonly generated: string;
  readonly facts: string;
  readonly fact: {
    readonly [K in
      | 'severity'
      | 'phase'
      | 'kind'
      | 'scope'
      | 'components'
      | 'trigger'
      | 'runbook'
      | 'detected'
      | 'declared'
      | 'mitigated'
      | 'resolved']: string;
  };
  readonly all: string;
  readonly none: string;
  readonly still: string;
  readonly onContingency: string;
  readonly durations: string;
  readonly duration: { readonly [K in 'detect' | 'decide' | 'act' | 'prove' | 'total']: string };
  readonly columns: {
    readonly [K in
      | 'what'
      | 'time'
      | 'meaning'
      | 'org'
      | 'component'
      | 'from'
      | 'to'
      | 'lasted'
      | 'guard'
      | 'step'
      | 'action'
      | 'effect'
      | 'status'
      | 'attempts'
      | 'check'
      | 'result'
      | 'values'
      | 'audience'
      | 'channel'
      | 'template'
      | 'state'
      | 'owner'
      | 'until'
      | 'clock'
      | 'event'
      | 'due'
      | 'done'
      | 'document'
      | 'hash']: string;
  };
  readonly impact: string;
  readonly decisions: string;
  readonly overrides: string;
  readonly overridesHint: string;
  readonly plan: string;
  readonly steps: string;
  readonly checks: string;
  readonly messages: string;
  readonly contingencies: string;
  readonly noContingencies: string;
  readonly clocks: string;
  readonly deviations: string;
  readonly deviationsHint: string;
  readonly timeline: string;
  readonly evidence: string;
  readonly evidenceHint: string;
  readonly human: string;
  readonly humanHint: string;
  readonly prompts: { readonly [K in HumanSection]: { readonly heading: string; readonly prompt: string } };
}

/** Sections that people write. What they wrote survives a new generation. */
export const HUMAN_SECTIONS = ['causes', 'well', 'lucky', 'hard', 'actions'] as const;
export type HumanSection = (typeof HUMAN_SECTIONS)[number];

const en: PostmortemTexts = {
  title: 'Post-mortem',
  generated:
    'Facts below come from the incident log and are replaced whenever this file is generated again. Write only between the markers of "For people to write".',
  facts: 'Facts',
  fact: {
    severity: 'Severity',
    phase: 'Phase',
    kind: 'Kind',
    scope: 'Organizations',
    components: 'Components',
    trigger: 'Trigger',
    runbook: 'Runbook',
    detected: 'Detected',
    declared: 'Declared',
    mitigated: 'Mitigated',
    resolved: 'Resolved',
  },
  all: 'all',
  none: 'none',
  still: 'still open',
  onContingency: 'on a contingency',
  durations: 'How long it took',
  duration: { detect: 'Detect', decide: 'Decide', act: 'Act', prove: 'Prove', total: 'Total' },
  columns: {
    what: 'What',
    time: 'Time',
    meaning: 'From … to',
    org: 'Organization',
    component: 'Component',
    from: 'From',
    to: 'To',
    lasted: 'Lasted',
    guard: 'Guard',
    step: 'Step',
    action: 'Action',
    effect: 'Effect',
    status: 'Status',
    attempts: 'Attempts',
    check: 'Check',
    result: 'Result',
    values: 'Values',
    audience: 'Audience',
    channel: 'Channel',
    template: 'Message',
    state: 'State',
    owner: 'Owner',
    until: 'Until',
    clock: 'Clock',
    event: 'Event',
    due: 'Due',
    done: 'Done',
    document: 'Document',
    hash: 'sha256',
  },
  impact: 'Impact by organization',
  decisions: 'Decisions',
  overrides: 'Guards that people overrode',
  overridesHint: 'Each is to be reviewed within a day: was it right, and should the guard be another one?',
  plan: 'Plan',
  steps: 'Steps',
  checks: 'Checks',
  messages: 'Messages',
  contingencies: 'Open contingencies',
  noContingencies: 'No contingency is open.',
  clocks: 'Clocks',
  deviations: 'Where the runbook and reality differed',
  deviationsHint: 'Steps that were skipped, failed, repeated, taken back or already done: each is a proposal to change the runbook.',
  timeline: 'Timeline',
  evidence: 'Evidence',
  evidenceHint:
    'Check it offline with `belay evidence verify <file> --head <hash>`; this file itself is written before the last events of the log.',
  human: 'For people to write',
  humanHint: 'Look for contributing factors, in the plural, and not for a person.',
  prompts: {
    causes: {
      heading: 'Causes and contributing factors',
      prompt: 'What made this possible? What made it worse? What made it hard to see?',
    },
    well: { heading: 'What went well', prompt: 'What helped, and would help again?' },
    lucky: { heading: 'Where we were lucky', prompt: 'What could have made it worse and did not happen?' },
    hard: { heading: 'What was hard', prompt: 'Where did somebody have to guess, search or wait?' },
    actions: { heading: 'Actions', prompt: '| Action | Owner | Due | Status |\n|---|---|---|---|\n|  |  |  |  |' },
  },
};

const ptBR: PostmortemTexts = {
  title: 'Post-mortem',
  generated:
    'Os fatos abaixo vêm do registro do incidente e são substituídos sempre que este arquivo é gerado de novo. Escreva apenas entre os marcadores de "Para as pessoas escreverem".',
  facts: 'Fatos',
  fact: {
    severity: 'Severidade',
    phase: 'Fase',
    kind: 'Tipo',
    scope: 'Organizações',
    components: 'Componentes',
    trigger: 'Gatilho',
    runbook: 'Runbook',
    detected: 'Detectado',
    declared: 'Declarado',
    mitigated: 'Mitigado',
    resolved: 'Resolvido',
  },
  all: 'todas',
  none: 'nenhum',
  still: 'ainda em aberto',
  onContingency: 'em contingência',
  durations: 'Quanto tempo levou',
  duration: { detect: 'Detectar', decide: 'Decidir', act: 'Agir', prove: 'Comprovar', total: 'Total' },
  columns: {
    what: 'O quê',
    time: 'Horário',
    meaning: 'De … até',
    org: 'Organização',
    component: 'Componente',
    from: 'De',
    to: 'Até',
    lasted: 'Durou',
    guard: 'Guarda',
    step: 'Passo',
    action: 'Ação',
    effect: 'Efeito',
    status: 'Situação',
    attempts: 'Tentativas',
    check: 'Verificação',
    result: 'Resultado',
    values: 'Valores',
    audience: 'Público',
    channel: 'Canal',
    template: 'Mensagem',
    state: 'Estado',
    owner: 'Responsável',
    until: 'Até',
    clock: 'Relógio',
    event: 'Evento',
    due: 'Prazo',
    done: 'Feito',
    document: 'Documento',
    hash: 'sha256',
  },
  impact: 'Impacto por organização',
  decisions: 'Decisões',
  overrides: 'Guardas por cima das quais alguém passou',
  overridesHint: 'Cada uma deve ser revisada em até um dia: foi o certo, e a guarda deveria ser outra?',
  plan: 'Plano',
  steps: 'Passos',
  checks: 'Verificações',
  messages: 'Mensagens',
  contingencies: 'Contingências em aberto',
  noContingencies: 'Nenhuma contingência em aberto.',
  clocks: 'Relógios',
  deviations: 'Onde o runbook e a realidade divergiram',
  deviationsHint: 'Passos pulados, com falha, repetidos, desfeitos ou já prontos: cada um é uma proposta de mudança no runbook.',
  timeline: 'Linha do tempo',
  evidence: 'Evidências',
  evidenceHint:
    'Verifique offline com `belay evidence verify <arquivo> --head <hash>`; este arquivo é escrito antes dos últimos eventos do registro.',
  human: 'Para as pessoas escreverem',
  humanHint: 'Procure fatores contribuintes, no plural, e não uma pessoa.',
  prompts: {
    causes: { heading: 'Causas e fatores contribuintes', prompt: 'O que tornou isto possível? O que piorou? O que dificultou enxergar?' },
    well: { heading: 'O que deu certo', prompt: 'O que ajudou e ajudaria de novo?' },
    lucky: { heading: 'Onde tivemos sorte', prompt: 'O que poderia ter piorado e não aconteceu?' },
    hard: { heading: 'O que foi difícil', prompt: 'Onde alguém precisou adivinhar, procurar ou esperar?' },
    actions: { heading: 'Ações', prompt: '| Ação | Responsável | Prazo | Situação |\n|---|---|---|---|\n|  |  |  |  |' },
  },
};

export const POSTMORTEM_TEXTS: Readonly<Record<Lang, PostmortemTexts>> = { en, 'pt-BR': ptBR };
