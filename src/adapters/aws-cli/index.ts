// A bucket through the command line of AWS: by argv, its keys in the environment of the child alone, its answer small because the child
// itself picks the newest. It changes nothing there.

import type { BucketOf } from '../../domain/bucket-catalog.ts';
import { BelayError } from '../../domain/errors.ts';
import { isFields, labelText } from '../../domain/received.ts';
import type { Bucket, ObjectSeen } from '../../ports/bucket.ts';
import type { Processes } from '../../ports/process.ts';
import type { Secrets } from '../../ports/secrets.ts';

interface AwsDeps {
  readonly processes: Pick<Processes, 'run'>;
  readonly secrets: Pick<Secrets, 'fill' | 'masked'>;
}

const NAME = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const REGION = /^[a-z0-9-]{1,40}$/;
/** The child holds them all: of more a prefix must choose. */
const MOST_OBJECTS = 20_000;
const QUERY =
  '{objects: length(Contents || `[]`), newest: sort_by(Contents || `[]`, &LastModified)[-1].{key: Key, bytes: Size, at: LastModified}}';

/** @throws BELAY_CONFIG_INVALID for names that no bucket and no region can have */
export function createAwsBucket(spec: BucketOf<'aws-cli'>, { processes, secrets }: AwsDeps): Bucket {
  if (!NAME.test(spec.bucket)) throw wrong(spec, `bucket: "${spec.bucket}" is no name of a bucket`);
  if (!REGION.test(spec.region)) throw wrong(spec, `region: "${spec.region}" is no region`);
  const [program = 'aws', ...first] = spec.command;
  const endpoint = spec.endpoint === undefined ? [] : [`--endpoint-url=${spec.endpoint}`];

  const newest = async (prefix: string) => {
    const argv = [
      program,
      ...first,
      's3api',
      'list-objects-v2',
      `--bucket=${spec.bucket}`,
      `--prefix=${prefix}`,
      `--max-items=${MOST_OBJECTS}`,
      `--query=${QUERY}`,
      '--output=json',
      ...endpoint,
    ] as const;
    const { code, stdout, stderr } = await processes.run(argv, { env: await envOf(spec, secrets), timeoutMs: spec.timeoutMs });
    if (code !== 0) throw trouble(spec, `aws ended with ${code}: ${labelText(await secrets.masked(stderr.trim()), 300)}`);
    const answer = answerOf(stdout);
    if (answer === null) throw trouble(spec, 'aws answered something else than a list of objects');
    if (answer.objects >= MOST_OBJECTS)
      throw trouble(spec, `there are ${MOST_OBJECTS} objects or more under this prefix`, 'Give a longer prefix.');
    return answer;
  };
  return { newest } satisfies Bucket;
}

const wrong = (spec: { readonly id: string }, why: string): BelayError =>
  new BelayError('BELAY_CONFIG_INVALID', `bucket ${spec.id}: ${why}`);
const trouble = (spec: { readonly id: string }, why: string, hint?: string): BelayError =>
  new BelayError('BELAY_TARGET_UNREACHABLE', `bucket ${spec.id}: ${why}`, hint === undefined ? {} : { hint });

async function envOf(spec: BucketOf<'aws-cli'>, secrets: Pick<Secrets, 'fill'>): Promise<Readonly<Record<string, string>>> {
  const keys = { AWS_ACCESS_KEY_ID: spec.accessKey, AWS_SECRET_ACCESS_KEY: spec.secretKey, AWS_SESSION_TOKEN: spec.sessionToken };
  const filled = await Promise.all(
    Object.entries(keys).flatMap(([name, value]) => (value === undefined ? [] : [secrets.fill(value).then((one) => [name, one] as const)])),
  );
  // No question to the metadata of a machine, no pager, no tries that nobody waits for.
  return {
    ...Object.fromEntries(filled),
    AWS_DEFAULT_REGION: spec.region,
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_PAGER: '',
    AWS_MAX_ATTEMPTS: '2',
  };
}

function answerOf(text: string): { readonly objects: number; readonly newest: ObjectSeen | null } | null {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // Told as something else.
    return null;
  }
  if (!isFields(json) || !Number.isSafeInteger(json['objects'])) return null;
  const objects = json['objects'] as number;
  const { newest } = json;
  if (objects === 0) return { objects, newest: null };
  if (!isFields(newest)) return null;
  const { key, bytes } = newest;
  const at = Date.parse(String(newest['at']));
  if (typeof key !== 'string' || !Number.isSafeInteger(bytes) || !Number.isFinite(at)) return null;
  return { objects, newest: { key: labelText(key, 1_024), bytes: bytes as number, at } };
}
