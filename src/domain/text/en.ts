// English: every event and every word of state. It knows no zone and no organization's name.
import { mootAside } from './moot-texts.ts';
import { type EventTexts, said, type Texts } from './texts.ts';

const phases = {
  triage: 'triage',
  responding: 'responding',
  mitigated: 'mitigated',
  watching: 'watching',
  resolved: 'resolved',
  closed: 'closed',
  cancelled: 'cancelled',
  merged: 'merged',
} as const;

const stepStatuses = {
  running: 'running',
  waiting: 'waiting for a person',
  done: 'done',
  noop: 'already as wanted',
  failed: 'failed',
  skipped: 'skipped',
  unknown: 'unknown: being checked',
  undone: 'taken back',
} as const;

const deliveryStates = {
  planned: 'planned',
  sending: 'being sent',
  sent: 'sent',
  delivered: 'delivered',
  ambiguous: 'unclear whether it arrived',
  superseded: 'dropped: a newer message says more',
  suppressed: 'held back: too many messages to this recipient',
  failed: 'not delivered',
} as const;

const triggerStatuses = { ok: 'ok', suspect: 'suspect', breached: 'breached', cleared: 'cleared' } as const;

const choices = { act: 'act', ask: 'ask people', refuse: 'refuse' } as const;
const results = { pass: 'passed', fail: 'failed', inconclusive: 'inconclusive' } as const;
const outcomes = { done: 'done', failed: 'failed', aborted: 'aborted' } as const;

