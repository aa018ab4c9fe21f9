// Words of the public page in both languages. They name components, never an organization.
import type { Lang } from '../system.ts';

export type PublicWord = 'investigating' | 'identified' | 'monitoring' | 'resolved';

export interface StatusTexts {
  readonly words: Readonly<Record<PublicWord, string>>;
  readonly overall: Readonly<Record<'operational' | 'degraded' | 'outage', string>>;
  readonly investigating: (components: string, everybody: boolean) => string;
  readonly again: (components: string) => string;
  readonly mitigated: string;
  readonly watching: string;
  readonly resolved: string;
  readonly resolvedOnContingency: string;
  readonly since: string;
  readonly until: string;
  readonly current: string;
  readonly past: string;
  readonly nothing: string;
  readonly generated: string;
  readonly nextBy: string;
  readonly stale: string;
  readonly ago: readonly [one: string, other: string];
  readonly other: string;
}

const en: StatusTexts = {
  words: { investigating: 'Investigating', identified: 'Identified', monitoring: 'Monitoring', resolved: 'Resolved' },
  overall: { operational: 'Everything works', degraded: 'Partly impaired', outage: 'Major outage' },
  investigating: (components, everybody) =>
    `We see errors in ${components} for ${everybody ? 'all' : 'some'} customers and are working on them.`,
  again: (components) => `The errors in ${components} are back; we are working on them again.`,
  mitigated: 'Requests are answered again. We are checking that it stays so.',
  watching: 'It works again and is being watched.',
  resolved: 'Resolved.',
  resolvedOnContingency: 'Resolved. A temporary measure stays in place until the cause is removed.',
  since: 'since',
  until: 'until',
  current: 'Now',
  past: 'Past incidents',
  nothing: 'No incident in the last days.',
  generated: 'Generated',
  nextBy: 'Next update by',
  stale: 'This page is out of date: it should have been renewed by now. What it says may no longer hold.',
  ago: ['1 minute ago', '# minutes ago'],
  other: 'Português',
};

const ptBR: StatusTexts = {
  words: { investigating: 'Em investigação', identified: 'Identificado', monitoring: 'Em observação', resolved: 'Resolvido' },
  overall: { operational: 'Tudo funcionando', degraded: 'Parcialmente prejudicado', outage: 'Indisponibilidade grave' },
  investigating: (components, everybody) =>
    `Identificamos erros em ${components} para ${everybody ? 'todos os' : 'alguns'} clientes e estamos trabalhando neles.`,
  again: (components) => `Os erros em ${components} voltaram; estamos trabalhando neles de novo.`,
  mitigated: 'As requisições voltaram a ser atendidas. Estamos verificando se continua assim.',
  watching: 'Voltou a funcionar e está em observação.',
  resolved: 'Resolvido.',
  resolvedOnContingency: 'Resolvido. Uma medida temporária permanece até que a causa seja removida.',
  since: 'desde',
  until: 'até',
  current: 'Agora',
  past: 'Incidentes anteriores',
  nothing: 'Nenhum incidente nos últimos dias.',
  generated: 'Gerada',
  nextBy: 'Próxima atualização até',
  stale: 'Esta página está desatualizada: já deveria ter sido renovada. O que ela diz pode não valer mais.',
  ago: ['há 1 minuto', 'há # minutos'],
  other: 'English',
};

export const STATUS_TEXTS: Readonly<Record<Lang, StatusTexts>> = { en, 'pt-BR': ptBR };
