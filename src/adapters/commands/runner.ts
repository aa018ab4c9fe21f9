// Starts commands: here as a child of its own, elsewhere through ssh. It gives a command the variables that it names and no others, and what
// comes back holds none of their values, and none of the secrets that belay.yaml names: a command may print a key that nobody gave it.
// Whether a command may be started at all is not asked here.
import { resolve } from 'node:path';
import { BelayError } from '../../domain/errors.ts';
import { hostOf, type RunPolicy } from '../../domain/run-policy.ts';
import type { CommandOrder, CommandResult, CommandRunner } from '../../ports/command-runner.ts';
import type { Processes, ProcessResult } from '../../ports/process.ts';
import type { Secrets } from '../../ports/secrets.ts';
import type { Time } from '../../ports/time.ts';
import { cutText, withoutValues } from './output.ts';
import { SSH_FAILED, sshArgv } from './ssh.ts';

/** Of each stream: more than is kept, so that masking sees whole secrets. */
const CAPTURED_BYTES = 256 * 1024;

export interface CommandRunnerDeps {
  readonly processes: Processes;
  readonly time: Time;
  /** Where relative folders start. */
  readonly baseDir: string;
  /** Where files for ssh are written. */
  readonly dataDir: string;
  readonly secrets: Pick<Secrets, 'masked'>;
}

export function createCommandRunner(policy: RunPolicy, { processes, time, baseDir, dataDir, secrets }: CommandRunnerDeps) {
  const envOf = (names: readonly string[]): Readonly<Record<string, string>> =>
    Object.fromEntries(names.map((name) => [name, given(policy.env, 'variable', name)]));

  async function start(order: CommandOrder, env: Readonly<Record<string, string>>, hide: Hide): Promise<ProcessResult> {
    const o = { env, timeoutMs: order.timeoutMs, maxOutputBytes: CAPTURED_BYTES, hide };
    const id = hostOf(order.on);
    if (id === null) return processes.run(order.argv, { ...o, cwd: resolve(baseDir, order.cwd ?? '.') });
    const argv = await sshArgv(id, given(policy.hosts, 'host', id), order, { dir: dataDir, baseDir });
    const result = await processes.run(argv, o);
    if (result.code === SSH_FAILED && result.stdout === '')
      throw new BelayError('BELAY_TARGET_UNREACHABLE', `${order.on}: ${(await hide(result.stderr)).slice(-500) || 'ssh failed'}`, {
        // ssh says the same when it never came there and when the connection broke while the command ran.
        effect: neverThere(result.stderr) ? 'none' : 'unknown',
        hint: `Look at policy: run: hosts: ${id}: in belay.yaml; the key that the host shows must be its hostKey.`,
      });
    return result;
  }

  return {
    run: async (order): Promise<CommandResult> => {
      const env = envOf(order.env);
      // All of it, and then the cut: half of a secret is none that could be found.
      const hide: Hide = async (printed) => secrets.masked(withoutValues(printed, Object.values(env)));
      const from = time.monotonicMs();
      try {
        const { code, stdout, stderr } = await start(order, env, hide);
        const [text, trouble] = await Promise.all([hide(stdout), hide(stderr)]);
        return { code, text: cutText(text), trouble: cutText(trouble), tookMs: Math.round(time.monotonicMs() - from) };
      } catch (error) {
        // What a command printed before it was stopped is told in the error, and so is the program's name.
        throw BelayError.is(error) ? await withoutSecrets(error, hide) : error;
      }
    },
  } satisfies CommandRunner;
}

type Hide = (printed: string) => Promise<string>;

/** Ends before a session begins, in the words of ssh. */
const NEVER_THERE =
  /host key verification failed|permission denied|connection refused|could not resolve|no route to host|timed out|identification has changed/i;
const neverThere = (said: string): boolean => NEVER_THERE.test(said);

async function withoutSecrets(error: BelayError, hide: Hide): Promise<BelayError> {
  const { code, hint, effect, message } = error;
  return new BelayError(code, cutText(await hide(message)), { effect, cause: error, ...(hint === undefined ? {} : { hint }) });
}

/** @throws BELAY_NOT_FOUND */
function given<T>(all: Readonly<Record<string, T>>, what: string, name: string): T {
  const value = Object.hasOwn(all, name) ? all[name] : undefined;
  if (value !== undefined) return value;
  throw new BelayError('BELAY_NOT_FOUND', `belay.yaml names no ${what} ${name} for commands`, {
    hint: `Add it under policy: run: ${what === 'host' ? 'hosts' : 'env'}:.`,
  });
}
