// A program in place of a replay: it does what the trigger of its order is called.
import { setTimeout as wait } from 'node:timers/promises';
import type { ReplayCall, ReplaySaid } from '../../../src/adapters/process/index.ts';

const say = (said: ReplaySaid): void => void process.send?.(said);
process.on('disconnect', () => process.exit(0));
process.once('message', (message) => void act(message as ReplayCall));

async function act({ trigger, databaseUrl }: ReplayCall): Promise<void> {
  say({ said: 'progress', share: trigger === 'tells its pid' ? process.pid / 1e9 : 0.5 });
  if (trigger === 'answers') say({ said: 'done', reports: { written: databaseUrl as never, tried: null } });
  if (trigger === 'shows its environment')
    say({ said: 'done', reports: { written: Object.keys(process.env).sort() as never, tried: null } });
  if (trigger === 'refuses') say({ said: 'failed', why: 'the store does not answer' });
  if (trigger === 'breaks') throw new Error('a bug of the replay');
  if (trigger === 'leaves') process.exit(3);
  if (trigger === 'swells') swell();
  if (trigger === 'spins') for (;;) Math.sqrt(2);
  await wait(600_000);
}

function swell(): void {
  const kept: string[][] = [];
  for (;;) kept.push(Array.from({ length: 100_000 }, (_, index) => `${index} of ${kept.length}`));
}
