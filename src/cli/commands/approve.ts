// `belay approve`: shows the plan that waits and takes a yes or a no to exactly that plan. The yes is its hash, typed or named by a flag.
import type { ExitCode } from '../../domain/errors.ts';
import { BelayError, EXIT } from '../../domain/errors.ts';
import type { Approval, Incident } from '../../domain/incident.ts';
import type { IncidentView } from '../../domain/incident-view.ts';
import { getIncident, hashOption } from '../api.ts';
import { ask } from '../ask.ts';
import type { Client } from '../client.ts';
import type { Context, Run, Typed } from '../context.ts';
import { incidentArg, isSet, textOption } from '../context.ts';
import { incidentText } from '../incident-text.ts';
import { clean } from '../text-layout.ts';
import { shortHash } from '../value-text.ts';
import { reasonText } from '../words.ts';

export const run: Run = async (context, typed): Promise<ExitCode> => {
  const { out, lang, reach } = context;
  const id = incidentArg(typed.args[0]);
  const wanted = hashOption(textOption(typed, 'plan'));
  const client = await reach();
  const { view } = await getIncident(client, id);
  const approval = approvalOf(view, context);
  if (isSet(typed, 'deny')) return decide(context, client, view, approval, 'deny', textOption(typed, 'reason'));
  if (wanted === undefined) out.say(`${incidentText(clean(view), [], { ...out, width: out.width, lang, logLines: 0, actions: true })}\n`);
  demandReady(view, context);
  const why = overrideReason(typed, view.id, approval);
  await demandHash(context, typed, view.id, approval, wanted);
  return decide(context, client, view, approval, 'grant', why);
};

/** What overrides a guard wants its reason, and nothing else does. */
function overrideReason(typed: Typed, id: string, { override, planHash }: Approval): string | undefined {
  if (override === undefined) return undefined;
  const reason = textOption(typed, 'reason')?.trim() ?? '';
  if (reason !== '') return reason;
  throw new BelayError('BELAY_USAGE', `Your yes overrides the guard ${override.guard}, and the record wants to know why.`, {
    hint: `belay approve ${id} --plan ${shortHash(planHash)} --reason "<why>"`,
  });
}

function approvalOf({ id, approve }: IncidentView, { lang }: Context): Approval {
  if (approve.state !== 'none') return approve.approval;
  throw new BelayError('BELAY_NOT_FOUND', `${id}: ${reasonText(approve.why, lang)}`, { hint: `See where it stands: belay incident ${id}` });
}

/** Refused early with the reason of the screen; the server asks again under the incident's lock. */
function demandReady({ id, approve }: IncidentView, { lang }: Context): void {
  if (approve.state !== 'blocked') return;
  const { key } = approve.why;
  const code =
    key === 'why.needsRole' || key === 'why.alreadyGranted' || key === 'why.requestedByYou' ? 'BELAY_FORBIDDEN' : 'BELAY_PLAN_CHANGED';
  const hint =
    code === 'BELAY_FORBIDDEN'
      ? 'To speak as somebody else whose token you may read: --as PERSON. To say no: --deny'
      : `See where it stands: belay incident ${id}`;
  throw new BelayError(code, `${id}: ${reasonText(approve.why, lang)}`, { hint });
}

async function demandHash({ out }: Context, typed: Typed, id: string, approval: Approval, wanted: string | undefined): Promise<void> {
  const short = shortHash(approval.planHash);
  if (wanted !== undefined) {
    if (approval.planHash.startsWith(wanted)) return;
    throw new BelayError(
      'BELAY_PLAN_CHANGED',
      `${id} waits for the plan ${short} and not for ${wanted.slice(0, 8)}; nothing was approved.`,
      { hint: `Read it: belay incident ${id}` },
    );
  }
  if (!out.interactive) {
    const yes = isSet(typed, 'yes') ? '--yes never approves. ' : '';
    throw new BelayError('BELAY_USAGE', `${yes}Nothing was approved: an approval is for one plan, and none was named.`, {
      hint: `When you have read the plan above: belay approve ${id} --plan ${short}`,
    });
  }
  const typedHash = (await ask(`To approve exactly this plan, type the first 8 characters of its hash (${short}): `)).toLowerCase();
  if (typedHash.length >= 8 && approval.planHash.startsWith(typedHash)) return;
  throw new BelayError('BELAY_USAGE', 'That is not the hash of this plan; nothing was approved.', {
    hint: `Try again: belay approve ${id}. To say no: belay approve ${id} --deny`,
  });
}

async function decide(
  { out }: Context,
  client: Client,
  view: IncidentView,
  approval: Approval,
  decision: 'grant' | 'deny',
  reason: string | undefined,
): Promise<ExitCode> {
  const body = { decision, planHash: approval.planHash, ...(reason === undefined ? {} : { reason }) };
  const answer = await client.post<{ incident: Incident }>(`/v1/incidents/${view.id}/approvals/${encodeURIComponent(approval.id)}`, body);
  const now = answer.incident.approvals[approval.id];
  const granted = now?.granted.length ?? approval.granted.length + 1;
  out.data(answer, () =>
    decision === 'deny'
      ? `Denied. ${view.id} does not run this plan.`
      : `Approved: ${granted} of ${approval.min} for plan ${shortHash(approval.planHash)} of ${view.id}.`,
  );
  if (decision === 'deny') return EXIT.ok;
  if (granted < approval.min) out.say(`${approval.min - granted} more must approve: ${approval.from.join(' or ')}.`);
  else out.say(`It runs. Follow it: belay watch ${view.id}`);
  return EXIT.ok;
}
