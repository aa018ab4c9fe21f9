// Secrets from where they are: the environment, files, age, Vault's HTTP, 1Password's command. What cannot be read is told without them.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { AGE } from '../../../scripts/lanes.ts';
import { findPart } from '../../../scripts/parts.ts';
import { createHttp } from '../../../src/adapters/http/index.ts';
import { createProcesses } from '../../../src/adapters/process/index.ts';
import { createSecrets } from '../../../src/adapters/secrets/index.ts';
import { createDigest, systemTime } from '../../../src/adapters/system/index.ts';
import type { SecretSpec } from '../../../src/domain/secret-catalog.ts';
import { demand, startVendor } from '../../world/vendors/vendor-server.ts';

const VALUE = 'jwt-access-secret-42';
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'belay-secrets-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string, mode = 0o600): string {
  const full = path.join(folder, name);
  writeFileSync(full, text);
  chmodSync(full, mode);
  return full;
}

function secretsOf(specs: readonly SecretSpec[], env: Readonly<Record<string, string>> = {}) {
  const deps = { http: createHttp({ allow: ['127.0.0.1'] }), processes: createProcesses(), baseDir: folder };
  return createSecrets(specs, { ...deps, env, time: systemTime, digest: createDigest('key') });
}

const filled = (spec: SecretSpec, env?: Readonly<Record<string, string>>): Promise<string> =>
  secretsOf([spec], env).fill(`Bearer {secret.${spec.id}}`);

describe('the environment and files', () => {
  test('give their value, without the end of the last line', async () => {
    file('plain', `${VALUE}\n`);
    expect(await filled({ id: 'a', driver: 'env', variable: 'JWT' }, { JWT: VALUE })).toBe(`Bearer ${VALUE}`);
    expect(await filled({ id: 'a', driver: 'file', path: 'plain' })).toBe(`Bearer ${VALUE}`);
  });

  test.each<readonly [string, SecretSpec, RegExp]>([
    ['a variable that is not set', { id: 'a', driver: 'env', variable: 'NOBODY' }, /variable NOBODY is not set/],
    ['a file that is not there', { id: 'a', driver: 'file', path: 'nobody' }, /nobody cannot be read \(ENOENT\)/],
    ['a folder', { id: 'a', driver: 'file', path: '.' }, /is no file/],
    ['a file that others may read', { id: 'a', driver: 'file', path: 'open' }, /may be read by others \(mode 644\)/],
    ['an empty file', { id: 'a', driver: 'file', path: 'empty' }, /empty/],
  ])('are refused: %s', async (_, spec, why) => {
    file('open', VALUE, 0o644);
    file('empty', '\n');
    const error = await filled(spec).catch((one: Error) => one);
    expect(error).toMatchObject({ code: 'BELAY_TARGET_UNREACHABLE', message: expect.stringMatching(why) });
    expect(String(error)).not.toContain(VALUE);
  });

  test('that nobody declared are told with those that are there', async () => {
    await expect(secretsOf([{ id: 'a', driver: 'env', variable: 'X' }]).fill('{secret.b}')).rejects.toMatchObject({
      code: 'BELAY_NOT_FOUND',
      hint: expect.stringContaining('Known: a'),
    });
  });
});

const age = findPart(AGE)?.file ?? null;
/** Both programs of Debian's package age. */
const run = (program: 'age' | 'age-keygen', args: readonly string[], input = '') =>
  spawnSync(path.join(path.dirname(age ?? ''), program), args, { input, encoding: 'utf8' });
describe.skipIf(age === null)(`age${age === null ? ': SKIPPED, there is no age (Debian: age)' : ''}`, () => {
  test('decrypts with its key, and says what it says where that is another one', async () => {
    const made = run('age-keygen', ['-o', path.join(folder, 'key')]);
    const recipient = /age1\w+/.exec(made.stderr)?.[0] ?? '';
    run('age', ['-r', recipient, '-o', path.join(folder, 'jwt.age')], VALUE);
    const spec = { id: 'a', driver: 'age', path: 'jwt.age', identity: 'key', command: [age ?? 'age'] } as const;
    expect(await filled(spec)).toBe(`Bearer ${VALUE}`);
    run('age-keygen', ['-o', path.join(folder, 'other')]);
    await expect(filled({ ...spec, identity: 'other' })).rejects.toThrow(/age ended with 1/);
    chmodSync(path.join(folder, 'other'), 0o644);
    await expect(filled({ ...spec, identity: 'other' })).rejects.toThrow(/may be read by others/);
  });
});

