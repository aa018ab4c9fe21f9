// Where objects are stored: the drivers of `buckets:` with the options of each. It describes, it does not act.
import type { DriverOptions, SpecOf } from './driver-options.ts';

export const BUCKET_DRIVERS = {
  'aws-cli': {
    bucket: { type: 'text', required: true },
    region: { type: 'text', otherwise: 'us-east-1' },
    /** Of something that speaks S3 and is not AWS. */
    endpoint: { type: 'url' },
    accessKey: { type: 'text' },
    secretKey: { type: 'text' },
    sessionToken: { type: 'text' },
    command: { type: 'texts', otherwise: ['aws'] },
    timeout: { type: 'duration', otherwise: 30_000, least: 1_000 },
  },
} as const satisfies Readonly<Record<string, DriverOptions>>;

export type BucketSpec = SpecOf<typeof BUCKET_DRIVERS, { readonly id: string }>;
export type BucketOf<D extends BucketSpec['driver']> = Extract<BucketSpec, { driver: D }>;
