// Brazilian Portuguese: every event and every word of state. It knows no zone and no organization's name.
import { mootAside } from './moot-texts.ts';
import { type EventTexts, said, type Texts } from './texts.ts';

const phases = {
  triage: 'triagem',
  responding: 'em resposta',
  mitigated: 'mitigado',
  watching: 'em observação',
  resolved: 'resolvido',
  closed: 'encerrado',
  cancelled: 'cancelado',
  merged: 'unificado',
} as const;

const stepStatuses = {
  running: 'em execução',
  waiting: 'aguardando uma pessoa',
  done: 'concluído',
  noop: 'já estava como desejado',
  failed: 'falhou',
  skipped: 'pulado',
  unknown: 'desconhecido: em verificação',
  undone: 'desfeito',
} as const;

const deliveryStates = {
  planned: 'planejada',
  sending: 'em envio',
  sent: 'enviada',
  delivered: 'entregue',
  ambiguous: 'não se sabe se chegou',
  superseded: 'descartada: uma mensagem mais nova diz mais',
  suppressed: 'retida: mensagens demais para este destinatário',
  failed: 'não entregue',
} as const;

const triggerStatuses = { ok: 'normal', suspect: 'suspeito', breached: 'violado', cleared: 'normalizado' } as const;

const choices = { act: 'agir', ask: 'perguntar às pessoas', refuse: 'recusar' } as const;
const results = { pass: 'passou', fail: 'falhou', inconclusive: 'inconclusiva' } as const;
const outcomes = { done: 'concluído', failed: 'falhou', aborted: 'abortado' } as const;
const kinds = { real: '', drill: ' (simulado)', test: ' (teste)' } as const;

