// `belay pause`: stops every new effect. The file is set by this command itself and the server is asked at the same time: whichever
// way works is enough, and neither waits for the other.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { BelayError } from '../../domain/errors.ts';
import type { PauseState } from '../../ports/pause.ts';
import type { Context, Run } from '../context.ts';
import { textOption } from '../context.ts';
import { livingServer } from '../server-file.ts';

/** A server that thinks longer than this is silent; the file stops it all the same. */
const PATIENCE_MS = 1000;
const REASON = 'paused from the command line';

export const run: Run = async (context, typed) => {
  const { out, dataDir, data, wiring } = context;
  // In the wrong folder a pause would be answered with a yes and stop nothing.
  if (!existsSync(dataDir)) {
    throw new BelayError('BELAY_NOT_FOUND', `There is no ${data}: no Belay has run here, so nothing was paused.`, {
      hint: 'Name the directory of the Belay that you mean: belay pause --data DIR',
    });
  }
  const reason = textOption(typed, 'reason') ?? REASON;
  const [file, server] = await Promise.allSettled([setFile(context, reason), askServer(context, reason)]);
  if (file.status === 'rejected' && server.status === 'rejected') throw file.reason;
  const state = server.status === 'fulfilled' && server.value !== null ? server.value : await (await wiring.pauseFile(dataDir)).read();
  const silent = server.status === 'rejected' || server.value === null;
  out.data(
    { ...state, server: server.status === 'fulfilled' ? (server.value === null ? 'not-running' : 'answered') : 'silent' },
    () => 'Paused. No new effect begins; what is at work now is finished and checked.',
  );
  if (silent) out.say(silence(context, server.status === 'rejected' ? server.reason : null));
  out.say('Go on with: belay resume');
  return undefined;
};

async function setFile({ wiring, dataDir, as }: Context, reason: string): Promise<void> {
  await (await wiring.pauseFile(dataDir)).pause(as ?? 'operator', reason);
}

/** Null when no server lives here. */
async function askServer({ dataDir, reach }: Context, reason: string): Promise<PauseState | null> {
  if (livingServer(dataDir) === null) return null;
  const client = await reach({ timeoutMs: PATIENCE_MS });
  return client.post<PauseState>('/v1/pause', { reason });
}

function silence({ data, dataDir }: Context, why: unknown): string {
  const file = join(data, 'pause');
  if (why !== null)
    return `Belay did not answer (${why instanceof Error ? why.message : String(why)}). The file ${file} stops it: it is read right before each act.`;
  const known = ['server.json', 'journal', 'postgres', 'token'].some((name) => existsSync(join(dataDir, name)));
  return `No Belay runs on ${data} now. The file ${file} keeps the next one paused.${known ? '' : ' Nothing else lies there: is this the directory that you mean?'}`;
}
