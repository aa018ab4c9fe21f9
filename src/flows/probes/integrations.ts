// The probes of integrations (`n8n.workflow` and its kin): the adapter measures, trouble in the world is "not known".
import { assert } from '../../domain/assert.ts';
import { PROBES } from '../../domain/catalog.ts';
import { driverOf } from '../../domain/integration-catalog.ts';
import type { Probe } from '../../ports/probe.ts';
import { chosenFor, type Integrations } from '../integrations.ts';
import { probeOf } from './probe.ts';

export function integrationProbes(integrations: Integrations): readonly Probe[] {
  return Object.keys(PROBES)
    .filter((name) => driverOf(name) !== null)
    .map((name) =>
      probeOf(name, async (args) => {
        const measure = chosenFor(integrations, name, args).integration.probes[name];
        assert(measure !== undefined, `${name} is in the catalog and in no adapter`);
        return { known: true, values: await measure(args) };
      }),
    );
}