const events: EventTexts = {
  'trigger.changed': ({ transition: t }, say) =>
    `Gatilho ${t.trigger}${t.scope === '' ? '' : ` para ${t.scope}`} está ${triggerStatuses[t.to]} (antes: ${triggerStatuses[t.from]})` +
    (t.report !== undefined
      ? `: ${said(t.report['by'])} relata "${said(t.report['text'])}"`
      : t.inputs.all > 0
        ? `: ${t.inputs.bad} ruins de ${t.inputs.all} em ${say.duration(t.inputs.overMs)}`
        : ''),
  'signal.deduped': (d) => `Outro sinal de ${d.trigger}${d.scope === '' ? '' : ` para ${d.scope}`} foi somado a este incidente`,
  'signal.cleared': (d, say) =>
    `O sinal de ${d.trigger}${d.scope === '' ? '' : ` para ${d.scope}`} normalizou` +
    (d.provenBelow === null ? '' : `; comprovado abaixo de ${say.share(d.provenBelow)}`),
  'incident.declared': (d, say) =>
    `Incidente ${d.number} declarado, ${d.severity}, para ${d.orgs === 'all' ? 'todas as organizações' : say.list(d.orgs)}, em ${say.list(d.components)}` +
    kinds[d.kind],
  'incident.cancelled': (d) => `Incidente cancelado: ${d.reason}`,
  'incident.merged': (d) => `Atinge todas as organizações: agora faz parte de ${d.into}`,
  'incident.absorbed': (d) => `${d.incident} agora faz parte deste incidente`,
  'incident.scoped': (d, say) => `O incidente agora atinge ${d.orgs === 'all' ? 'todas as organizações' : say.list(d.orgs)}`,
  'severity.changed': (d) => `Severidade mudou de ${d.from} para ${d.to}: ${d.reason}`,
  'phase.entered': (d) =>
    `Fase ${phases[d.to]} (antes: ${phases[d.from]})${d.onContingency === true ? ', em contingência' : ''}${d.reason === undefined ? '' : `: ${d.reason}`}`,
  'role.assigned': (d) => `${d.person} assumiu o papel ${d.role}`,
  'role.missing': (d) => `Ninguém ocupa o papel ${d.role}`,
  'impact.opened': (d) => `${d.component} está prejudicado para ${d.org === 'all' ? 'todas as organizações' : d.org}`,
  'impact.closed': (d) => `${d.component} voltou a funcionar para ${d.org === 'all' ? 'todas as organizações' : d.org}`,
  'cause.suspected': (d) => `Causa suspeita: ${d.what}`,
  'decision.made': (d) => `Decisão de ${d.by}: ${choices[d.choice]}, runbook ${d.runbook}${d.reason === '' ? '' : ` (${d.reason})`}`,
  'approval.requested': (d, say) =>
    `Aprovação pedida a ${say.list(d.from)}: ${d.min} necessária(s)${d.fourEyes ? ', por quem não iniciou' : ''}${d.override === undefined ? '' : `; ela passa por cima da guarda ${d.override.guard}, que ${heldNot(d.override.answer)}`}`,
  'approval.granted': (d) => `${d.by} aprovou o plano ${short(d.planHash)}`,
  'approval.denied': (d) => `${d.by} negou a aprovação: ${d.reason}`,
  'approval.expired': (d) => `O prazo da aprovação acabou${d.escalated ? ' e ela foi escalada' : ''}`,
  'guard.overridden': (d, say) =>
    `${d.by} passou por cima da guarda ${d.guard}, que ${heldNot(d.answer)}, para o plano ${short(d.planHash)}: ${d.why}${say.time(' – vale até', d.until)}${say.time(', a revisar até', d.reviewBy)}`,
  'run.requested': (d) => `${d.by} pediu o runbook ${d.runbook} com o plano ${short(d.planHash)}`,
  'run.takenOver': (d) => `${d.by} assumiu a execução${d.from === null ? '' : `, antes de ${d.from}`}`,
  'run.queued': (d) =>
    `${d.step === undefined ? 'A execução' : `O passo ${d.step}`} espera ${d.behind ?? 'outra execução'}, que detém ${d.lock}`,
  'lock.taken': (d) => `O passo ${d.step} detém ${d.lock} (token ${d.token})`,
  'lock.freed': (d) => `O passo ${d.step} devolveu ${d.lock}`,
  'lock.missed': (d) => `O passo ${d.step} não obteve ${d.lock}: ${d.why}`,
  'run.started': (d) => `Runbook ${d.runbook} iniciado com o plano ${short(d.planHash)}`,
  'run.finished': (d) => `Runbook terminou: ${outcomes[d.outcome]}${d.reason === '' ? '' : ` (${d.reason})`}`,
  'run.paused': (d) => `Pausado por ${d.by}: ${d.reason}`,
  'run.resumed': (d) => `Retomado por ${d.by}`,
  'step.started': (d) => `Passo "${d.title}" iniciado${d.attempt > 1 ? ` (tentativa ${d.attempt})` : ''}`,
  'step.waiting': (d) => `Passo ${d.step} aguarda ${d.who ?? 'uma pessoa'}: ${d.ask}`,
  'step.settled': (d) => `${d.by} decidiu sobre o passo ${d.step}: ${d.choice}`,
  'step.observed': (d) => `Passo ${d.step} observou: ${d.desired ? 'já está como desejado' : 'é preciso mudar'}`,
  'step.finished': (d, say) =>
    `Passo ${d.step}: ${stepStatuses[d.status]}${mootAside(d.detail, 'pt-BR')}${d.attempt > 1 ? ` (tentativa ${d.attempt})` : ''}${d.took === undefined ? '' : `; previsto ${say.duration(d.took.takesMs)}, levou ${say.duration(d.took.ms)}`}`,
  'step.skipAsked': (d) => `${d.by} mandou pular o passo ${d.step}: ${d.reason}`,
  'step.skipped': (d) => `Passo ${d.step} pulado: ${d.reason}`,
  'step.undone': (d) => `Passo ${d.step} desfeito por ${d.by}`,
  'each.began': (d, say) =>
    `Passo ${d.step}: ${d.total} organizações em ${d.batches.length === 1 ? 'um lote' : `${d.batches.length} lotes`}, primeiro ${say.list(d.first)}${d.attempt > 1 ? ` (tentativa ${d.attempt})` : ''}`,
  'each.batch': (d) => `Passo ${d.step}: começa o lote ${d.batch}, ${d.orgs === 1 ? '1 organização' : `${d.orgs} organizações`}`,
  'each.progressed': (d) => `Passo ${d.step}, fila ${d.lane}: ${d.counts.done + d.counts.noop} feitas, ${d.counts.failed} com falha`,
  'each.failed': (d) => `Passo ${d.step} falhou para ${d.org}: ${d.reason}`,
  'each.recorded': (d) =>
    `Passo ${d.step}, fila ${d.lane} terminou: ${d.counts.done} feitas, ${d.counts.noop} já como desejado, ${d.counts.failed} com falha, ${d.counts.left} não iniciadas`,
  'each.halted': (d) => `Passo ${d.step} foi interrompido no lote ${d.batch} por ${d.by}: ${d.reason}`,
  'each.returned': (d) =>
    `Passo ${d.step}: desfeito para ${d.undone.length} organizações${d.failed.length === 0 ? '' : `, não para ${d.failed.length}`}`,
  'check.recorded': (d) =>
    `Verificação ${d.probe} de ${d.step} ${results[d.result]}: ${d.expect}${d.reason === '' ? '' : ` (${d.reason})`}`,
  'checklist.ticked': (d) => `${d.by} marcou "${d.item}"${d.note === '' ? '' : `: ${d.note}`}`,
  'checklist.answered': (d) => `${d.by} respondeu ao passo ${d.step}`,
  'contingency.opened': (d, say) =>
    `Contingência aberta: ${d.action} em ${d.scope}, sob responsabilidade de ${d.owner}${say.time('até', d.expiresAt)}`,
  'contingency.closed': (d) => `Contingência do passo ${d.step} encerrada por ${d.by}${d.note === undefined ? '' : `: ${d.note}`}`,
  'clock.started': (d, say) => `Relógio ${d.clock} correndo: ${say.duration(d.deadline - d.startedAt)}${say.time('até', d.deadline)}`,
  'clock.warned': (d) => `Relógio ${d.clock} está quase no fim`,
  'clock.breached': (d, say) =>
    `Relógio ${d.clock} estourou` +
    (d.lateByMs > 0 ? `, registrado com ${say.duration(d.lateByMs)} de atraso` : '') +
    (d.escalateTo === null ? '' : `; escalado para ${d.escalateTo}`),
  'clock.stopped': (d) => `Relógio ${d.clock} ${d.met ? 'cumprido' : 'parado com atraso'} por ${d.by}`,
  'comms.planned': (d) => `Mensagem ${d.template} para ${d.audience} planejada em ${d.channel}`,
  'comms.promised': (d, say) => `Próxima atualização prometida para ${d.audience}${say.time('até', d.at)}`,
  'comms.changed': (d) => `Mensagem ${d.delivery}: ${deliveryStates[d.state]}${d.reason === '' ? '' : ` (${d.reason})`}`,
  'escalation.fired': (d) => `Escalado para ${d.to}: ${d.why}`,
  'evidence.captured': (d) =>
    d.by === undefined ? `Evidência ${d.evidence} registrada pelo passo ${d.step}` : `Evidência ${d.evidence} guardada por ${d.by}`,
  'freeze.drifted': (d) => `O congelamento de ${d.target} foi rompido por ${d.by}`,
  'note.added': (d) => `${d.by}: ${d.text}`,
  'postmortem.drafted': (d) => `Rascunho do post-mortem: ${d.path}`,
};

