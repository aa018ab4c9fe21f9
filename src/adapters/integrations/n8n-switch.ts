// Which workflow of n8n serves an organization, as a flow switch: each flow is a workflow, named by a template. Setting one switches the others
// off and this one on; it counts once n8n routes its webhooks.
import { BelayError } from '../../domain/errors.ts';
import type { SwitchOptions } from '../../domain/switch-catalog.ts';
import type { FlowState, FlowSwitch } from '../../ports/flow-switch.ts';
import { type AskDeps, wrongOption } from './ask.ts';
import { theOne } from './n8n.ts';
import { openWorkflows, type Workflow, type Workflows } from './n8n-workflows.ts';

/** What was seen of an organization, in this life of Belay. */
interface Seen {
  readonly value: string;
  readonly previous: string | null;
  /** n8n tells when a workflow was written, and not when it went on or off. */
  readonly changedAt: number;
  /** The order that made it so, and what was there afterwards. */
  readonly key?: string;
}
interface Look {
  readonly state: Omit<FlowState, 'previous'>;
  readonly workflows: ReadonlyMap<string, Workflow>;
}

/** @throws BELAY_CONFIG_INVALID */
export function createN8nSwitch(options: SwitchOptions<'n8n'>, deps: AskDeps): FlowSwitch {
  const flows = Object.entries(options.workflows);
  if (flows.length < 2)
    throw wrongOption('n8n', 'workflows: at least two flows are needed, such as { stable: "dm-v1-{org}", next: "dm-v2-{org}" }');
  for (const [flow, template] of flows)
    if (!template.includes('{org}'))
      throw wrongOption('n8n', `workflows: ${flow} lacks {org}, so that all organizations would be switched at once`);
  const workflows = openWorkflows(options, deps);
  const seen = new Map<string, Seen>();
  const turns = new Map<string, Promise<unknown>>();
  const note = (org: string, { state }: Look, key?: string): FlowState => {
    const before = seen.get(org);
    const previous = before === undefined ? null : before.value === state.value ? before.previous : before.value;
    const changedAt = before === undefined ? state.changedAt : before.value === state.value ? before.changedAt : deps.time.now();
    const kept = key ?? (before?.value === state.value ? before.key : undefined);
    seen.set(org, { value: state.value, previous, changedAt, ...(kept === undefined ? {} : { key: kept }) });
    return { ...state, previous, changedAt };
  };
  return {
    compareAndSet: 'lock',
    values: flows.map(([flow]) => flow),
    get: async (org) => note(org, await look(workflows, flows, org)),
    set: (org, value, { expected, key }) =>
      inTurn(turns, org, async () => {
        if (!flows.some(([flow]) => flow === value))
          throw new BelayError('BELAY_INPUT_INVALID', `"${value}" is no flow of this switch`, {
            hint: `Flows: ${flows.map(([flow]) => flow).join(', ')}.`,
          });
        const now = await look(workflows, flows, org);
        if (now.state.value === value && seen.get(org)?.key === key) return;
        if (now.state.fingerprint !== expected)
          throw new BelayError('BELAY_TARGET_CONFLICT', `${workflows.name}: ${org} is on ${now.state.value}, not as it was`, {
            hint: 'Somebody else has changed it in between: plan again.',
          });
        if (now.state.value === value) return;
        await change(workflows, now.workflows, value);
        note(org, await look(workflows, flows, org), key);
      }),
  };
}

/** One order for an organization after the other: the next one sees what the last one left. */
function inTurn<T>(turns: Map<string, Promise<unknown>>, org: string, work: () => Promise<T>): Promise<T> {
  const mine = (turns.get(org) ?? Promise.resolve()).then(work, work);
  turns.set(org, mine);
  // Told to whoever waits for it; the next in turn only waits for its end.
  mine.catch(() => undefined);
  return mine;
}

async function look(workflows: Workflows, flows: readonly (readonly [string, string])[], org: string): Promise<Look> {
  const found = new Map<string, Workflow>();
  for (const [flow, template] of flows) found.set(flow, await theOne(workflows, template.replaceAll('{org}', org)));
  const on = [...found].filter(([, one]) => one.active);
  const [only] = on;
  const value = only === undefined ? 'none' : on.length > 1 ? on.map(([flow]) => flow).join(' and ') : await routed(workflows, only);
  const fingerprint = [...found].map(([flow, one]) => `${flow}=${one.mark}`).join(';');
  const changedAt = Math.max(...[...found.values()].map((one) => one.changedAt));
  return { state: { value, fingerprint, changedAt }, workflows: found };
}

/** A flow whose webhooks are not there serves nobody, whatever its flag says. */
async function routed(workflows: Workflows, [flow, workflow]: readonly [string, Workflow]): Promise<string> {
  for (const webhook of workflow.webhooks) if (!(await workflows.isRouted(webhook))) return `${flow} (its webhook is not registered)`;
  return flow;
}

async function change(workflows: Workflows, found: ReadonlyMap<string, Workflow>, value: string): Promise<void> {
  const wanted = found.get(value);
  if (wanted === undefined) return;
  if (wanted.archived)
    throw new BelayError('BELAY_ACT_FAILED', `the workflow "${wanted.name}" is archived in n8n`, { hint: 'Unarchive it first.' });
  const others = [...found.values()].filter((one) => one.id !== wanted.id && one.active);
  for (const other of others) await workflows.switchOff(other);
  try {
    if (wanted.active) await workflows.switchOff(wanted);
    await workflows.switchOn(wanted);
  } catch (error) {
    // Now nobody serves the organization: that is an effect, whatever the second order said.
    if (BelayError.is(error) && error.effect === 'none' && others.length > 0)
      throw new BelayError(error.code, error.message, {
        effect: 'unknown',
        cause: error,
        ...(error.hint === undefined ? {} : { hint: error.hint }),
      });
    throw error;
  }
}
