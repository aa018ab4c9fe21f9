// The program that replays a trigger beside the server: it takes one order, reads the store by itself, answers, and ends. It gives way to
// everything else on this machine, and ends with the server that started it.
import { constants, setPriority } from 'node:os';
import type { ReplayCall, ReplaySaid } from './adapters/process/index.ts';
import { openStore } from './adapters/store-postgres/index.ts';
import { createDigest, systemTime } from './adapters/system/index.ts';
import { BelayError } from './domain/errors.ts';
import { replay } from './flows/rehearse/replay.ts';

/** Between two lines of progress. */
const TOLD_MS = 250;

process.on('disconnect', () => process.exit(0));
process.once('message', (message) => void answer(message as ReplayCall));
giveWay();

async function answer({ databaseUrl, ...order }: ReplayCall): Promise<void> {
  const store = openStore({ databaseUrl, digest: createDigest(''), time: systemTime, poolSize: 1 });
  let told = 0;
  const onProgress = (share: number): void => {
    if (Date.now() - told < TOLD_MS) return;
    told = Date.now();
    say({ said: 'progress', share });
  };
  try {
    say({ said: 'done', reports: await replay(order, { history: (asked) => store.signals.history(asked), onProgress }) });
  } catch (error) {
    if (!BelayError.is(error)) throw error;
    say({ said: 'failed', why: error.message });
  }
}

function say(said: ReplaySaid): void {
  process.send?.(said);
}

function giveWay(): void {
  try {
    setPriority(constants.priority.PRIORITY_LOW);
  } catch (error) {
    // A host that refuses it: the replay is no less right, only less polite.
    process.stderr.write(`priority: ${String(error)}\n`);
  }
}
