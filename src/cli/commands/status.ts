// `belay status`: what is open, what waits for whom, what is paused, and what is watched.
import { getOverview } from '../api.ts';
import type { Run } from '../context.ts';
import { statusText } from '../status-text.ts';
import { clean } from '../text-layout.ts';

export const run: Run = async ({ out, lang, reach }) => {
  const overview = await getOverview(await reach());
  const { status, summaries, triggers, past } = overview;
  out.data({ ...status, summaries, triggers, past }, () => statusText(clean(overview), { ...out, width: out.width, lang }));
  return undefined;
};
