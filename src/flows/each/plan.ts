// The plan of an `each`: the organizations, frozen, their batches, and what the first one's part would do. It reads only.
import type { PlannedEach } from '../../domain/fan-out.ts';
import { batchEnds } from '../../domain/fan-out.ts';
import type { EachStep, Runbook } from '../../domain/ir.ts';
import type { JsonObject } from '../../domain/json.ts';
import { renamed } from '../../domain/link-runbooks.ts';
import type { PlanStep } from '../../domain/plan.ts';
import type { System } from '../../domain/system.ts';
import { organizationNamed } from '../../domain/system.ts';
import type { Facts } from '../facts.ts';
import { lookupIn } from '../facts.ts';
import { resolveRefs } from '../refs.ts';
import type { OverWorld } from './organizations.ts';
import { organizationsOf } from './organizations.ts';

const MOST_NAMED = 5;

/** What the ids of an organization's part begin with. */
export const partPrefix = (step: string, org: string): string => `${step}.${org}.`;

export interface EachDraft {
  readonly step: Pick<PlanStep, 'effect' | 'each' | 'runbook' | 'args'>;
  readonly unknown: string | null;
  /** The part of the first organization, to be planned. */
  readonly first: { readonly org: string; readonly runbook: Runbook; readonly inputs: JsonObject } | null;
}

export async function draftEach(world: OverWorld, step: EachStep, runbook: Runbook, facts: Facts): Promise<EachDraft> {
  const base = { runbook: step.runbook.id, args: step.with };
  const found = await organizationsOf(world, step, runbook, facts);
  if (!found.ok) return { step: { ...base, effect: 'unknown' }, unknown: found.why, first: null };
  const { orgs, strangers } = found;
  const each = plannedEach(step, orgs);
  const [org] = orgs;
  return {
    step: { ...base, each, effect: orgs.length === 0 ? 'noop' : 'change' },
    unknown: strangersOf(strangers),
    first:
      org === undefined
        ? null
        : { org, runbook: renamed(step.runbook, partPrefix(step.id, org)), inputs: partInputs(world.system, step, org, facts).value },
  };
}

function plannedEach(step: EachStep, orgs: readonly string[]): PlannedEach {
  return {
    orgs,
    batches: batchEnds(orgs.length, step.batches),
    maxFailures: step.maxFailures,
    ...(step.cap === undefined ? {} : { cap: step.cap }),
    ...(step.gate === undefined ? {} : { gate: step.gate }),
  };
}

/** They are left out, and people learn of it before they say yes. */
function strangersOf(names: readonly string[]): string | null {
  if (names.length === 0) return null;
  const shown = names.slice(0, MOST_NAMED).map((name) => name.slice(0, 60));
  const more = names.length - shown.length;
  return `belay.yaml lists no organization ${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}; they are left out`;
}

/** `with` for one organization: `{<as>}` is its id, `{<as>.<field>}` a field of it. */
export function partInputs(
  system: System,
  step: Pick<EachStep, 'with' | 'as'>,
  org: string,
  facts: Facts,
): { readonly value: JsonObject; readonly missing: readonly string[] } {
  const found = organizationNamed(system.organizations, org);
  const outer = lookupIn(system, facts, null);
  return resolveRefs(step.with, (path) => {
    if (path[0] !== step.as) return outer(path);
    return path.length === 1 ? org : path.length === 2 ? found?.[path[1] ?? ''] : undefined;
  });
}
