// The actions of integrations (`n8n.activate` and its kin): what to do is the adapter's, the protocol of `do` is the same for all.
import { assert } from '../../domain/assert.ts';
import { ACTIONS, type ActionSpec } from '../../domain/catalog.ts';
import { driverOf } from '../../domain/integration-catalog.ts';
import type { JsonObject } from '../../domain/json.ts';
import type { Action } from '../../ports/action.ts';
import type { Deed } from '../../ports/integration.ts';
import { chosenFor, type Integrations } from '../integrations.ts';

export function integrationActions(integrations: Integrations): readonly Action[] {
  return Object.values(ACTIONS)
    .filter(({ name }) => driverOf(name) !== null)
    .map((spec) => actionOf(spec, integrations));
}

function actionOf(spec: ActionSpec, integrations: Integrations): Action {
  const deedOf = (args: JsonObject): Deed => {
    const deed = chosenFor(integrations, spec.name, args).integration.deeds[spec.name];
    assert(deed !== undefined, `${spec.name} is in the catalog and in no adapter`);
    return deed;
  };
  return {
    spec,
    // None of them has a version that an order could name: it is looked at again right before, and the plan says so.
    compareAndSet: () => 'none',
    notes: () => ['unguarded'],
    target: (args) => `integration:${chosenFor(integrations, spec.name, args).id}/${deedOf(args).place(args)}`,
    observe: async (args) => deedOf(args).observe(args),
    act: async (args, o) => deedOf(args).act(args, o),
    impossible: async (args) => deedOf(args).impossible(args),
    lastChange: async () => null,
  };
}
