// The `s3` probe: how old and how large the newest object under a prefix is. Of none there is no age, and so no proof.
import type { Bucket } from '../../ports/bucket.ts';
import type { Probe } from '../../ports/probe.ts';
import type { Time } from '../../ports/time.ts';
import { named, textOf } from '../actions/arguments.ts';
import { durationOf, optionalText, probeOf } from './probe.ts';

export function bucketProbe(buckets: Readonly<Record<string, Bucket>>, time: Pick<Time, 'now'>): Probe {
  return probeOf('s3', async (args) => {
    const { objects, newest } = await named(buckets, 'bucket', textOf(args, 'bucket')).newest(optionalText(args, 'prefix') ?? '');
    if (newest === null) return { known: true, values: { objects, fresh: false } };
    const ageMs = Math.max(0, time.now() - newest.at);
    const fresh = ageMs < (durationOf(args, 'newerThan') ?? 0);
    return { known: true, values: { objects, fresh, newest: newest.key, newestBytes: newest.bytes, newestAgeMs: ageMs } };
  });
}
