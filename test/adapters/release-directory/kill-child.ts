// A process that rolls a release directory back and is killed by SIGKILL at a named point of it. Its parent looks at what is left.
import { createProcesses } from '../../../src/adapters/process/index.ts';
import { createReleaseDirectory } from '../../../src/adapters/release-directory/index.ts';
import { systemTime } from '../../../src/adapters/system/index.ts';
import type { TargetOptions } from '../../../src/domain/target-catalog.ts';
import type { Processes } from '../../../src/ports/process.ts';

export type KillPoint = 'before the link' | 'before the reload' | 'after the reload';

export interface KillOrder {
  readonly baseDir: string;
  readonly options: TargetOptions<'release-directory'>;
  readonly to: string;
  readonly expected: string;
  readonly key: string;
  readonly at: KillPoint;
}

const die = (): Promise<never> => {
  process.kill(process.pid, 'SIGKILL');
  return new Promise(() => undefined);
};

const text = process.argv[2];
if (text !== undefined) {
  const order = JSON.parse(text) as KillOrder;
  const real = createProcesses();
  const processes: Processes = {
    ...real,
    locks: {
      hold: (path, o, work) =>
        real.locks.hold(path, o, (lock) => work({ assertHeld: async () => (order.at === 'before the link' ? die() : lock.assertHeld()) })),
    },
    signal: async (who, name) => {
      if (order.at === 'before the reload') await die();
      await real.signal(who, name);
      if (order.at === 'after the reload') await die();
    },
  };
  const target = createReleaseDirectory(order.options, { time: systemTime, processes, baseDir: order.baseDir });
  await target.rollTo(order.to, { expected: order.expected, key: order.key, reason: 'INC-1' });
}
