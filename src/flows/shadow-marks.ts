// What a person says, afterwards, of an episode in shadow: it was right, or false, and why. It only writes that down.
import { BelayError } from '../domain/errors.ts';
import type { ShadowMark, ShadowVerdict } from '../domain/shadow.ts';
import type { Caller } from './caller.ts';
import type { World } from './world.ts';

export interface AskedMark {
  readonly episode: string;
  readonly verdict: ShadowVerdict;
  readonly why: string;
  readonly key: string;
}

/** Stored when it resolves; repeating it under one key makes no second one. @throws BELAY_NOT_FOUND, BELAY_INPUT_INVALID */
export async function markShadow(world: Pick<World, 'shadows' | 'time'>, caller: Caller, asked: AskedMark): Promise<ShadowMark> {
  const { episode, verdict, why, key } = asked;
  if (why.trim() === '')
    throw new BelayError('BELAY_INPUT_INVALID', 'A mark needs a reason, for those who read the report.', {
      hint: 'Type: belay shadow mark EPISODE --false --why "deploy of billing"',
    });
  const [found] = await world.shadows.decisions({ episode, limit: 1 });
  if (found === undefined)
    throw new BelayError('BELAY_NOT_FOUND', `There is no episode ${episode} in the shadow report.`, { hint: 'List them: belay shadow' });
  const mark = { episode, trigger: found.trigger, since: found.since, verdict, why, by: caller.person, at: world.time.now() };
  return world.shadows.mark(mark, `${caller.person}/${key}`);
}
