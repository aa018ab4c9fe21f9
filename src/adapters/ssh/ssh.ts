// Programs on another host: ssh is told everything by two files of ours, so that nothing of this user's own configuration, agent or known
// hosts counts, and only the key that belay.yaml names is believed. The words are quoted for the shell that sshd always starts.
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { BelayError } from '../../domain/errors.ts';
import type { Processes } from '../../ports/process.ts';
import type { NamedHost, Remote, RemoteOrder } from '../../ports/remote.ts';

const CONNECT_S = 10;
/** Silent questions before a host is given up. */
const QUESTIONS = 3;
/** How ssh itself ends when it does not reach the host, or does not believe it. */
const SSH_FAILED = 255;
const TOLD = 500;

export interface SshDeps {
  readonly processes: Pick<Processes, 'run'>;
  /** Where our two files of each host are kept. */
  readonly dataDir: string;
  /** Where relative paths of keys start. */
  readonly baseDir: string;
}

export function createSsh({ processes, dataDir, baseDir }: SshDeps) {
  /** Written once: an ssh that starts meanwhile must not read half of it. */
  const written = new Map<string, Promise<string>>();
  const configOf = (host: NamedHost, env: readonly string[]): Promise<string> => {
    const name = JSON.stringify([host, env]);
    const file = written.get(name) ?? writeFiles(host, env, { dataDir, baseDir });
    written.set(name, file);
    file.catch(() => written.delete(name));
    return file;
  };
  return {
    run: async (where, host, order) => {
      const { argv, env = {}, cwd, silentMs, ...o } = order;
      const config = await configOf(host, Object.keys(env).toSorted());
      const alive = silentMs === undefined ? [] : aliveOptions(silentMs);
      const words = remoteWords({ argv, ...(cwd === undefined ? {} : { cwd }) });
      const result = await processes.run(['ssh', '-F', config, ...alive, '--', host.id, words], { ...o, env });
      if (result.code === SSH_FAILED && result.stdout === '') throw await refused(where, host, result.stderr, order);
      return result;
    },
  } satisfies Remote;
}

/** ssh asks the host whether it still listens, and gives up after some silent answers. */
function aliveOptions(silentMs: number): readonly string[] {
  const every = Math.max(1, Math.round(silentMs / 1000 / QUESTIONS));
  return ['-o', `ServerAliveInterval=${every}`, '-o', `ServerAliveCountMax=${Math.max(1, Math.round(silentMs / 1000 / every))}`];
}

/** @throws BELAY_TARGET_UNREACHABLE (effect none) when our files cannot be written */
async function writeFiles(host: NamedHost, env: readonly string[], place: Omit<SshDeps, 'processes'>): Promise<string> {
  const folder = join(place.dataDir, 'ssh', host.id);
  const config = join(
    folder,
    env.length === 0 ? 'config' : `config-${createHash('sha256').update(env.join('\n')).digest('hex').slice(0, 24)}`,
  );
  const lines = [
    'Host *',
    `HostName ${host.address}`,
    `Port ${host.port}`,
    `User ${host.user}`,
    `HostKeyAlias ${host.id}`,
    `UserKnownHostsFile ${quoted(join(folder, 'known_hosts'))}`,
    'GlobalKnownHostsFile /dev/null',
    'StrictHostKeyChecking yes',
    'UpdateHostKeys no',
    `IdentityFile ${quoted(resolve(place.baseDir, host.key))}`,
    'IdentitiesOnly yes',
    'IdentityAgent none',
    'BatchMode yes',
    'PreferredAuthentications publickey',
    'ClearAllForwardings yes',
    'ForwardAgent no',
    'PermitLocalCommand no',
    'ControlMaster no',
    'ControlPath none',
    'RequestTTY no',
    'LogLevel ERROR',
    `ConnectTimeout ${CONNECT_S}`,
    ...(env.length === 0 ? [] : [`SendEnv ${env.join(' ')}`]),
  ];
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeWhole(join(folder, 'known_hosts'), `${host.id} ${host.hostKey}\n`);
    await writeWhole(config, `${lines.join('\n')}\n`);
    return config;
  } catch (cause) {
    throw new BelayError('BELAY_TARGET_UNREACHABLE', `the files for ssh cannot be written in ${folder}`, {
      hint: 'Free some space there, or let Belay write there.',
      cause,
    });
  }
}

async function writeWhole(path: string, text: string): Promise<void> {
  const draft = `${path}.${randomUUID().slice(0, 8)}`;
  await writeFile(draft, text, { mode: 0o600, flag: 'wx' });
  await rename(draft, path);
}

/** Ends before a session begins, in the words of ssh. */
const NEVER_THERE =
  /host key verification failed|permission denied|connection refused|could not resolve|no route to host|timed out|identification has changed/i;
/** A host that was reached and is silent now is told with nearly the same word. */
const WAS_THERE = /timeout, server .* not responding/i;

async function refused(where: string, host: NamedHost, stderr: string, { hide = (text) => text }: RemoteOrder): Promise<BelayError> {
  const said = (await hide(stderr)).trim();
  return new BelayError('BELAY_TARGET_UNREACHABLE', `${where}: ${said.slice(-TOLD) || 'ssh failed'}`, {
    // ssh says the same when it never came there and when the connection broke while the command ran.
    effect: NEVER_THERE.test(stderr) && !WAS_THERE.test(stderr) ? 'none' : 'unknown',
    hint: hintFor(host, stderr),
  });
}

function hintFor({ address, port, user, key }: NamedHost, stderr: string): string {
  if (/host key verification failed|identification has changed/i.test(stderr))
    return `${address} shows another key than hostKey in belay.yaml. Ask who runs it whether its key has changed; "ssh-keyscan -p ${port} ${address}" shows what it shows now.`;
  if (/permission denied/i.test(stderr))
    return `${address} does not let ${user} in: the public half of ${key} ("ssh-keygen -y -f ${key}") belongs into authorized_keys there.`;
  return `Look whether ${address} runs and its port ${port} can be reached from here: "ssh-keyscan -p ${port} ${address}".`;
}

/** sshd hands one text to a shell: each word stands in single quotes, where a shell reads nothing. */
export function remoteWords({ argv, cwd }: Pick<RemoteOrder, 'argv' | 'cwd'>): string {
  const words = argv.map(shellWord).join(' ');
  return cwd === undefined ? `exec ${words}` : `cd -- ${shellWord(cwd)} && exec ${words}`;
}

const shellWord = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;
const quoted = (path: string): string => `"${path}"`;