const heldNot = (answer: string): string => (answer === 'fail' ? 'não vale' : 'não pode ser medida');

function short(hash: string): string {
  return hash.slice(0, 12);
}

export const ptBR: Texts = {
  events,
  phases,
  severities: { P0: 'crítica', P1: 'grave', P2: 'leve' },
  stepStatuses,
  deliveryStates,
  triggerStatuses,
  guards: {
    G1: 'É real?',
    G2: 'Houve uma mudança recente que pode ser desfeita?',
    G3: 'Uma organização ou todas?',
    G4: 'Os provedores dos quais depende estão saudáveis?',
    G5: 'Está pior do que nas demais?',
    G6: 'Há usuários afetados em número suficiente?',
    G7: 'Não acabamos de fazer isso?',
    G8: 'Estamos enxergando bem?',
    G9: 'Temos permissão?',
    G10: 'A origem dos números é confiável?',
  },
  guardAsks: (question) => `as pessoas decidem: ${question}`,
  guardAnswers: { pass: 'sim', fail: 'não', inconclusive: 'não dá para saber', 'not-applicable': 'não se aplica' },
  clock: {
    running: (clock, left) => `${clock}: faltam ${left}`,
    late: (clock, by) => `${clock}: ${by} de atraso`,
    met: (clock, after) => `${clock}: cumprido após ${after}`,
    stoppedLate: (clock, by) => `${clock}: parado com ${by} de atraso`,
  },
};
