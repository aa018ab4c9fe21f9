// `belay silence`: asks for a silence or a maintenance window, ends one, or lists those that hold or lie ahead.
import { writtenTime } from '../../config/written-time.ts';
import { BelayError } from '../../domain/errors.ts';
import type { Instant } from '../../domain/json.ts';
import { endOf, holds, type Silence } from '../../domain/silence.ts';
import { DURATION_FORM, parseDuration } from '../../domain/units.ts';
import type { Context, Run, Typed } from '../context.ts';
import { isSet, textOption } from '../context.ts';
import { silenceText, utcMinute } from '../silence-text.ts';
import { clean } from '../text-layout.ts';

export const run: Run = async (context, typed) => {
  const end = textOption(typed, 'end');
  if (end !== undefined && Object.keys(typed.options).length > 1)
    throw new BelayError('BELAY_USAGE', '--end ends a silence; it goes with no other option.', {
      hint: `Type: belay silence --end ${end}`,
    });
  if (end !== undefined) await endOne(context, end);
  else if (Object.keys(typed.options).length === 0) await list(context);
  else await ask(context, typed);
  return undefined;
};

async function list({ out, lang, reach }: Context): Promise<void> {
  const answer = await (await reach()).get<{ silences: readonly Silence[] }>('/v1/silences');
  out.data(answer, () => silenceText(clean(answer.silences), Date.now(), { ...out, width: out.width, lang }));
}

async function endOne({ out, reach }: Context, id: string): Promise<void> {
  const answer = await (await reach()).post<{ silence: Silence }>(`/v1/silences/${encodeURIComponent(id)}/end`, {});
  const { silence } = answer;
  out.data(answer, () => `${silence.id} covers nothing any more, since ${utcMinute(endOf(silence))}.`);
  out.say('What is still in breach is answered now: belay status');
}

async function ask({ out, reach }: Context, typed: Typed): Promise<void> {
  const body = requestOf(typed, Date.now());
  const answer = await (await reach()).post<{ silence: Silence }>('/v1/silences', body);
  const { silence } = answer;
  const when = holds(silence, Date.now()) ? '' : `from ${utcMinute(silence.from)} `;
  out.data(answer, () => `${silence.id} is stored: silence ${when}until ${utcMinute(silence.until)}.`);
  out.say(`Nobody is told and nothing is acted on; everything is measured. End it: belay silence --end ${silence.id}`);
}

function requestOf(typed: Typed, now: Instant) {
  const trigger = textOption(typed, 'trigger');
  const org = textOption(typed, 'org');
  const reason = textOption(typed, 'why');
  if ((trigger === undefined) !== isSet(typed, 'all'))
    throw new BelayError('BELAY_USAGE', 'A silence is for one trigger (--trigger ID) or for every one (--all).', { hint: EXAMPLE });
  if (reason === undefined) throw new BelayError('BELAY_USAGE', 'A silence needs a reason, for those who find it.', { hint: EXAMPLE });
  const given = textOption(typed, 'from');
  const from = given === undefined ? now : instantOf(given);
  return {
    trigger: trigger ?? null,
    org: org ?? null,
    ...(given === undefined ? {} : { from }),
    until: from + lengthOf(textOption(typed, 'for')),
    reason,
  };
}

const EXAMPLE = 'Type: belay silence --trigger http-5xx --for 1h --why "load test"';

function lengthOf(text: string | undefined): number {
  const parsed = text === undefined ? null : parseDuration(text);
  if (parsed?.ok === true) return parsed.value;
  const what = parsed === null ? 'A silence needs its length.' : `--for ${parsed.why}.`;
  throw new BelayError('BELAY_USAGE', what, { hint: `--for takes ${DURATION_FORM}; 7d at most.` });
}

/** A zone must be named: this terminal's may be another than that of the people who read it. */
function instantOf(text: string): Instant {
  const at = writtenTime(text)?.at ?? null;
  if (at !== null) return at;
  throw new BelayError('BELAY_USAGE', `--from "${text}" is not a time with its zone.`, {
    hint: 'Write it as 2026-12-01T02:00Z or 2026-12-01T02:00-03:00.',
  });
}
