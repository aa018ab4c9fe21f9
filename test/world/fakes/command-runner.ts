// Commands that are only counted: each start stands in a ledger that outlives kills, and a test says how they end. It runs nothing.

import type { DurableDisk } from '../../../src/adapters/virtual/durable-disk.ts';
import type { KillSwitch } from '../../../src/adapters/virtual/kill-switch.ts';
import type { CommandOrder, CommandResult, CommandRunner } from '../../../src/ports/command-runner.ts';

export interface CommandLedger {
  readonly started: CommandOrder[];
  /** How the next starts end: a result, or an error to throw. Behind the last one, code 0. */
  readonly answers: (Partial<CommandResult> | Error)[];
}

export const commandsOn = (disk: DurableDisk): CommandLedger => disk.part<CommandLedger>('commands', () => ({ started: [], answers: [] }));

export function createFakeCommandRunner({ disk, kill }: { readonly disk: DurableDisk; readonly kill: KillSwitch }) {
  return {
    run: async (order) => {
      await kill.at(`run:${order.argv[0]}:before`);
      const { started, answers } = commandsOn(disk);
      started.push(order);
      const answer = answers.shift();
      await kill.at(`run:${order.argv[0]}:after`);
      if (answer instanceof Error) throw answer;
      return { code: 0, text: '', trouble: '', tookMs: 5, ...answer };
    },
  } satisfies CommandRunner;
}
