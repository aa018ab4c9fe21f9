// The protocol of a command: journal the intent, start it, journal what came of it. There is no state to look at, so what a kill left open is
// settled by what the step says of itself: a `read` or a `state` is started again, a `once` becomes a question.
import type { Effect } from '../domain/errors.ts';
import { BelayError } from '../domain/errors.ts';
import type { CommandEffect } from '../domain/ir.ts';
import type { JournalDraft, JournalLine } from '../domain/journal.ts';
import type { Json } from '../domain/json.ts';
import type { CommandOrder, CommandResult } from '../ports/command-runner.ts';
import { stoppedNow } from './do.ts';
import type { World } from './world.ts';

export interface CommandRequest {
  readonly order: CommandOrder;
  readonly effect: CommandEffect;
  readonly codes: readonly number[];
  /** Of one attempt of one visit: stable over restarts. */
  readonly key: string;
  readonly run: string;
  readonly incident: string;
  readonly step: string;
  readonly attempt: number;
  /** Of the intent in the journal. */
  readonly note?: string;
  /** Why it may not be started now, asked right before the start; null: it may. */
  readonly forbidden?: () => Promise<string | null>;
}

export type CommandOutcome =
  | { readonly status: 'done'; readonly code: number; readonly text: string; readonly tookMs: number; readonly recovered: boolean }
  | { readonly status: 'paused'; readonly by: string }
  | { readonly status: 'fenced' }
  /** `code` is null where it never came to one. */
  | {
      readonly status: 'failed';
      readonly effect: Effect;
      readonly code: number | null;
      readonly text: string;
      readonly message: string;
    }
  | { readonly status: 'unknown'; readonly message: string };

type CommandWorld = Pick<World, 'journal' | 'pause' | 'engine' | 'time' | 'commandRunner'>;

/** What is kept of an outcome, so that a lost checkpoint loses no output. */
interface Ended {
  readonly code: number | null;
  readonly text: string;
  readonly tookMs: number;
  readonly message: string;
  readonly effect: Effect;
}
type Kept = Ended | { readonly stopped: string };

const CUT_OFF = 'Belay was stopped while it ran: it may have done nothing, all of it, or a part';

/** Runs inside one engine step. @throws BELAY_AUDIT_UNAVAILABLE before it starts anything, when the journal cannot be written */
export async function performCommand(world: CommandWorld, request: CommandRequest): Promise<CommandOutcome> {
  const lines = await world.journal.ofKey(request.key);
  const last = lines.at(-1);
  const kept = last?.kind === 'outcome' ? keptOf(last) : null;
  if (kept !== null && !('stopped' in kept)) return outcomeOf(request, kept, true);
  if (last?.kind === 'intent' && request.effect === 'once') {
    return ended(world, request, { code: null, text: '', tookMs: 0, message: CUT_OFF, effect: 'unknown' });
  }
  const early = await stoppedNow(world);
  if (early !== null) return early;
  const forbidden = (await request.forbidden?.()) ?? null;
  if (forbidden !== null) return { status: 'failed', effect: 'none', code: null, text: '', message: forbidden };
  await world.journal.append({
    ...lineOf(world, request, 'intent', 'none'),
    ...(request.note === undefined ? {} : { note: request.note }),
  });
  // Read last, right before the start: a pause or a lost lease between intent and act stops it.
  const late = await stoppedNow(world);
  if (late !== null) {
    await journal(world, request, { stopped: late.status });
    return late;
  }
  return startNow(world, request);
}

async function startNow(world: CommandWorld, request: CommandRequest): Promise<CommandOutcome> {
  let result: CommandResult;
  try {
    result = await world.commandRunner.run(request.order);
  } catch (error) {
    if (!BelayError.is(error)) throw error;
    const effect = error.effect === 'none' ? 'none' : mayHave(request);
    return ended(world, request, { code: null, text: '', tookMs: 0, message: error.message, effect });
  }
  const { code, text, tookMs } = result;
  if (request.codes.includes(code)) return ended(world, request, { code, text, tookMs, message: '', effect: 'done' });
  const said = result.trouble === '' ? text : result.trouble;
  const message = `it ended with code ${code}${said === '' ? '' : `: ${said.slice(-500)}`}`;
  return ended(world, request, { code, text, tookMs, message, effect: mayHave(request) });
}

/** What a command that did not end well may have changed. */
const mayHave = ({ effect }: CommandRequest): Effect => (effect === 'read' ? 'none' : 'unknown');

async function ended(world: CommandWorld, request: CommandRequest, kept: Ended): Promise<CommandOutcome> {
  await journal(world, request, kept);
  return outcomeOf(request, kept, false);
}

function outcomeOf({ effect: kind }: CommandRequest, kept: Ended, recovered: boolean): CommandOutcome {
  const { code, text, tookMs, message, effect } = kept;
  if (effect === 'done' && code !== null) return { status: 'done', code, text, tookMs, recovered };
  // It never said how it ended, and may not be started twice: nobody but people can tell.
  if (code === null && effect === 'unknown' && kind === 'once') return { status: 'unknown', message };
  return { status: 'failed', effect, code, text, message };
}

function keptOf({ note }: JournalLine): Kept | null {
  return note === undefined ? null : (JSON.parse(note) as Kept);
}

async function journal(world: CommandWorld, request: CommandRequest, kept: Kept): Promise<void> {
  const effect = 'stopped' in kept ? 'none' : kept.effect;
  try {
    await world.journal.append({ ...lineOf(world, request, 'outcome', effect), note: JSON.stringify(kept) });
  } catch (error) {
    throw new BelayError('BELAY_AUDIT_UNAVAILABLE', `${request.step}: the outcome could not be written to the journal`, {
      effect: 'unknown',
      cause: error,
    });
  }
}

function lineOf(world: CommandWorld, request: CommandRequest, kind: 'intent' | 'outcome', effect: Effect): JournalDraft {
  const { order, run, incident, step, attempt, key } = request;
  return {
    kind,
    at: world.time.now(),
    run,
    incident,
    step,
    attempt,
    key,
    target: `run:${order.on}`,
    expected: '',
    desired: order.argv as unknown as Json,
    effect,
    actor: 'belay',
  };
}
