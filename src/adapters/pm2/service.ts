// Programs under PM2 as a service: restarted, stopped, begun and scaled by the numbers that PM2 gave them, never by a word such as `all`,
// which may mean others a moment later. It shows nothing of what PM2 prints: that holds the environment of every program.
import { Unusable } from '../../domain/answer.ts';
import { BelayError } from '../../domain/errors.ts';
import { labelText } from '../../domain/received.ts';
import type { ServiceOptions } from '../../domain/service-catalog.ts';
import type { Processes } from '../../ports/process.ts';
import type { ServiceControl } from '../../ports/service-control.ts';
import type { Time } from '../../ports/time.ts';
import { commandOf, demandDaemon, envOf, homeOf } from './command.ts';
import { type Program, programsIn } from './programs.ts';

const MOST_BYTES = 16 * 1024 * 1024;
const LOOK_MS = 20_000;
/** A name that PM2 would take for a number, a group or an option. */
export const NAME = /^(?!all$|-|\d+$)[\w.@:/-]{1,128}$/;

export interface Pm2Deps {
  readonly processes: Pick<Processes, 'run' | 'inspect'>;
  readonly time: Pick<Time, 'now'>;
  readonly baseDir: string;
}

/** @throws BELAY_CONFIG_INVALID */
export function createPm2Service(options: ServiceOptions<'pm2'>, { processes, time, baseDir }: Pm2Deps) {
  const { apps, timeoutMs } = options;
  const home = homeOf(options.home, baseDir);
  const command = commandOf(options.command);
  const odd = apps?.find((one) => !NAME.test(one));
  if (odd !== undefined)
    throw new BelayError('BELAY_CONFIG_INVALID', `driver pm2: apps: ${JSON.stringify(odd)} is no name: PM2 takes it for something else`, {
      hint: 'Give the program a name of letters, digits, and one of . _ - in eco.config.js.',
    });
  const list = () => programsOf({ command, home, processes, apps });
  const tell = async (verb: string, ...args: readonly string[]): Promise<void> => {
    await callPm2([...command, verb, ...args, '--silent'], { home, timeoutMs }, processes);
  };
  const ids = async (): Promise<readonly string[]> => {
    const found = (await list()).map((one) => String(one.id));
    if (found.length > 0) return found;
    throw new BelayError('BELAY_ACT_FAILED', `PM2 knows no program ${apps?.join(', ') ?? ''}`, {
      effect: 'none',
      hint: 'Start it once with its file: pm2 start eco.config.js.',
    });
  };
  const [only] = apps?.length === 1 ? apps : [];
  return {
    compareAndSet: 'none',
    verbs: only === undefined ? ['restart', 'stop', 'start'] : ['restart', 'stop', 'start', 'scale'],
    look: async () => {
      const programs = await list();
      const up = programs.filter(({ status }) => !['stopped', 'stopping', 'errored'].includes(status));
      const spent = programs.filter(({ status }) => status === 'errored');
      return {
        at: time.now(),
        units: up.map(({ id, name, pid, startedAt, status }) => {
          const unit = { id: `${labelText(name, 64)}-${id}`, life: `${pid}@${startedAt ?? 0}` };
          return { ...unit, ready: status === 'online' && pid > 0, startedAt };
        }),
        wanted: Math.max(programs.length, apps?.length ?? 1),
        restarts: programs.reduce((sum, one) => sum + one.restarts, 0),
        ...(spent.length === 0
          ? {}
          : { gaveUp: `PM2 has given up ${labelText(spent.map((one) => one.name).join(', '))}: it ends again and again` }),
      };
    },
    restart: async () => tell('restart', ...(await ids())),
    stop: async () => tell('stop', ...(await ids())),
    // That is how PM2 begins what it has stopped.
    start: async () => tell('restart', ...(await ids())),
    scale: async (to) => {
      if (only !== undefined) await tell('scale', only, String(to));
    },
  } satisfies ServiceControl;
}

/** @throws BELAY_ACT_FAILED, BELAY_TIMEOUT (both effect unknown), BELAY_PROCESS_FAILED (effect none) */
export async function callPm2(
  argv: readonly [string, ...string[]],
  { home, timeoutMs, cwd }: { readonly home: string; readonly timeoutMs: number; readonly cwd?: string },
  processes: Pick<Processes, 'run'>,
): Promise<void> {
  const hint = `Look at it: pm2 list, pm2 logs. Its home is ${home}.`;
  let code: number;
  try {
    ({ code } = await processes.run(argv, { env: envOf(home), timeoutMs, ...(cwd === undefined ? {} : { cwd }) }));
  } catch (error) {
    if (!BelayError.is(error, 'BELAY_TIMEOUT')) throw error;
    // What it wrote until then may hold the environment of a program.
    throw new BelayError('BELAY_TIMEOUT', `${labelText(argv[0])} did not end within ${timeoutMs} ms and was stopped`, {
      effect: 'unknown',
      hint,
    });
  }
  if (code !== 0)
    throw new BelayError('BELAY_ACT_FAILED', `${labelText(argv.slice(0, -1).join(' '))} ended with ${code}`, { effect: 'unknown', hint });
}

interface Calling {
  readonly command: readonly [string, ...string[]];
  readonly home: string;
  readonly processes: Pm2Deps['processes'];
  readonly apps: readonly string[] | undefined;
}

/** @throws BELAY_TARGET_UNREACHABLE */
export async function programsOf({ command, home, processes, apps }: Calling): Promise<readonly Program[]> {
  try {
    await demandDaemon(home, processes);
    const { code, stdout } = await processes.run([...command, 'jlist'], {
      env: envOf(home),
      timeoutMs: LOOK_MS,
      maxOutputBytes: MOST_BYTES,
    });
    if (code !== 0) throw new Unusable(`${labelText(command[0])} jlist ended with ${code}`);
    return programsIn(stdout).filter((one) => apps === undefined || apps.includes(one.name));
  } catch (error) {
    if (!(error instanceof Unusable) && !BelayError.is(error)) throw error;
    // The end of what it wrote would stand in the message of a program that was stopped.
    const why = BelayError.is(error, 'BELAY_TIMEOUT') ? `${labelText(command[0])} jlist did not end within ${LOOK_MS} ms` : error.message;
    throw new BelayError('BELAY_TARGET_UNREACHABLE', why, { hint: `Run Belay as the user of PM2, and name its home. It is ${home} here.` });
  }
}
