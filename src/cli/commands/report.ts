// `belay report`: what a person sees, for a trigger that people feed.
import type { Run } from '../context.ts';
import { textOption } from '../context.ts';

export const run: Run = async ({ out, reach }, typed) => {
  const trigger = typed.args[0] ?? '';
  const org = textOption(typed, 'org');
  const client = await reach();
  const answer = await client.post<{ recorded: true }>('/v1/reports', {
    trigger,
    text: typed.rest.join(' '),
    ...(org === undefined ? {} : { org }),
  });
  out.data(answer, () => `Your report to ${trigger} is recorded. See what comes of it: belay status`);
  return undefined;
};
