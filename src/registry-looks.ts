// Which source of belay.yaml can be looked at by which probe, beside its own rhythm. It opens; nothing is asked yet.
import { createAwsBucket } from './adapters/aws-cli/index.ts';
import { containerLines } from './adapters/docker/index.ts';
import { createHostLook } from './adapters/host/index.ts';
import { createLogLook, seenIn } from './adapters/log/index.ts';
import { createErrorsLook } from './adapters/sentry-api/index.ts';
import { createVendorLook } from './adapters/status-page/index.ts';
import type { BucketSpec } from './domain/bucket-catalog.ts';
import { BelayError } from './domain/errors.ts';
import { isPulled, type PulledSpec } from './domain/source-catalog.ts';
import type { System } from './domain/system.ts';
import type { Bucket } from './ports/bucket.ts';
import type { LogQuestion, Looks, SampleLook } from './ports/looks.ts';
import type { Processes } from './ports/process.ts';
import type { Secrets } from './ports/secrets.ts';
import { linesOf, openReader, type ReaderDeps, type SourceDeps } from './registry.ts';

export function openLooks(system: System, deps: SourceDeps & { readonly secrets: Pick<Secrets, 'masked'> }): Looks {
  const { sources } = system;
  const byDriver = <D extends PulledSpec['driver'], T>(driver: D, open: (spec: Extract<PulledSpec, { driver: D }>) => T) =>
    Object.fromEntries(
      sources.filter((one): one is Extract<PulledSpec, { driver: D }> => one.driver === driver).map((one) => [one.id, open(one)]),
    );
  return {
    logs: {
      ...byDriver('log', (spec) => createLogLook(spec, deps)),
      ...byDriver('docker', (spec) => ({
        look: async (q: LogQuestion) => seenIn(spec.id, await containerLines(spec, deps, { container: q.container, since: q.since }), q),
      })),
    },
    vendors: byDriver('status-page', (spec) => createVendorLook(spec, deps)),
    errors: byDriver('sentry-api', (spec) => createErrorsLook(spec, deps)),
    samples: Object.fromEntries(sources.filter(isPulled).map((spec) => [spec.id, sampleLook(spec, { ...deps, ...linesOf(system) })])),
    host: createHostLook(deps),
    masked: (text) => deps.secrets.masked(text),
  };
}

/** A reader of its own: the one of detection keeps its place. Shares between two readings are not in a first one. */
function sampleLook(spec: PulledSpec, deps: ReaderDeps): SampleLook {
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

export interface BucketDeps {
  readonly processes: Processes;
  readonly secrets: Pick<Secrets, 'fill' | 'masked'>;
}

export const openBuckets = (system: System, deps: BucketDeps): Readonly<Record<string, Bucket>> =>
  Object.fromEntries((system.buckets ?? []).map((spec) => [spec.id, openBucket(spec, deps)]));

/** @throws BELAY_CONFIG_INVALID for options that mean nothing */
export function openBucket(spec: BucketSpec, deps: BucketDeps): Bucket {
  switch (spec.driver) {
    case 'aws-cli':
      return createAwsBucket(spec, deps);
  }
}
