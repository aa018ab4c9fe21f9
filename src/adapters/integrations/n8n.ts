// n8n: one named workflow is switched on or off. The flag of the API is not believed: on is when its webhooks are routed (and answer, where an
// address to call is given), off is when they are not, unless another active workflow has them.
import { BelayError } from '../../domain/errors.ts';
import type { IntegrationOptions } from '../../domain/integration-catalog.ts';
import type { JsonObject } from '../../domain/json.ts';
import type { Observation } from '../../ports/action.ts';
import type { Deed, Integration } from '../../ports/integration.ts';
import { type AskDeps, conflict, textIn } from './ask.ts';
import { openWorkflows, type Workflow, type Workflows } from './n8n-workflows.ts';

/** @throws BELAY_CONFIG_INVALID */
export function createN8n(options: IntegrationOptions<'n8n'>, deps: AskDeps): Integration {
  const workflows = openWorkflows(options, deps);
  return {
    driver: 'n8n',
    deeds: { 'n8n.activate': deedOf(workflows, true), 'n8n.deactivate': deedOf(workflows, false) },
    probes: {
      'n8n.workflow': async (args) => {
        const found = await workflows.find(textIn(args, 'name'));
        if (found.length > 1) throw ambiguous(workflows, textIn(args, 'name'), found);
        const [one] = found;
        return { found: one !== undefined, active: one?.active === true, archived: one?.archived === true };
      },
    },
  };
}

function deedOf(workflows: Workflows, on: boolean): Deed {
  return {
    place: (args) => `workflow/${textIn(args, 'workflow').replaceAll(/\s+/g, '_')}`,
    observe: async (args) => observe(workflows, await theOne(workflows, textIn(args, 'workflow')), args, on),
    act: async (args, { expected }) => {
      const workflow = await theOne(workflows, textIn(args, 'workflow'));
      if (workflow.mark !== expected) {
        // What was wanted is there: whoever did it.
        if (workflow.active === on) return;
        throw conflict(`the workflow "${workflow.name}"`);
      }
      if (!on) return workflows.switchOff(workflow);
      // On by its flag, and yet not routed: n8n registers its webhooks anew only when it goes off and on.
      if (workflow.active) await workflows.switchOff(workflow);
      await workflows.switchOn(workflow);
    },
    impossible: async (args) => {
      try {
        const workflow = await theOne(workflows, textIn(args, 'workflow'));
        return on && workflow.archived ? `the workflow "${workflow.name}" is archived in n8n: unarchive it first` : null;
      } catch (error) {
        if (BelayError.is(error, 'BELAY_NOT_FOUND') || BelayError.is(error, 'BELAY_INPUT_INVALID')) return error.message;
        throw error;
      }
    },
  };
}

/** @throws BELAY_NOT_FOUND, and BELAY_INPUT_INVALID where it is not one */
export async function theOne(workflows: Workflows, nameOrId: string): Promise<Workflow> {
  const found = await workflows.find(nameOrId);
  const [only] = found;
  if (only === undefined)
    throw new BelayError('BELAY_NOT_FOUND', `${workflows.name} has no workflow "${nameOrId}"`, {
      hint: 'Write its exact name, or its id as the address of the editor shows it.',
    });
  if (found.length > 1) throw ambiguous(workflows, nameOrId, found);
  return only;
}

const ambiguous = ({ name }: Workflows, written: string, found: readonly Workflow[]): BelayError =>
  new BelayError('BELAY_INPUT_INVALID', `${name} has ${found.length} workflows "${written}": ${found.map((one) => one.id).join(', ')}`, {
    hint: 'Write the id of the one that is meant.',
  });

const word = (workflow: Workflow, trouble: string): string => `${workflow.active ? 'active' : 'inactive'}${trouble}`;

async function observe(workflows: Workflows, workflow: Workflow, args: JsonObject, on: boolean): Promise<Observation> {
  const desired = on ? 'active' : 'inactive';
  // Where the flag says no, nothing needs to be called to know.
  const trouble = workflow.active !== on ? '' : on ? await whyNotOn(workflows, workflow, args) : await whyNotOff(workflows, workflow);
  return { current: word(workflow, trouble), desired, fingerprint: workflow.mark, reached: workflow.active === on && trouble === '' };
}

/** '' when its webhooks are there. */
async function whyNotOn(workflows: Workflows, workflow: Workflow, args: JsonObject): Promise<string> {
  for (const webhook of workflow.webhooks)
    if (!(await workflows.isRouted(webhook))) return `, but ${webhook.method} ${webhook.path} is not registered`;
  if (args['webhookUrl'] === undefined) return '';
  const url = textIn(args, 'webhookUrl');
  const answer = await workflows.call(url, workflow.webhooks[0]?.method ?? 'GET');
  if (answer === null) return ', but its webhook does not answer';
  if (answer.status >= 400) return `, but its webhook answers ${answer.status}`;
  const wanted = args['answers'] === undefined ? '' : textIn(args, 'answers');
  return answer.body.includes(wanted) ? '' : `, but its webhook does not say ${JSON.stringify(wanted)}`;
}

async function whyNotOff(workflows: Workflows, workflow: Workflow): Promise<string> {
  let active: readonly Workflow[] | null = null;
  for (const webhook of workflow.webhooks) {
    if (!(await workflows.isRouted(webhook))) continue;
    active ??= await workflows.active();
    const isOfAnother = active.some((one) => one.id !== workflow.id && one.webhooks.some((hook) => hook.path === webhook.path));
    if (!isOfAnother) return `, but ${webhook.method} ${webhook.path} is still routed`;
  }
  return '';
}
