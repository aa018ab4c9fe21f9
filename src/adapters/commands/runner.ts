// Starts commands: here as a child of its own, elsewhere through ssh. It gives a command the variables that it names and no others, and what
// comes back holds none of their values, and none of the secrets that belay.yaml names: a command may print a key that nobody gave it.
// Whether a command may be started at all is not asked here.
import { resolve } from 'node:path';
import { BelayError } from '../../domain/errors.ts';
import { hostOf, type RunPolicy } from '../../domain/run-policy.ts';
import type { CommandOrder, CommandResult, CommandRunner } from '../../ports/command-runner.ts';
import type { Processes, ProcessResult } from '../../ports/process.ts';
import type { Remote } from '../../ports/remote.ts';
import type { Secrets } from '../../ports/secrets.ts';
import type { Time } from '../../ports/time.ts';
import { cutText, withoutValues } from './output.ts';

/** Of each stream: more than is kept, so that masking sees whole secrets. */
const CAPTURED_BYTES = 256 * 1024;

export interface CommandRunnerDeps {
  readonly processes: Processes;
  readonly time: Time;
  /** Where relative folders start. */
  readonly baseDir: string;
  readonly remote: Remote;
  readonly secrets: Pick<Secrets, 'masked'>;
}

export function createCommandRunner(policy: RunPolicy, { processes, time, baseDir, remote, secrets }: CommandRunnerDeps) {
  const envOf = (names: readonly string[]): Readonly<Record<string, string>> =>
    Object.fromEntries(names.map((name) => [name, given(policy.env, 'variable', name)]));

  async function start(order: CommandOrder, env: Readonly<Record<string, string>>, hide: Hide): Promise<ProcessResult> {
    const o = { env, timeoutMs: order.timeoutMs, maxOutputBytes: CAPTURED_BYTES, hide };
    const id = hostOf(order.on);
    if (id === null) return processes.run(order.argv, { ...o, cwd: resolve(baseDir, order.cwd ?? '.') });
    const { argv, cwd } = order;
    return remote.run(order.on, { ...given(policy.hosts, 'host', id), id }, { ...o, argv, ...(cwd === undefined ? {} : { cwd }) });
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
