// `belay run`: shows the plan, starts exactly that, and follows it until it ends or waits for people. Ctrl-C lets go of it.
import type { ExitCode } from '../../domain/errors.ts';
import { BelayError, EXIT } from '../../domain/errors.ts';
import type { Incident } from '../../domain/incident.ts';
import type { Plan } from '../../domain/plan.ts';
import { hashOption } from '../api.ts';
import { askYes } from '../ask.ts';
import type { Context, Run, Typed } from '../context.ts';
import { isSet, textOption } from '../context.ts';
import { planFromServer } from '../plan-of.ts';
import { planText } from '../plan-text.ts';
import { followRun } from '../run-end.ts';
import { overrides, skips, steer, steeringOf } from '../steer.ts';
import { clean } from '../text-layout.ts';
import { shortHash } from '../value-text.ts';

export const run: Run = async (context, typed): Promise<ExitCode> => {
  const { out, lang, reach } = context;
  const steered = steeringOf(typed);
  const overridden = overrides(typed);
  if (steered !== null && overridden.length > 0)
    throw new BelayError('BELAY_USAGE', 'A guard is overridden where a run is begun; one at work asks for it itself.', {
      hint: `See what waits: belay incident ${steered.incident}`,
    });
  if (steered !== null) return steer(context, typed, steered);
  if (typed.args[0] === undefined)
    throw new BelayError('BELAY_USAGE', 'Which runbook?', {
      hint: 'Name it: belay run <runbook>. To go on with one: belay run --continue INC-1',
    });
  const wanted = hashOption(textOption(typed, 'plan'));
  const client = await reach();
  const plan = await planFromServer(client, typed, context);
  const show = (): string => planText(clean(plan), { ...out, width: out.width, lang });
  if (isSet(typed, 'dryRun')) {
    out.data(plan, show);
    return EXIT.ok;
  }
  if (wanted === undefined || !plan.planHash.startsWith(wanted)) out.say(`${show()}\n`);
  await demandPlan(context, typed, plan, wanted);
  const { incident } = await client.post<{ incident: Incident }>('/v1/runs', {
    runbook: plan.runbook,
    inputs: plan.inputs,
    planHash: plan.planHash,
    ...(textOption(typed, 'until') === undefined ? {} : { until: textOption(typed, 'until') }),
    ...(skips(typed).length === 0 ? {} : { skip: skips(typed) }),
    ...(overridden.length === 0 ? {} : { override: overridden }),
  });
  if (isSet(typed, 'detach')) {
    out.data({ incident }, () => `${incident.id} runs ${plan.runbook}. Follow it: belay watch ${incident.id}`);
    return EXIT.ok;
  }
  return followRun(context, incident, { untilEnd: isSet(typed, 'untilEnd') });
};

async function demandPlan({ out }: Context, typed: Typed, plan: Plan, wanted: string | undefined): Promise<void> {
  const short = shortHash(plan.planHash);
  if (wanted !== undefined) {
    if (plan.planHash.startsWith(wanted)) return;
    throw new BelayError('BELAY_PLAN_CHANGED', `The plan is now ${short} and no longer ${wanted.slice(0, 8)}; nothing was started.`, {
      hint: `Read it above. To run it: --plan ${short}`,
    });
  }
  if (isSet(typed, 'yes')) return;
  if (!out.interactive)
    throw new BelayError('BELAY_USAGE', 'Nothing was started: nobody is there to say yes to this plan.', {
      hint: `Name the plan: --plan ${short}. Or take whatever it is: --yes`,
    });
  if (await askYes(`Run ${plan.runbook} as planned?`)) return;
  throw new BelayError('BELAY_USAGE', 'Nothing was started.', { hint: `To see the plan again: belay plan ${plan.runbook}` });
}
