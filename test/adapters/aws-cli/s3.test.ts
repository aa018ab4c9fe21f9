// The newest object of a bucket through the real command line of AWS, against a server that checks its signatures; and what the command is
// called with, and what comes of its bad days, without it.
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { AWS } from '../../../scripts/lanes.ts';
import { createAwsBucket } from '../../../src/adapters/aws-cli/index.ts';
import { createProcesses } from '../../../src/adapters/process/index.ts';
import { pythonArgvOf, whyNot } from '../../world/parts/unpacked.ts';
import { START } from '../../world/scenes/deploy.ts';
import { BELAY_YAML, playFolder } from '../../world/scenes/folder.ts';
import { startS3 } from '../../world/vendors/s3.ts';

const KEYS = { accessKey: 'AKTEST', secretKey: 'secret/Key+of+tests' };
const HOUR_MS = 3_600_000;
const why = whyNot(AWS);
let server: Awaited<ReturnType<typeof startS3>>;
beforeAll(async () => {
  server = await startS3({ ...KEYS, bucket: 'backups' });
});
afterAll(() => server.close());

const yaml = (url: string, more = ''): string =>
  `${BELAY_YAML}secrets:\n  s3: { driver: env, variable: S3_SECRET }\n  s3-id: { driver: env, variable: S3_ID }\nbuckets:\n  backups: { driver: aws-cli, bucket: backups, endpoint: ${url}, accessKey: "{secret.s3-id}", secretKey: "{secret.s3}", command: ${JSON.stringify(pythonArgvOf(AWS))}${more} }\n`;
const COLLECT =
  '### Backup\n```belay collect\nfrom: [{ probe: s3, with: { bucket: backups, prefix: "db/", newerThan: 24h }, evidence: backup }]\n```\n\n';
const VERIFY =
  '### Fresh\n```belay verify\nall: [{ probe: s3, with: { bucket: backups, prefix: "db/", newerThan: 24h }, expect: "fresh && newestBytes > 1000" }]\ntimeout: 1s\n```\n';

describe.skipIf(why !== null)(`the real command line${why === null ? '' : `: SKIPPED, ${why}`}`, () => {
  const run = async (steps = VERIFY) => {
    const one = await playFolder({ yaml: yaml(server.url), env: { S3_SECRET: KEYS.secretKey, S3_ID: KEYS.accessKey }, steps });
    await one.run();
    return one;
  };

  test('says how old and how large the newest object of a prefix is, over pages; the key is in no record; what is old, or nothing, is no backup [S2-SY-04]', async () => {
    server.objects.push(
      ...[5, 4, 3, 2].map((age) => ({ key: `db/${9 - age} ä&.dump`, bytes: 1_000 * age, at: START - age * HOUR_MS })),
      { key: 'db/0.dump', bytes: 9_000, at: START - 1 * HOUR_MS },
      { key: 'other/new', bytes: 1, at: START },
    );
    const one = await run(COLLECT + VERIFY);
    expect(await one.kept('backup')).toEqual({
      known: true,
      values: { objects: 5, fresh: true, newest: 'db/0.dump', newestBytes: 9_000, newestAgeMs: HOUR_MS },
    });
    expect(await one.ended('fresh')).toMatchObject({ status: 'done' });
    expect(JSON.stringify(await one.events())).not.toContain(KEYS.secretKey);
    expect(server.asked.every((line) => line === 'GET /backups?db/')).toBe(true);
    server.objects.splice(0, server.objects.length, { key: 'db/old', bytes: 9_000, at: START - 30 * HOUR_MS });
    expect(await (await run()).ended('fresh')).toMatchObject({ status: 'failed', detail: { result: 'fail' } });
  }, 60_000);

  test('that is refused is a check that does not know, with the word of the store', async () => {
    const one = await playFolder({ yaml: yaml(server.url), env: { S3_SECRET: 'another-key-1', S3_ID: KEYS.accessKey }, steps: VERIFY });
    await one.run();
    expect((await one.all('check.recorded')).at(-1)).toMatchObject({
      result: 'inconclusive',
      reason: expect.stringContaining('SignatureDoesNotMatch'),
    });
  }, 60_000);
});

describe('the command', () => {
  const fake = (script: string) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'belay-aws-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const file = path.join(folder, 'aws');
    writeFileSync(
      file,
      `#!/bin/sh\nfor word in "$@"; do printf '%s\\n' "$word" >> "${folder}/argv"; done\nenv > "${folder}/env"\n${script}\n`,
    );
    chmodSync(file, 0o700);
    const secrets = { fill: async (text: string) => text, masked: async (text: string) => text };
    const spec = {
      id: 'b',
      driver: 'aws-cli',
      bucket: 'backups',
      region: 'sa-east-1',
      secretKey: 'k-e-y',
      command: [file],
      timeoutMs: 5_000,
    } as const;
    return { folder, newest: (prefix: string) => createAwsBucket(spec, { processes: createProcesses(), secrets }).newest(prefix) };
  };

  test('gets whatever a prefix is as one argument, and its key in its environment alone', async () => {
    const { folder, newest } = fake('echo \'{"objects":0,"newest":null}\'');
    expect(await newest('--delete $(x)\u00e4; "')).toEqual({ objects: 0, newest: null });
    const argv = readFileSync(path.join(folder, 'argv'), 'utf8');
    expect(argv).toContain('\n--prefix=--delete $(x)ä; "\n');
    expect(argv).not.toContain('k-e-y');
    const env = readFileSync(path.join(folder, 'env'), 'utf8');
    expect(env).toContain('AWS_SECRET_ACCESS_KEY=k-e-y');
    expect(env).not.toContain('HOME=');
  });

  test.each([
    ['echo nonsense', /something else/],
    ['echo \'{"objects":2}\'', /something else/],
    ['echo \'{"objects":1,"newest":{"key":"a","bytes":-0.5,"at":"2026-01-01"}}\'', /something else/],
    ['echo \'{"objects":20000,"newest":null}\'', /something else|20000 objects/],
    ['echo "Unable to locate credentials" >&2; exit 253', /aws ended with 253: Unable to locate credentials/],
  ])('that ends so is told: %s', async (script, why) => {
    await expect(fake(script).newest('')).rejects.toThrow(why);
  });

  test.each([{ bucket: '-b' }, { bucket: 'A' }, { region: 'a b' }])('of names that mean nothing is not opened: %j', (more) => {
    const spec = {
      id: 'b',
      driver: 'aws-cli',
      bucket: 'backups',
      region: 'sa-east-1',
      command: ['aws'],
      timeoutMs: 1_000,
      ...more,
    } as const;
    expect(() => createAwsBucket(spec, { processes: createProcesses(), secrets: null as never })).toThrow(/is no/);
  });
});
