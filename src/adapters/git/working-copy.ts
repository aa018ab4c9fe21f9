// Looks at a folder in which people work with git: its branch, whether it is clean, and how far it is from its remote as it is now. Nothing
// in it is written, not even what git would remember of a fetch.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { BelayError } from '../../domain/errors.ts';
import type { Processes } from '../../ports/process.ts';
import type { WorkingCopies, WorkingCopy } from '../../ports/working-copy.ts';

const LOCAL_MS = 15_000;
const REMOTE_MS = 30_000;
const NO_TRACE = { GIT_OPTIONAL_LOCKS: '0', GIT_TERMINAL_PROMPT: '0', GIT_ASKPASS: '/bin/false', LC_ALL: 'C' };
/** Programs that the folder's own configuration names are not run for a look. */
const PLAIN = ['-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null', '-c', 'gc.auto=0', '-c', 'credential.helper='];

type Env = Readonly<Record<string, string>>;
type Git = (args: readonly string[], o?: { readonly env?: Env; readonly timeoutMs?: number }) => Promise<string>;

export function createWorkingCopies({ processes, baseDir }: { readonly processes: Processes; readonly baseDir: string }) {
  return {
    look: async (dir) => {
      const folder = resolve(baseDir, dir);
      return lookAt(folder, gitIn(folder, processes));
    },
  } satisfies WorkingCopies;
}

function gitIn(folder: string, processes: Processes): Git {
  return async (args, { env = {}, timeoutMs = LOCAL_MS } = {}) => {
    try {
      const { code, stdout, stderr } = await processes.run(['git', '-C', folder, ...PLAIN, ...args], {
        env: { ...NO_TRACE, ...env },
        timeoutMs,
      });
      if (code === 0) return stdout;
      throw unreadable(folder, lastLine(stderr));
    } catch (cause) {
      if (BelayError.is(cause, 'BELAY_TARGET_UNREACHABLE') || !BelayError.is(cause)) throw cause;
      throw unreadable(folder, cause.message);
    }
  };
}

async function lookAt(folder: string, git: Git): Promise<WorkingCopy> {
  const status = await git(['status', '--porcelain=v2', '--branch', '--untracked-files=normal', '--ignore-submodules=none']);
  const head = /^# branch\.oid ([0-9a-f]{40,64})$/m.exec(status)?.[1];
  const branch = /^# branch\.head (.+)$/m.exec(status)?.[1] ?? '';
  if (head === undefined) throw unreadable(folder, 'it has no commit');
  const clean = status.split('\n').every((line) => line === '' || line.startsWith('#'));
  if (branch === '(detached)') throw unreadable(folder, 'no branch is checked out');
  const format = '--format=%(upstream:remotename) %(upstream:remoteref)';
  const [remote = '', ref = ''] = (await git(['for-each-ref', format, `refs/heads/${branch}`])).trim().split(' ');
  if (!/^[A-Za-z0-9][\w.-]*$/.test(remote) || !ref.startsWith('refs/')) throw unreadable(folder, `${branch} follows no branch of a remote`);
  const said = await git(['ls-remote', '--refs', remote, ref], { timeoutMs: REMOTE_MS });
  const there = /^([0-9a-f]{40,64})\t/.exec(said)?.[1];
  if (there === undefined) throw unreadable(folder, `${remote} has no ${ref}`);
  return { branch, clean, ...(there === head ? { ahead: 0, behind: 0 } : await distance({ git, head, there, remote, ref })) };
}

interface Between {
  readonly git: Git;
  readonly head: string;
  readonly there: string;
  readonly remote: string;
  readonly ref: string;
}

/** What the remote has and the folder has not is fetched beside it, and thrown away. */
async function distance({ git, head, there, remote, ref }: Between): Promise<Pick<WorkingCopy, 'ahead' | 'behind'>> {
  const objects = (await git(['rev-parse', '--path-format=absolute', '--git-path', 'objects'])).trim();
  const beside = await mkdtemp(join(tmpdir(), 'belay-git-'));
  try {
    const env = { GIT_OBJECT_DIRECTORY: beside, GIT_ALTERNATE_OBJECT_DIRECTORIES: objects };
    const quiet = ['--quiet', '--no-tags', '--no-write-fetch-head', '--no-auto-maintenance', '--no-recurse-submodules', '--refmap='];
    await git(['fetch', ...quiet, remote, ref], { env, timeoutMs: REMOTE_MS });
    const [ahead = '', behind = ''] = (await git(['rev-list', '--left-right', '--count', `${head}...${there}`, '--'], { env })).split(/\s/);
    return { ahead: Number(ahead), behind: Number(behind) };
  } finally {
    await rm(beside, { recursive: true, force: true });
  }
}

const lastLine = (stderr: string): string => (stderr.trim().split('\n').at(-1) ?? '').replaceAll(/\p{C}/gu, ' ').slice(0, 300);

function unreadable(folder: string, why: string): BelayError {
  return new BelayError('BELAY_TARGET_UNREACHABLE', `${folder} cannot be looked at: ${why}`, {
    hint: 'It must be a clone of git whose branch follows one of a remote that this machine reaches without a password.',
  });
}
