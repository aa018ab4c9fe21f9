// A command on another host: ssh is told everything by two files of ours, so that nothing of this user's own configuration, agent or known
// hosts counts, and only the key that belay.yaml names is believed. The words are quoted for the shell that sshd always starts.
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { BelayError } from '../../domain/errors.ts';
import type { SshHost } from '../../domain/run-policy.ts';
import type { CommandOrder } from '../../ports/command-runner.ts';

const CONNECT_S = 10;
/** How ssh itself ends when it does not reach the host, or does not believe it. */
export const SSH_FAILED = 255;

export interface SshPlace {
  /** Where our two files of each host are kept. */
  readonly dir: string;
  readonly baseDir: string;
}

/** @throws BELAY_TARGET_UNREACHABLE (effect none) when our files cannot be written */
export async function sshArgv(id: string, host: SshHost, order: CommandOrder, place: SshPlace): Promise<readonly [string, ...string[]]> {
  const folder = join(place.dir, 'ssh', id);
  const config = join(folder, 'config');
  const lines = [
    'Host *',
    `HostName ${host.address}`,
    `Port ${host.port}`,
    `User ${host.user}`,
    `HostKeyAlias ${id}`,
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
    ...(order.env.length === 0 ? [] : [`SendEnv ${order.env.join(' ')}`]),
  ];
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFile(join(folder, 'known_hosts'), `${id} ${host.hostKey}\n`, { mode: 0o600 });
    await writeFile(config, `${lines.join('\n')}\n`, { mode: 0o600 });
  } catch (cause) {
    throw new BelayError('BELAY_TARGET_UNREACHABLE', `the files for ssh cannot be written in ${folder}`, {
      hint: 'Free some space there, or let Belay write there.',
      cause,
    });
  }
  return ['ssh', '-F', config, '--', id, remoteWords(order)];
}

/** sshd hands one text to a shell: each word stands in single quotes, where a shell reads nothing. */
export function remoteWords({ argv, cwd }: Pick<CommandOrder, 'argv' | 'cwd'>): string {
  const words = argv.map(shellWord).join(' ');
  return cwd === undefined ? `exec ${words}` : `cd -- ${shellWord(cwd)} && exec ${words}`;
}

const shellWord = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;
const quoted = (path: string): string => `"${path}"`;
