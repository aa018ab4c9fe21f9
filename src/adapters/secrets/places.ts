// Where one secret is: the environment, a file, a file encrypted by age, Vault, 1Password. Each says why it cannot be read, never what it read.
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { BelayError } from '../../domain/errors.ts';
import { isFields } from '../../domain/received.ts';
import type { SecretOf, SecretSpec } from '../../domain/secret-catalog.ts';
import type { Http } from '../../ports/http.ts';
import type { Processes } from '../../ports/process.ts';
import type { SecretPlace } from '../../ports/secrets.ts';

export interface PlaceDeps {
  readonly http: Http;
  readonly processes: Pick<Processes, 'run'>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly baseDir: string;
}

const LONGEST_BYTES = 64 * 1024;
const TIMEOUT_MS = 10_000;

export function openPlace(spec: SecretSpec, deps: PlaceDeps): SecretPlace {
  switch (spec.driver) {
    case 'env':
      return { read: async () => whole(spec, deps.env[spec.variable] ?? '', `the variable ${spec.variable} is not set`) };
    case 'file':
      return { read: async () => whole(spec, await privateFile(spec, resolve(deps.baseDir, spec.path)), 'the file is empty') };
    case 'age':
      return { read: () => fromAge(spec, deps) };
    case 'vault':
      return { read: () => fromVault(spec, deps) };
    case 'op':
      return { read: () => fromOnePassword(spec, deps) };
  }
}

const trouble = (spec: SecretSpec, why: string, hint?: string): BelayError =>
  new BelayError('BELAY_TARGET_UNREACHABLE', `secret ${spec.id}: ${why}`, hint === undefined ? {} : { hint });

/** Without the end of the last line, which editors add. */
function whole(spec: SecretSpec, text: string, ifEmpty: string): string {
  const value = text.replace(/\r?\n$/, '');
  if (value === '') throw trouble(spec, ifEmpty);
  return value;
}

/** A file that others may read is no place for a secret. */
async function privateFile(spec: SecretSpec, path: string): Promise<string> {
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    throw trouble(spec, `${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`);
  }
  try {
    const found = await handle.stat();
    if (!found.isFile()) throw trouble(spec, `${path} is no file`);
    if (process.platform !== 'win32' && (found.mode & 0o077) !== 0)
      throw trouble(spec, `${path} may be read by others (mode ${(found.mode & 0o777).toString(8)})`, `Type: chmod 600 ${path}`);
    if (found.size > LONGEST_BYTES) throw trouble(spec, `${path} is larger than 64 KiB`);
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}

async function fromAge(spec: SecretOf<'age'>, { processes, baseDir }: PlaceDeps): Promise<string> {
  const [program = 'age', ...first] = spec.command;
  const identity = resolve(baseDir, spec.identity);
  // Its key must be as private as the secret.
  await privateFile(spec, identity);
  const { code, stdout, stderr } = await processes.run(
    [program, ...first, '--decrypt', '--identity', identity, '--', resolve(baseDir, spec.path)],
    { timeoutMs: TIMEOUT_MS, maxOutputBytes: LONGEST_BYTES },
  );
  if (code !== 0) throw trouble(spec, `age ended with ${code}: ${firstLine(stderr)}`);
  return whole(spec, stdout, 'the file holds nothing');
}

async function fromOnePassword(spec: SecretOf<'op'>, { processes }: PlaceDeps): Promise<string> {
  const [program = 'op', ...first] = spec.command;
  if (!spec.reference.startsWith('op://')) throw trouble(spec, 'reference begins with op://');
  const { code, stdout, stderr } = await processes.run([program, ...first, 'read', '--no-newline', '--', spec.reference], {
    timeoutMs: TIMEOUT_MS,
    maxOutputBytes: LONGEST_BYTES,
    ...(spec.token === undefined ? {} : { env: { OP_SERVICE_ACCOUNT_TOKEN: spec.token } }),
  });
  if (code !== 0) throw trouble(spec, `op ended with ${code}: ${firstLine(stderr)}`);
  return whole(spec, stdout, 'op gave nothing');
}

const firstLine = (text: string): string => (text.trim().split('\n')[0] ?? '').slice(0, 200).replaceAll(/\p{Cc}/gu, ' ');

async function fromVault(spec: SecretOf<'vault'>, { http, baseDir }: PlaceDeps): Promise<string> {
  const token = spec.token ?? (spec.tokenFile === undefined ? '' : await privateFile(spec, resolve(baseDir, spec.tokenFile))).trim();
  const path = spec.path.split('/').map(encodeURIComponent).join('/');
  const answer = await http.request({
    method: 'GET',
    url: `${spec.url.replace(/\/+$/, '')}/v1/${encodeURIComponent(spec.mount)}/data/${path}`,
    headers: {
      'x-vault-token': token,
      'x-vault-request': 'true',
      ...(spec.namespace === undefined ? {} : { 'x-vault-namespace': spec.namespace }),
    },
    timeoutMs: TIMEOUT_MS,
    maxBytes: LONGEST_BYTES,
  });
  if (answer.status !== 200) throw trouble(spec, `Vault answered ${answer.status}`, VAULT_HINTS[answer.status]);
  const value = fieldOf(answer.body, spec.field);
  if (value === null) throw trouble(spec, `the secret of Vault has no text ${spec.field}`, 'Look at mount, path and field.');
  return whole(spec, value, 'Vault gave nothing');
}

const VAULT_HINTS: Readonly<Record<number, string>> = {
  403: 'The token is over, or its policy does not allow to read this path.',
  404: 'Look at mount and path; or its newest version was deleted.',
  503: 'Vault is sealed.',
};

/** Of version 2 of its store of keys and values. */
function fieldOf(body: string, field: string): string | null {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    // Told as a field that is not there.
    return null;
  }
  const data = isFields(json) && isFields(json['data']) ? json['data']['data'] : null;
  const value = isFields(data) && Object.hasOwn(data, field) ? data[field] : null;
  return typeof value === 'string' ? value : null;
}
