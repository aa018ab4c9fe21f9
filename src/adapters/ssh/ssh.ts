// Programs on another host: ssh is told everything by two files of ours, so that nothing of this user's own configuration, agent or known
// hosts counts, and only the key that belay.yaml names is believed. The words are quoted for the shell that sshd always starts.
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { BelayError } from '../../domain/errors.ts';
import type { Processes } from '../../ports/process.ts';
import type { NamedHost, Remote, RemoteOrder } from '../../ports/remote.ts';
import { beginMark } from './begun.ts';

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
      const { argv, env = {}, cwd, silentMs, hide = (text) => text, ...o } = order;
      const config = await configOf(host, Object.keys(env).toSorted());
      const alive = silentMs === undefined ? [] : aliveOptions(silentMs);
      const words = remoteWords({ argv, ...(cwd === undefined ? {} : { cwd }) });
      const mark = beginMark();
      const { code, stdout, stderr } = await processes.run(['ssh', '-F', config, ...mark.options, ...alive, '--', host.id, words], {
        ...o,
        ...(o.maxOutputBytes === undefined ? {} : { maxOutputBytes: o.maxOutputBytes + mark.bytes }),
        env: { ...mark.env, ...env },
        hide: (printed) => hide(mark.without(printed)),
      });
      const said = mark.without(stderr);
      // A shell that the order names may be one that prints nothing of ours.
      const begun = mark.isIn(stderr) || env['SHELL'] !== undefined;
      if (code === SSH_FAILED && stdout === '' && !(mark.isIn(stderr) && !BROKEN.test(said))) {
        throw refused({ where, host, stderr, said: (await hide(said)).trim(), begun });
      }
      return { code, stdout, stderr: said };
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
  const known = `${host.id} ${host.hostKey}\n`;
  const knownHosts = join(folder, `known_hosts-${hashOf(known)}`);
  const lines = [
    'Host *',
    `HostName ${host.address}`,
    `Port ${host.port}`,
    `User ${host.user}`,
    `HostKeyAlias ${host.id}`,
    `UserKnownHostsFile ${quoted(knownHosts)}`,
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
    'ControlMaster no',
    'ControlPath none',
    'RequestTTY no',
    'LogLevel ERROR',
    `ConnectTimeout ${CONNECT_S}`,
    ...(env.length === 0 ? [] : [`SendEnv ${env.join(' ')}`]),
  ];
  const text = `${lines.join('\n')}\n`;
  // By what stands in it: a host that has another address or key by now, or an order with other variables, never changes the file of another.
  const config = join(folder, `config-${hashOf(text)}`);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeWhole(knownHosts, known);
    await writeWhole(config, text);
    return config;
  } catch (cause) {
    throw new BelayError('BELAY_TARGET_UNREACHABLE', `the files for ssh cannot be written in ${folder}`, {
      hint: 'Free some space there, or let Belay write there.',
      cause,
    });
  }
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 24);

async function writeWhole(path: string, text: string): Promise<void> {
  const draft = `${path}.${randomUUID().slice(0, 8)}`;
  await writeFile(draft, text, { mode: 0o600, flag: 'wx' });
  await rename(draft, path);
}

/** Ends before a session begins, in the words of ssh: a program there that starts an ssh of its own may print the same. */
const NEVER_THERE =
  /host key verification failed|permission denied|connection refused|could not resolve|no route to host|timed out|identification has changed/i;
/** The last words of an ssh whose connection broke while the order ran. */
const BROKEN =
  /(timeout, server .* not responding|closed by remote host|send disconnect: .*|connection (reset|to .* port \d+).*|broken pipe)\.?\s*$/i;

interface Refusal {
  readonly where: string;
  readonly host: NamedHost;
  readonly stderr: string;
  /** What of it may be shown. */
  readonly said: string;
  /** The order may have gone out. */
  readonly begun: boolean;
}

function refused({ where, host, stderr, said, begun }: Refusal): BelayError {
  return new BelayError('BELAY_TARGET_UNREACHABLE', `${where}: ${said.slice(-TOLD) || 'ssh failed'}`, {
    effect: !begun && NEVER_THERE.test(stderr) ? 'none' : 'unknown',
    hint: hintFor(host, begun ? '' : stderr),
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
