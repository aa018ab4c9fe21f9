// PM2 as the supervisor of a deploy target of folders: each instance is asked where it really runs, and all are reloaded with the file that
// the live release brings. It never asks PM2 for "the deploy before", and knows no release.
import { readlink } from 'node:fs/promises';
import path from 'node:path';
import { BelayError } from '../../domain/errors.ts';
import { labelText } from '../../domain/received.ts';
import type { TargetOptions } from '../../domain/target-catalog.ts';
import type { Supervisor } from '../../ports/supervisor.ts';
import { commandOf, homeOf } from './command.ts';
import type { Program } from './programs.ts';
import { callPm2, NAME, type Pm2Deps, programsOf } from './service.ts';

/** @throws BELAY_CONFIG_INVALID */
export function createPm2Supervisor(options: TargetOptions<'pm2'>, { processes, baseDir }: Omit<Pm2Deps, 'time'>) {
  const { apps, config, timeoutMs } = options;
  const home = homeOf(options.home, baseDir);
  const command = commandOf(options.command);
  const current = path.join(path.resolve(baseDir, options.root), 'current');
  const odd = apps.find((one) => !NAME.test(one) || one.includes(','));
  if (odd !== undefined) throw wrong(`apps: ${JSON.stringify(odd)} is no name: PM2 takes it for something else`);
  if (path.isAbsolute(config) || config.split(/[/\\]/).includes('..') || !/\.(js|cjs|mjs|json)$/.test(config))
    throw wrong('config: it is a file inside each release, such as eco.config.js');
  return {
    look: async () => {
      const programs = await programsOf({ command, home, processes, apps });
      for (const one of programs) demandBehindLink(one, current);
      const units = await Promise.all(
        programs.map(async ({ name, id, pid, status }) => ({
          id: `${labelText(name, 64)}-${id}`,
          ready: status === 'online' && pid > 0,
          folder: pid > 0 ? await folderOf(pid) : null,
        })),
      );
      const missing = apps.filter((app) => !programs.some((one) => one.name === app));
      const spent = programs.filter((one) => one.status === 'errored').map((one) => one.name);
      return {
        units: [...units, ...missing.map((id) => ({ id, ready: false, folder: null }))],
        ...(spent.length === 0 ? {} : { gaveUp: `PM2 has given up ${labelText([...new Set(spent)].join(', '))}: it ends again and again` }),
      };
    },
    // It begins those that do not run, too; a plain reload refuses them.
    reload: (folder) =>
      callPm2(
        [...command, 'startOrReload', path.join(folder, config), '--only', apps.join(','), '--update-env', '--silent'],
        { home, timeoutMs, cwd: folder },
        processes,
      ),
  } satisfies Supervisor;
}

const wrong = (why: string): BelayError => new BelayError('BELAY_CONFIG_INVALID', `driver pm2: ${why}`);

/** A reload never moves a program to another folder: one that was begun outside of the link would run its old release for ever. */
function demandBehindLink({ name, folder }: Program, current: string): void {
  if (folder === current || folder.startsWith(`${current}${path.sep}`)) return;
  throw new BelayError('BELAY_TARGET_UNREACHABLE', `PM2 runs ${labelText(name)} in ${labelText(folder)}, not in ${current}`, {
    hint: `Begin it once anew with cwd: '${current}' in its configuration: pm2 delete ${labelText(name, 64)}, then pm2 start.`,
  });
}

/** Where the process itself says that it runs; null where the system does not tell, or where it has ended meanwhile. */
async function folderOf(pid: number): Promise<string | null> {
  try {
    return await readlink(`/proc/${pid}/cwd`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return null;
  }
}