describe('Vault', () => {
  const TOKEN = 'hvs.token-of-ours';
  const vault = async () => {
    const server = await startVendor(({ method, path: at, headers }) => {
      if (headers['x-vault-token'] !== TOKEN) return { status: 403, json: { errors: ['permission denied'] } };
      demand(method === 'GET' && at.startsWith('/v1/secret/data/'), `${method} ${at} is not described`, 404);
      demand(headers['x-vault-request'] === 'true', 'it is no request of a program');
      if (at !== '/v1/secret/data/shop/api') return { status: 404, json: { errors: [] } };
      return { status: 200, json: { data: { data: { jwt: VALUE, port: 8080 }, metadata: { version: 3 } } } };
    });
    onTestFinished(server.close);
    return server;
  };
  const spec = (url: string, more: object = {}): SecretSpec =>
    ({ id: 'a', driver: 'vault', url, mount: 'secret', path: 'shop/api', field: 'jwt', token: TOKEN, ...more }) as SecretSpec;

  test('gives a field of its newest version', async () => {
    const server = await vault();
    expect(await filled(spec(server.url))).toBe(`Bearer ${VALUE}`);
    file('vault-token', `${TOKEN}\n`);
    expect(await filled(spec(server.url, { token: undefined, tokenFile: 'vault-token' }))).toBe(`Bearer ${VALUE}`);
    expect(server.refused).toEqual([]);
  });

  test.each<readonly [string, object, RegExp]>([
    ['another token', { token: 'no' }, /Vault answered 403/],
    ['another path', { path: 'shop/x' }, /Vault answered 404/],
    ['a path that leads out of its folder', { path: 'shop/../x' }, /holds a step of dots/],
    ['another field', { field: 'toString' }, /has no text toString/],
    ['a field that is no text', { field: 'port' }, /has no text port/],
  ])('refuses %s, and what is told holds neither token nor secret', async (_, more, why) => {
    const server = await vault();
    const error = await filled(spec(server.url, more)).catch((one: Error) => one);
    expect(error).toMatchObject({ message: expect.stringMatching(why) });
    expect(String(error)).not.toMatch(/hvs|jwt-access/);
  });

  test.each(['error-500', 'cut', 'html', 'long', 'moved'] as const)('that has a bad day (%s) is told, and no secret', async (mood) => {
    const server = await vault();
    server.mood = mood;
    const error = await filled(spec(server.url)).catch((one: Error) => one);
    expect(error).toMatchObject({ name: 'BelayError' });
    expect(String(error)).not.toMatch(/hvs|jwt-access/);
  });
});

describe("1Password's command", () => {
  /** As `op read` is called: the reference behind --, the token in its environment, nothing else. */
  const fake = (): string =>
    file(
      'op',
      `#!/bin/sh\necho "$@" >> "${folder}/asked"\n[ "$OP_SERVICE_ACCOUNT_TOKEN" = ops_1 ] || { echo "[ERROR] not signed in" >&2; exit 1; }\n[ "$1 $2 $3 $4" = "read --no-newline -- op://prod/shop/jwt" ] || { echo "[ERROR] no item" >&2; exit 1; }\nprintf '${VALUE}'\n`,
      0o700,
    );
  const spec = (more: object = {}): SecretSpec =>
    ({ id: 'a', driver: 'op', reference: 'op://prod/shop/jwt', token: 'ops_1', command: [fake()], ...more }) as SecretSpec;

  test('is asked by argv, its token is in no argument', async () => {
    expect(await filled(spec())).toBe(`Bearer ${VALUE}`);
    expect(readFileSync(path.join(folder, 'asked'), 'utf8')).not.toContain('ops_1');
  });

  test.each<readonly [object, RegExp]>([
    [{ token: 'ops_2' }, /op ended with 1: \[ERROR\] not signed in/],
    [{ reference: 'op://prod/shop/none' }, /no item/],
    [{ reference: '--help' }, /begins with op:\/\//],
    [{ command: ['/nowhere/op'] }, /could not be started/],
  ])('that refuses is told with its first line: %j', async (more, why) => {
    await expect(filled(spec(more))).rejects.toThrow(why);
  });
});

test('secrets are hidden in what strangers wrote, also the one of before a rotation', async () => {
  const env = { A: 'first-value-1' };
  let now = 0;
  const deps = { http: createHttp({ allow: [] }), processes: createProcesses(), baseDir: folder };
  const secrets = createSecrets([{ id: 'a', driver: 'env', variable: 'A' }], {
    ...deps,
    env,
    time: { ...systemTime, monotonicMs: () => now },
    digest: createDigest('key'),
  });
  expect(await secrets.masked('x first-value-1 y')).toBe('x ••• y');
  env.A = 'second-value-2';
  now = 61_000;
  expect(await secrets.masked(`first-value-1 ${Buffer.from('second-value-2').toString('base64')}`)).toBe('••• •••');
});
