// The verbs over the fake store: what the server's tests call instead of flows/commands.ts. It writes the same events.
import { BelayError } from '../../src/domain/errors.ts';
import type { EventDraft } from '../../src/domain/event.ts';
import type { Plan } from '../../src/domain/plan.ts';
import { freezeScope, thawScope } from '../../src/flows/freezes.ts';
import { markShadow } from '../../src/flows/shadow-marks.ts';
import { addSilence, endSilence } from '../../src/flows/silences.ts';
import type { Caller, Commands } from '../../src/server/commands.ts';
import type { ReadWorld } from '../../src/server/snapshot.ts';

export interface FakeCommands extends Commands {
  /** What was asked, in order: verb and person. */
  readonly asked: string[];
  readonly reports: { readonly trigger: string; readonly scope: string; readonly text: string }[];
}

export function createFakeCommands(world: ReadWorld, plan: Plan): FakeCommands {
  const asked: string[] = [];
  const reports: { trigger: string; scope: string; text: string }[] = [];
  const stamp = (caller: Caller) => ({ at: world.time.now(), actor: { kind: 'user' as const, id: caller.person } });
  const append = (incident: string, key: string, events: readonly EventDraft[]) => world.incidents.append(incident, { key, events });
  return {
    asked,
    reports,
    async approve(caller, o) {
      asked.push(`approve ${caller.person} ${o.decision}${o.reason === undefined ? '' : ` ${o.reason}`}`);
      const approval = (await world.incidents.load(o.incident))?.approvals[o.approval];
      if (approval === undefined) throw new BelayError('BELAY_NOT_FOUND', `no approval ${o.approval}`);
      if (approval.planHash !== o.planHash || approval.state !== 'open')
        throw new BelayError('BELAY_PLAN_CHANGED', 'The plan changed since you read it; nothing was approved.', {
          hint: 'Read the new plan.',
        });
      const granted: EventDraft = {
        type: 'approval.granted',
        data: { id: o.approval, planHash: o.planHash, by: caller.person },
        ...stamp(caller),
      };
      const denied: EventDraft = {
        type: 'approval.denied',
        data: { id: o.approval, by: caller.person, reason: o.reason ?? '' },
        ...stamp(caller),
      };
      return append(o.incident, `approve/${o.key}`, [o.decision === 'grant' ? granted : denied]);
    },
    async releaseChoices(o) {
      asked.push(`releases ${o.runbook} ${JSON.stringify(o.inputs)}`);
      return [];
    },
    async answer(caller, o) {
      asked.push(`answer ${caller.person} ${JSON.stringify({ ticks: o.ticks, answers: o.answers, choice: o.choice, refuse: o.refuse })}`);
      const ticks = (o.ticks ?? []).map(
        (item): EventDraft => ({
          type: 'checklist.ticked',
          data: { step: o.step, item, by: caller.person, note: o.note ?? '' },
          ...stamp(caller),
        }),
      );
      return append(o.incident, `answer/${o.key}`, ticks);
    },
    async note(caller, o) {
      asked.push(`note ${caller.person}`);
      return append(o.incident, `note/${o.key}`, [
        { type: 'note.added', data: { by: caller.person, text: o.text, lang: o.lang }, ...stamp(caller) },
      ]);
    },
    async keepEvidence(caller, o) {
      asked.push(`keepEvidence ${caller.person} ${o.evidence} ${o.text}`);
      const data = { evidence: o.evidence, step: '', by: caller.person, sha256: 'f'.repeat(64), value: { text: o.text } };
      return append(o.incident, `evidence/${o.key}`, [{ type: 'evidence.captured', data, ...stamp(caller) }]);
    },
    async pause(caller, o) {
      asked.push(`pause ${caller.person} ${o.reason}`);
      await world.pause.pause(caller.person, o.reason);
      return world.pause.read();
    },
    async resume(caller) {
      asked.push(`resume ${caller.person}`);
      await world.pause.resume(caller.person);
      return world.pause.read();
    },
    async silence(caller, o) {
      asked.push(`silence ${caller.person} ${o.reason}`);
      return addSilence(world, caller, o);
    },
    async endSilence(caller, o) {
      asked.push(`endSilence ${caller.person} ${o.id}`);
      return endSilence(world, caller, o);
    },
    async freeze(caller, o) {
      asked.push(`freeze ${caller.person} ${o.scope}`);
      return freezeScope(world, caller, o);
    },
    async thaw(caller, o) {
      asked.push(`thaw ${caller.person} ${o.scope}`);
      return thawScope(world, caller, o);
    },
    async markShadow(caller, o) {
      asked.push(`markShadow ${caller.person} ${o.verdict}`);
      return markShadow(world, caller, o);
    },
    async plan(o) {
      if (o.runbook !== plan.runbook) throw new BelayError('BELAY_NOT_FOUND', `There is no runbook ${o.runbook}.`);
      return plan;
    },
    async startRun(caller, o) {
      const overrides = (o.override ?? []).map(({ guard, reason }) => ` in spite of ${guard}: ${reason}`);
      asked.push(`run ${caller.person} ${o.runbook}${overrides.join('')}`);
      if (o.planHash !== undefined && o.planHash !== plan.planHash) throw new BelayError('BELAY_PLAN_CHANGED', 'The plan changed.');
      return (await world.incidents.list({ limit: 1 }))[0] as never;
    },
    async report(caller, o) {
      asked.push(`report ${caller.person}`);
      reports.push(o);
      return { status: 'suspect', people: [caller.person], withinMs: 3_600_000, enough: false };
    },
    async steer(caller, o) {
      asked.push(
        `steer ${caller.person} ${o.verb}${o.step === undefined ? '' : ` ${o.step}`}${o.reason === undefined ? '' : ` ${o.reason}`}`,
      );
      return append(o.incident, `steer/${o.key}`, []);
    },
    async resolve(caller, o) {
      asked.push(`resolve ${caller.person} ${o.reason}`);
      return append(o.incident, `resolve/${o.key}`, []);
    },
    async cancel(caller, o) {
      asked.push(`cancel ${caller.person} ${o.reason}`);
      return append(o.incident, `cancel/${o.key}`, []);
    },
    async closeContingency(caller, o) {
      asked.push(`closeContingency ${caller.person} ${o.step} ${o.note}`);
      return append(o.incident, `contingency/${o.key}`, []);
    },
    async close(caller, o) {
      asked.push(`close ${caller.person}`);
      throw new BelayError('BELAY_GUARD_REFUSED', `${o.incident} cannot be closed: it is responding, not resolved.`);
    },
    evidence: async (incident) => `{"incident":"${incident}"}`,
  } satisfies FakeCommands;
}
