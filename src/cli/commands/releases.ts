// `belay releases`: what a target could run: live, stable since when, of what kind, whether it can be put back. It changes nothing.
import type { ReleaseList } from '../../flows/releases.ts';
import type { Run } from '../context.ts';
import { releasesText } from '../releases-text.ts';
import { clean } from '../text-layout.ts';

export const run: Run = async ({ out, lang, reach }, typed) => {
  const [target = ''] = typed.args;
  const answer = await (await reach()).get<ReleaseList>(`/v1/targets/${encodeURIComponent(target)}/releases`);
  out.data(answer, () => releasesText(clean(answer), Date.now(), { ...out, width: out.width, lang }));
  return undefined;
};