const events: EventTexts = {
  'trigger.changed': ({ transition: t }, say) =>
    `Trigger ${t.trigger}${t.scope === '' ? '' : ` for ${t.scope}`} is ${triggerStatuses[t.to]} (was ${triggerStatuses[t.from]})` +
    (t.report !== undefined
      ? `: ${said(t.report['by'])} reports "${said(t.report['text'])}"`
      : t.inputs.all > 0
        ? `: ${t.inputs.bad} bad of ${t.inputs.all} within ${say.duration(t.inputs.overMs)}`
        : ''),
  'signal.deduped': (d) => `Another signal of ${d.trigger}${d.scope === '' ? '' : ` for ${d.scope}`} joined this incident`,
  'signal.cleared': (d, say) =>
    `The signal of ${d.trigger}${d.scope === '' ? '' : ` for ${d.scope}`} cleared` +
    (d.provenBelow === null ? '' : `; proven to be below ${say.share(d.provenBelow)}`),
  'incident.declared': (d, say) =>
    `Incident ${d.number} declared, ${d.severity}, for ${d.orgs === 'all' ? 'all organizations' : say.list(d.orgs)}, on ${say.list(d.components)}` +
    (d.kind === 'real' ? '' : ` (${d.kind})`),
  'incident.cancelled': (d) => `Incident cancelled: ${d.reason}`,
  'incident.merged': (d) => `It hits everybody: this is part of ${d.into} now`,
  'incident.absorbed': (d) => `${d.incident} is part of this incident now`,
  'incident.scoped': (d, say) => `The incident now concerns ${d.orgs === 'all' ? 'all organizations' : say.list(d.orgs)}`,
  'severity.changed': (d) => `Severity changed from ${d.from} to ${d.to}: ${d.reason}`,
  'phase.entered': (d) =>
    `Phase ${phases[d.to]} (was ${phases[d.from]})${d.onContingency === true ? ', on a contingency' : ''}${d.reason === undefined ? '' : `: ${d.reason}`}`,
  'role.assigned': (d) => `${d.person} is ${d.role}`,
  'role.missing': (d) => `Nobody is ${d.role}`,
  'impact.opened': (d) => `${d.component} is impaired for ${d.org === 'all' ? 'all organizations' : d.org}`,
  'impact.closed': (d) => `${d.component} works again for ${d.org === 'all' ? 'all organizations' : d.org}`,
  'cause.suspected': (d) => `Suspected cause: ${d.what}`,
  'decision.made': (d) => `Decision by ${d.by}: ${choices[d.choice]}, runbook ${d.runbook}${d.reason === '' ? '' : ` (${d.reason})`}`,
  'approval.requested': (d, say) =>
    `Approval asked of ${say.list(d.from)}: ${d.min} needed${d.fourEyes ? ', by somebody else than who started it' : ''}${d.override === undefined ? '' : `; it overrides the guard ${d.override.guard}, which ${heldNot(d.override.answer)}`}`,
  'approval.granted': (d) => `${d.by} approved plan ${short(d.planHash)}`,
  'approval.denied': (d) => `${d.by} denied the approval: ${d.reason}`,
  'approval.expired': (d) => `The approval ran out of time${d.escalated ? ' and was escalated' : ''}`,
  'guard.overridden': (d, say) =>
    `${d.by} overrode the guard ${d.guard}, which ${heldNot(d.answer)}, for plan ${short(d.planHash)}: ${d.why}${say.time(' – counts until', d.until)}${say.time(', to be reviewed by', d.reviewBy)}`,
  'run.requested': (d) => `${d.by} asked for runbook ${d.runbook} with plan ${short(d.planHash)}`,
  'run.takenOver': (d) => `${d.by} took the run over${d.from === null ? '' : ` from ${d.from}`}`,
  'run.queued': (d) =>
    `${d.step === undefined ? 'The run' : `Step ${d.step}`} waits for ${d.behind ?? 'another run'}, which holds ${d.lock}`,
  'lock.taken': (d) => `Step ${d.step} holds ${d.lock} (token ${d.token})`,
  'lock.freed': (d) => `Step ${d.step} gave ${d.lock} back`,
  'lock.missed': (d) => `Step ${d.step} never had ${d.lock}: ${d.why}`,
  'run.started': (d) => `Runbook ${d.runbook} started with plan ${short(d.planHash)}`,
  'run.finished': (d) => `Runbook ended: ${outcomes[d.outcome]}${d.reason === '' ? '' : ` (${d.reason})`}`,
  'run.paused': (d) => `Paused by ${d.by}: ${d.reason}`,
  'run.resumed': (d) => `Resumed by ${d.by}`,
  'step.started': (d) => `Step "${d.title}" started${d.attempt > 1 ? ` (attempt ${d.attempt})` : ''}`,
  'step.waiting': (d) => `Step ${d.step} waits for ${d.who ?? 'a person'}: ${d.ask}`,
  'step.settled': (d) => `${d.by} decided for step ${d.step}: ${d.choice}`,
  'step.observed': (d) => `Step ${d.step} looked: ${d.desired ? 'already as wanted' : 'a change is needed'}`,
  'step.finished': (d, say) =>
    `Step ${d.step}: ${stepStatuses[d.status]}${mootAside(d.detail, 'en')}${d.attempt > 1 ? ` (attempt ${d.attempt})` : ''}${d.took === undefined ? '' : `; planned ${say.duration(d.took.takesMs)}, took ${say.duration(d.took.ms)}`}`,
  'step.skipAsked': (d) => `${d.by} said to skip step ${d.step}: ${d.reason}`,
  'step.skipped': (d) => `Step ${d.step} skipped: ${d.reason}`,
  'step.undone': (d) => `Step ${d.step} taken back by ${d.by}`,
  'each.began': (d, say) =>
    `Step ${d.step}: ${d.total} organizations in ${d.batches.length === 1 ? 'one batch' : `${d.batches.length} batches`}, first ${say.list(d.first)}${d.attempt > 1 ? ` (attempt ${d.attempt})` : ''}`,
  'each.batch': (d) => `Step ${d.step}: batch ${d.batch} begins, ${d.orgs === 1 ? '1 organization' : `${d.orgs} organizations`}`,
  'each.progressed': (d) => `Step ${d.step}, lane ${d.lane}: ${d.counts.done + d.counts.noop} done, ${d.counts.failed} failed`,
  'each.failed': (d) => `Step ${d.step} failed for ${d.org}: ${d.reason}`,
  'each.recorded': (d) =>
    `Step ${d.step}, lane ${d.lane} ended: ${d.counts.done} done, ${d.counts.noop} already as wanted, ${d.counts.failed} failed, ${d.counts.left} not begun`,
  'each.halted': (d) => `Step ${d.step} was halted in batch ${d.batch} by ${d.by}: ${d.reason}`,
  'each.returned': (d) =>
    `Step ${d.step}: taken back for ${d.undone.length} organizations${d.failed.length === 0 ? '' : `, not for ${d.failed.length}`}`,
  'check.recorded': (d) => `Check ${d.probe} of ${d.step} ${results[d.result]}: ${d.expect}${d.reason === '' ? '' : ` (${d.reason})`}`,
  'checklist.ticked': (d) => `${d.by} ticked "${d.item}"${d.note === '' ? '' : `: ${d.note}`}`,
  'checklist.answered': (d) => `${d.by} answered step ${d.step}`,
  'contingency.opened': (d, say) => `Contingency open: ${d.action} on ${d.scope}, owned by ${d.owner}${say.time('until', d.expiresAt)}`,
  'contingency.closed': (d) => `Contingency of step ${d.step} closed by ${d.by}${d.note === undefined ? '' : `: ${d.note}`}`,
  'clock.started': (d, say) => `Clock ${d.clock} runs: ${say.duration(d.deadline - d.startedAt)}${say.time('until', d.deadline)}`,
  'clock.warned': (d) => `Clock ${d.clock} is about to run out`,
  'clock.breached': (d, say) =>
    `Clock ${d.clock} ran out` +
    (d.lateByMs > 0 ? `, recorded ${say.duration(d.lateByMs)} late` : '') +
    (d.escalateTo === null ? '' : `; escalated to ${d.escalateTo}`),
  'clock.stopped': (d) => `Clock ${d.clock} ${d.met ? 'met' : 'stopped late'} by ${d.by}`,
  'comms.planned': (d) => `Message ${d.template} to ${d.audience} planned on ${d.channel}`,
  'comms.promised': (d, say) => `Next update promised to ${d.audience}${say.time('by', d.at)}`,
  'comms.changed': (d) => `Message ${d.delivery}: ${deliveryStates[d.state]}${d.reason === '' ? '' : ` (${d.reason})`}`,
  'escalation.fired': (d) => `Escalated to ${d.to}: ${d.why}`,
  'evidence.captured': (d) =>
    d.by === undefined ? `Evidence ${d.evidence} captured by step ${d.step}` : `Evidence ${d.evidence} kept by ${d.by}`,
  'freeze.drifted': (d) => `The freeze of ${d.target} was broken by ${d.by}`,
  'note.added': (d) => `${d.by}: ${d.text}`,
  'postmortem.drafted': (d) => `Post-mortem drafted: ${d.path}`,
};

