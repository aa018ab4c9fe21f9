// The verbs of silences: asking for one, ending it, listing those that hold or lie ahead. What a silence does is decided in the domain.
import { BelayError } from '../domain/errors.ts';
import type { Instant } from '../domain/json.ts';
import { MOST_SILENCES, type Silence, silenceProblems } from '../domain/silence.ts';
import type { Caller } from './caller.ts';
import type { World } from './world.ts';

type SilenceWorld = Pick<World, 'silences' | 'system' | 'time'>;

export interface AskedSilence {
  readonly trigger: string | null;
  readonly org: string | null;
  /** Now, when absent. */
  readonly from?: Instant | undefined;
  readonly until: Instant;
  readonly reason: string;
  readonly key: string;
}

/** Stored when it resolves; repeating it under one key makes no second one. @throws BELAY_INPUT_INVALID */
export async function addSilence(world: SilenceWorld, caller: Caller, asked: AskedSilence): Promise<Silence> {
  const now = world.time.now();
  const { key, from = now, ...rest } = asked;
  const request = { ...rest, from };
  const problems = silenceProblems(request, world.system, now);
  if (problems.length > 0)
    throw new BelayError('BELAY_INPUT_INVALID', problems.join(' '), { hint: 'See what may be silenced: belay silence --help' });
  if ((await world.silences.list({ endingAfter: now })).length >= MOST_SILENCES)
    throw new BelayError('BELAY_INPUT_INVALID', `There are ${MOST_SILENCES} silences already that hold or lie ahead.`, {
      hint: 'End some: belay silence --end ID. Without a trigger or an organization one silence covers them all.',
    });
  return world.silences.add({ ...request, by: caller.person }, `${caller.person}/${key}`);
}

/** Accepts `SIL-12`, `sil-12` and `12`. @throws BELAY_NOT_FOUND */
export async function endSilence(world: SilenceWorld, caller: Caller, o: { readonly id: string }): Promise<Silence> {
  const [, digits] = /^(?:sil-)?(\d{1,9})$/i.exec(o.id) ?? [];
  const silence =
    digits === undefined ? null : await world.silences.end(`SIL-${Number(digits)}`, { by: caller.person, at: world.time.now() });
  if (silence !== null) return silence;
  throw new BelayError('BELAY_NOT_FOUND', `There is no silence ${o.id}.`, { hint: 'List those that hold or lie ahead: belay silence' });
}

export function listSilences(world: Pick<World, 'silences' | 'time'>): Promise<readonly Silence[]> {
  return world.silences.list({ endingAfter: world.time.now() });
}
