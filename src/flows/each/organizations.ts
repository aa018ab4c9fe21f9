// Which organizations an `each` is about, as it is now: what its `over` gives, without doubles, in its order. It reads only.
import { conditionNames } from '../../domain/condition-names.ts';
import type { EachStep, Runbook } from '../../domain/ir.ts';
import type { Json, JsonObject } from '../../domain/json.ts';
import { overNames, readOver } from '../../domain/over.ts';
import { organizationNamed } from '../../domain/system.ts';
import type { Facts } from '../facts.ts';
import type { World } from '../world.ts';

/** `readings`: absent where nothing is measured. */
export type OverWorld = Pick<World, 'system' | 'expression'> & { readonly readings?: World['readings'] };

export type Organizations =
  | {
      readonly ok: true;
      readonly orgs: readonly string[] /** Names that belay.yaml does not list. */;
      readonly strangers: readonly string[];
    }
  | { readonly ok: false; readonly why: string };

export async function organizationsOf(world: OverWorld, step: EachStep, runbook: Runbook, facts: Facts): Promise<Organizations> {
  const given = typeof step.over === 'string' ? await evaluated(world, step.over, runbook, facts) : { ok: true as const, value: step.over };
  if (!given.ok) return given;
  if (!Array.isArray(given.value) || !given.value.every((one): one is string => typeof one === 'string'))
    return { ok: false, why: `over gives no list of organizations: ${JSON.stringify(given.value).slice(0, 100)}` };
  const listed = new Set(world.system.organizations.map((one) => one.id));
  const named = [...new Set(given.value)];
  return { ok: true, orgs: named.filter((one) => listed.has(one)), strangers: named.filter((one) => !listed.has(one)) };
}

type Evaluated = { readonly ok: true; readonly value: Json } | { readonly ok: false; readonly why: string };

async function evaluated(world: OverWorld, written: string, runbook: Runbook, { inputs, outputs }: Facts): Promise<Evaluated> {
  const over = readOver(written);
  const lists = await listsOf(world, over.triggers);
  if (lists === null) return { ok: false, why: 'nothing is measured here, so nobody knows which organizations are in breach' };
  const org = organizationNamed(world.system.organizations, inputs['org']);
  const names = { ...conditionNames(runbook, Object.keys(org ?? {})), ...overNames(over) };
  return world.expression.evaluate(over.source, names, {
    ...inputs,
    inputs,
    ...(org === undefined ? {} : { org }),
    steps: Object.fromEntries(Object.entries(outputs).map(([id, out]) => [id, { out }])),
    organizations: world.system.organizations.map((one) => one.id),
    ...lists,
  });
}

async function listsOf({ readings }: OverWorld, triggers: Readonly<Record<string, string>>): Promise<JsonObject | null> {
  const lists: Record<string, Json> = {};
  for (const [name, trigger] of Object.entries(triggers)) {
    if (readings === undefined) return null;
    const views = await readings.views(trigger);
    lists[name] = views
      .filter((view) => view.status === 'breached' && !view.unknown)
      .map((view) => view.scope)
      .toSorted();
  }
  return lists;
}