const heldNot = (answer: string): string => (answer === 'fail' ? 'does not hold' : 'cannot be told');

function short(hash: string): string {
  return hash.slice(0, 12);
}

export const en: Texts = {
  events,
  phases,
  severities: { P0: 'critical', P1: 'serious', P2: 'minor' },
  stepStatuses,
  deliveryStates,
  triggerStatuses,
  guards: {
    G1: 'Is it real?',
    G2: 'Was there a recent change that can be taken back?',
    G3: 'One organization or everybody?',
    G4: 'Are the providers it depends on healthy?',
    G5: 'Is it worse than in the others?',
    G6: 'Are enough users affected?',
    G7: 'Did we not just do this?',
    G8: 'Do we see clearly?',
    G9: 'Are we allowed to?',
    G10: 'Is the source of the figures trusted?',
  },
  guardAsks: (question) => `people are asked: ${question}`,
  guardAnswers: { pass: 'yes', fail: 'no', inconclusive: 'cannot be told', 'not-applicable': 'not applicable' },
  clock: {
    running: (clock, left) => `${clock}: ${left} left`,
    late: (clock, by) => `${clock}: ${by} late`,
    met: (clock, after) => `${clock}: met after ${after}`,
    stoppedLate: (clock, by) => `${clock}: stopped ${by} late`,
  },
};
