// `belay watch`: the status, or one incident, live. In a terminal it redraws one screen; elsewhere it prints what happens, line by line.
import type { ExitCode } from '../../domain/errors.ts';
import { EXIT } from '../../domain/errors.ts';
import { getEvents, getIncident, getOverview } from '../api.ts';
import type { Client } from '../client.ts';
import type { Context, Run } from '../context.ts';
import { incidentArg } from '../context.ts';
import { incidentText } from '../incident-text.ts';
import { createLetGo, untilLetGo } from '../let-go.ts';
import { type Frame, showScreen } from '../screen.ts';
import { statusText } from '../status-text.ts';
import { clean } from '../text-layout.ts';
import { watchAll, watchOne } from '../watch-lines.ts';

export const run: Run = async (context, typed): Promise<ExitCode> => {
  const id = typed.args[0] === undefined ? null : incidentArg(typed.args[0]);
  // A first look: what cannot be reached now is said at once, and not waited for.
  const client = await context.reach();
  if (id !== null) await getIncident(client, id);
  if (context.out.screen) return showScreen(context, (rows) => frame(context, id, rows));
  const letGo = createLetGo();
  try {
    await untilLetGo(letGo.signal, id === null ? watchAll(context, letGo.signal) : watchOne(context, id, letGo.signal));
    return EXIT.ok;
  } finally {
    letGo.end();
  }
};

async function frame(context: Context, id: string | null, rows: number): Promise<Frame> {
  const { out, lang, reach } = context;
  const client: Client = await reach({ timeoutMs: 5000 });
  const look = { ...out, width: out.width, lang };
  if (id === null) {
    const overview = await getOverview(client);
    return { title: overview.status.system, text: statusText(clean(overview), look), over: false };
  }
  const [{ view }, events] = await Promise.all([getIncident(client, id), getEvents(client, id)]);
  const shown = clean(view);
  const height = incidentText(shown, [], { ...look, logLines: 0 }).split('\n').length;
  // The log takes what the rest leaves, and never less than a few lines.
  const logLines = Math.max(4, rows - height - 3);
  return { title: id, text: incidentText(shown, clean(events), { ...look, logLines }), over: !view.headline.open };
}
