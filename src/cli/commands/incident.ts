// `belay incident`: one incident on one screen.
import { BelayError } from '../../domain/errors.ts';
import { getEvents, getIncident } from '../api.ts';
import type { Run, Typed } from '../context.ts';
import { incidentArg, textOption } from '../context.ts';
import { incidentText } from '../incident-text.ts';
import { clean } from '../text-layout.ts';

const DEFAULT_LINES = 10;

export const run: Run = async ({ out, lang, reach }, typed) => {
  const logLines = linesOf(typed);
  const id = incidentArg(typed.args[0]);
  const client = await reach();
  const [shown, events] = await Promise.all([getIncident(client, id), getEvents(client, id)]);
  out.data({ ...shown, events }, () => incidentText(clean(shown.view), clean(events), { ...out, width: out.width, lang, logLines }));
  return undefined;
};

function linesOf(typed: Typed): number {
  const text = textOption(typed, 'log');
  if (text === undefined) return DEFAULT_LINES;
  if (text === 'all') return Number.MAX_SAFE_INTEGER;
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new BelayError('BELAY_USAGE', `--log is a number of lines or all, not "${text}".`, { hint: 'Type --log 50, or --log all.' });
}
