// `belay resume`: lets effects begin again. Every place of the pause must be clear; without a server only the file can be cleared.
import { join } from 'node:path';
import { BelayError } from '../../domain/errors.ts';
import type { PauseState } from '../../ports/pause.ts';
import type { Run } from '../context.ts';
import { livingServer } from '../server-file.ts';

export const run: Run = async (context) => {
  const { out, data, dataDir, wiring, as, reach } = context;
  if (livingServer(dataDir) !== null) {
    const state = await (await reach()).post<PauseState>('/v1/resume', {});
    if (state.paused) {
      const places = state.by.map((one) => `${one.where} (${one.who}: ${one.reason})`).join(', ');
      throw new BelayError('BELAY_PAUSED', `It is still paused: ${places}.`, {
        hint: 'Somebody paused again meanwhile, or a place could not be cleared. See: belay status',
      });
    }
    out.data(state, () => 'Resumed. Belay may act again.');
    return undefined;
  }
  const pause = await wiring.pauseFile(dataDir);
  const before = await pause.read();
  await pause.resume(as ?? 'operator');
  const wasSet = before.paused;
  out.data({ paused: null, cleared: wasSet ? ['file'] : [], server: 'not-running' }, () =>
    wasSet ? `The pause file ${join(data, 'pause')} is gone.` : `No pause file lies in ${data}.`,
  );
  out.say(
    'No Belay runs here, so its store was not asked: if the pause is set there too, it stays paused. After belay up, see: belay status',
  );
  return undefined;
};
