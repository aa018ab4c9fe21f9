// Which source of belay.yaml can be looked at by which probe, beside its own rhythm. It opens; nothing is asked yet.
import { createHostLook } from './adapters/host/index.ts';
import { createLogLook } from './adapters/log/index.ts';
import { createErrorsLook } from './adapters/sentry-api/index.ts';
import { createVendorLook } from './adapters/status-page/index.ts';
import { BelayError } from './domain/errors.ts';
import { isPulled, type PulledSpec } from './domain/source-catalog.ts';
import type { System } from './domain/system.ts';
import type { Looks, SampleLook } from './ports/looks.ts';
import type { Secrets } from './ports/secrets.ts';
import { openReader, type SourceDeps } from './registry.ts';

export function openLooks(system: System, deps: SourceDeps & { readonly secrets: Pick<Secrets, 'masked'> }): Looks {
  const { sources } = system;
  const byDriver = <D extends PulledSpec['driver'], T>(driver: D, open: (spec: Extract<PulledSpec, { driver: D }>) => T) =>
    Object.fromEntries(
      sources.filter((one): one is Extract<PulledSpec, { driver: D }> => one.driver === driver).map((one) => [one.id, open(one)]),
    );
  return {
    logs: byDriver('log', (spec) => createLogLook(spec, deps)),
    vendors: byDriver('status-page', (spec) => createVendorLook(spec, deps)),
    errors: byDriver('sentry-api', (spec) => createErrorsLook(spec, deps)),
    samples: Object.fromEntries(sources.filter(isPulled).map((spec) => [spec.id, sampleLook(spec, deps)])),
    host: createHostLook(deps),
    masked: (text) => deps.secrets.masked(text),
  };
}

/** A reader of its own: the one of detection keeps its place. Shares between two readings are not in a first one. */
function sampleLook(spec: PulledSpec, deps: SourceDeps): SampleLook {
  return {
    look: async () => {
      const batch = await openReader(spec, deps).read(AbortSignal.timeout(spec.timeoutMs + SPARE_MS), {});
      if (batch.alive) return batch.samples;
      throw new BelayError('BELAY_TARGET_UNREACHABLE', `source ${spec.id}: ${batch.reason ?? 'it cannot be read'}`);
    },
  };
}

/** Readers end by themselves, in their own words; what does not is cut off. */
const SPARE_MS = 2_000;
