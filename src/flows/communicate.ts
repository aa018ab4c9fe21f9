// The outbox loop: claims planned deliveries, sends each once, and settles what nobody knows the end of.
// Every state change is committed before and after the call, so a kill at any instant leaves a state that can be judged.

import type { Answer } from '../domain/delivery.ts';
import { afterRefusal, afterSettle, CAP_COUNT, CAP_WINDOW_MS, RETRY_EVERY_MS, readRetryAfter, settledAt } from '../domain/delivery.ts';
import { BelayError } from '../domain/errors.ts';
import type { Instant } from '../domain/json.ts';
import type { Delivery, Rendered } from '../domain/message.ts';
import { markResent } from '../domain/message.ts';
import type { Channel, Outgoing } from '../ports/channel.ts';
import type { World } from './world.ts';

export type OutboxWorld = Pick<World, 'outbox' | 'channels' | 'renderer' | 'time' | 'system'> & {
  readonly incidents?: Pick<World['incidents'], 'subscribe'>;
};

export interface OutboxOptions {
  readonly pollMs?: number;
  /** A send is aborted after this; the deadline of a claim must leave room for it. */
  readonly sendTimeoutMs?: number;
  readonly claimMs?: number;
  /** Told of what could not be done (the store is down); the loop goes on. */
  readonly onTrouble?: (error: unknown) => void;
}

export interface OutboxLoop {
  start(): void;
  /** Resolves when what was being sent has been recorded. */
  stop(): Promise<void>;
  /** Handles all that is due at `now` and waits for its end; returns how many deliveries changed state. */
  turn(now: Instant): Promise<number>;
}

type Settings = Required<Omit<OutboxOptions, 'onTrouble'>>;
interface Loop {
  readonly world: OutboxWorld;
  readonly settings: Settings;
  /**
   * What is under way: one send and one question a channel, so a slow channel holds up nobody else, its messages keep their
   * order, and a kill finds at most one of them in the air.
   */
  readonly lanes: Map<string, Promise<void>>;
  /** Receivers that could not be asked: not again before. */
  readonly askAgainAt: Map<string, Instant>;
  /** By channel, the message that it refused last: until it takes one again, two that are refused in a row rest it for a second. */
  readonly refusing: Map<string, { readonly id: string; readonly restsUntil: Instant }>;
  trouble: (error: unknown) => void;
  wake: () => void;
}

/** Ours, after the abort: a channel that ignores it is left behind. */
const GRACE_MS = 1_000;
const ASK_EVERY_MS = 5_000;
const TROUBLE_PAUSE_MS = 1_000;

export function createOutboxLoop(world: OutboxWorld, options: OutboxOptions = {}): OutboxLoop {
  const { onTrouble = () => undefined, ...rest } = options;
  const settings: Settings = { pollMs: 250, sendTimeoutMs: 10_000, claimMs: 15_000, ...rest };
  const memory = { lanes: new Map(), askAgainAt: new Map(), refusing: new Map() };
  const loop: Loop = { world, settings, ...memory, trouble: onTrouble, wake: () => undefined };
  let stopping: AbortController | null = null;
  let running: Promise<void> = Promise.resolve();
  return {
    start: () => {
      if (stopping !== null) return;
      stopping = new AbortController();
      running = run(loop, stopping.signal);
    },
    stop: async () => {
      stopping?.abort();
      await running;
      stopping = null;
    },
    turn: (now) => turn(loop, now),
  };
}

async function run(loop: Loop, stop: AbortSignal): Promise<void> {
  const { world, settings } = loop;
  let nap = new AbortController();
  loop.wake = () => nap.abort();
  stop.addEventListener('abort', () => nap.abort());
  const unsubscribe = world.incidents?.subscribe(() => nap.abort()) ?? (() => undefined);
  while (!stop.aborted) {
    nap = new AbortController();
    let pauseMs = settings.pollMs;
    try {
      await pump(loop, world.time.now());
    } catch (error) {
      // Nothing is lost: whatever was claimed and not recorded becomes ambiguous and is judged later.
      loop.trouble(error);
      nap = new AbortController();
      pauseMs = TROUBLE_PAUSE_MS;
    }
    if (!stop.aborted) await world.time.sleep(pauseMs, nap.signal);
  }
  unsubscribe();
  await Promise.all(loop.lanes.values());
}

async function turn(loop: Loop, now: Instant): Promise<number> {
  const errors: unknown[] = [];
  const told = loop.trouble;
  loop.trouble = (error) => errors.push(error);
  try {
    let moved = 0;
    for (;;) {
      const taken = await pump(loop, now);
      moved += taken;
      if (loop.lanes.size > 0) await Promise.race(loop.lanes.values());
      else if (taken === 0) break;
    }
    if (errors.length > 0) throw errors[0];
    return moved;
  } finally {
    loop.trouble = told;
  }
}

/** Starts what is due and whose lane is free. Returns how many deliveries it took up. */
async function pump(loop: Loop, now: Instant): Promise<number> {
  const { outbox, time } = loop.world;
  let taken = (await outbox.expire(now)).length;
  for (const delivery of await outbox.ambiguous(now)) {
    const lane = `ask ${delivery.channel}`;
    if (loop.lanes.has(lane) || !maySettle(loop, delivery, now)) continue;
    taken += 1;
    inLane(loop, lane, () => settle(loop, delivery, now));
  }
  for (;;) {
    const isResting = (channel: string): boolean => (loop.refusing.get(channel)?.restsUntil ?? 0) > now;
    const except = Object.keys(loop.world.channels).filter((channel) => loop.lanes.has(`send ${channel}`) || isResting(channel));
    const [delivery] = await outbox.claim(now, { limit: 1, deadline: time.now() + loop.settings.claimMs, except });
    if (delivery === undefined) return taken;
    taken += 1;
    const lane = `send ${delivery.channel}`;
    const busy = loop.lanes.has(lane);
    inLane(loop, lane, () => deliver(loop, delivery));
    // A store that knows no `except`: no more until the lane is free.
    if (busy) return taken;
  }
}

function inLane(loop: Loop, lane: string, job: () => Promise<void>): void {
  const before = loop.lanes.get(lane) ?? Promise.resolve();
  const done = before.then(job).catch((error: unknown) => loop.trouble(error));
  const end = done.then(() => {
    if (loop.lanes.get(lane) === end) loop.lanes.delete(lane);
    loop.wake();
  });
  loop.lanes.set(lane, end);
}

async function deliver(loop: Loop, delivery: Delivery): Promise<void> {
  const { world } = loop;
  const at = world.time.now();
  const channel = world.channels[delivery.channel];
  if (channel === undefined) return move(loop, delivery, 'failed', { reason: `no channel ${delivery.channel}` });
  if (delivery.deadline !== undefined && at + loop.settings.sendTimeoutMs + GRACE_MS > delivery.deadline) {
    // It waited too long for its lane: claimed anew, it can never be on its way past its deadline.
    return move(loop, delivery, 'planned', { dueAt: at, reason: 'no time left' });
  }
  const siblings = await world.outbox.ofIncident(delivery.incident);
  const newer = supersededBy(delivery, siblings);
  if (newer !== null) return move(loop, delivery, 'superseded', { reason: `superseded by ${newer.id}` });
  if (!delivery.exempt && (await world.outbox.countSince(delivery.channel, delivery.to, at - CAP_WINDOW_MS)) >= CAP_COUNT) {
    return move(loop, delivery, 'suppressed', { reason: `more than ${CAP_COUNT} within an hour` });
  }
  const message = outgoing(world, delivery, siblings);
  if (message instanceof BelayError) return move(loop, delivery, 'failed', { reason: message.message });
  await sendOnce(loop, delivery, channel, message);
}

async function sendOnce(loop: Loop, delivery: Delivery, channel: Channel, message: Outgoing): Promise<void> {
  const outcome = await attempt(loop, channel, message);
  if ('providerId' in outcome) {
    loop.refusing.delete(delivery.channel);
    return move(loop, delivery, 'sent', outcome);
  }
  const { error } = outcome;
  const reason = error instanceof Error ? error.message : String(error);
  // Only the channel itself can say that nothing happened; whatever else went wrong may have arrived.
  if (!BelayError.is(error) || error.effect === 'unknown') return move(loop, delivery, 'ambiguous', { reason });
  if (error.effect === 'done') return move(loop, delivery, 'sent', { reason });
  const now = loop.world.time.now();
  noteRefusal(loop, delivery, now);
  const next = afterRefusal({ plannedAt: delivery.plannedAt, now, retryAfterMs: readRetryAfter(error.hint) });
  return move(loop, delivery, next.to, { reason, ...(next.to === 'planned' ? { dueAt: next.dueAt } : {}) });
}

/** One message alone has its own rhythm. Many that are refused would knock at a receiver that is down many times a second. */
function noteRefusal({ refusing }: Loop, { id, channel }: Delivery, now: Instant): void {
  const before = refusing.get(channel);
  const isAnother = before !== undefined && before.id !== id;
  refusing.set(channel, { id, restsUntil: isAnother ? now + RETRY_EVERY_MS : 0 });
}

async function attempt(
  loop: Loop,
  channel: Channel,
  message: Outgoing,
): Promise<{ readonly providerId: string } | { readonly error: unknown }> {
  try {
    return await within(loop, (signal) => channel.send(message, signal));
  } catch (error) {
    return { error };
  }
}

/** Not before the settle delay is over, and not again while the receiver is silent. */
function maySettle(loop: Loop, delivery: Delivery, now: Instant): boolean {
  const settleMs = loop.world.channels[delivery.channel]?.card.settleMs ?? 0;
  return now >= settledAt(delivery, settleMs) && now >= (loop.askAgainAt.get(delivery.id) ?? 0);
}

async function settle(loop: Loop, delivery: Delivery, now: Instant): Promise<void> {
  const channel = loop.world.channels[delivery.channel];
  if (channel === undefined) return move(loop, delivery, 'failed', { reason: `no channel ${delivery.channel}` });
  const asked = channel.card.reconcile ? await ask(loop, channel, delivery) : null;
  const verdict = afterSettle({
    answer: asked?.answer ?? null,
    idempotent: channel.card.idempotent,
    audienceKind: delivery.audienceKind,
    attempt: delivery.attempt,
    waitedMs: now - settledAt(delivery, channel.card.settleMs),
  });
  if (verdict === 'ask-later') {
    loop.askAgainAt.set(delivery.id, now + ASK_EVERY_MS);
    return;
  }
  loop.askAgainAt.delete(delivery.id);
  if (verdict === 'sent') return move(loop, delivery, 'sent', { reason: 'found at the receiver', providerId: asked?.providerId ?? '' });
  if (verdict === 'give-up') return move(loop, delivery, 'failed', { reason: 'unconfirmed: it may have arrived and is not sent again' });
  if (verdict === 'send-again') return move(loop, delivery, 'planned', { dueAt: now, reason: 'not at the receiver' });
  return move(loop, delivery, 'planned', { dueAt: now, reason: 'unconfirmed: sent again, marked', resent: true });
}

async function ask(loop: Loop, channel: Channel, delivery: Delivery): Promise<{ readonly answer: Answer; readonly providerId?: string }> {
  const message = outgoing(loop.world, delivery, await loop.world.outbox.ofIncident(delivery.incident));
  if (message instanceof BelayError) return { answer: 'unknown' };
  try {
    const found = await within(loop, (signal) => channel.reconcile(message, signal));
    if (found === 'unknown') return { answer: 'unknown' };
    return found.found ? { answer: 'found', providerId: found.providerId } : { answer: 'absent' };
  } catch (error) {
    // A receiver that cannot be asked answers nothing; it is asked again, and the policy decides in the end.
    if (BelayError.is(error)) return { answer: 'unknown' };
    throw error;
  }
}

/** A newer message of the same conversation says that it is over. */
function supersededBy(delivery: Delivery, siblings: readonly Delivery[]): Delivery | null {
  const newer = siblings.find(
    (one) =>
      one.closing === true &&
      one.id !== delivery.id &&
      one.thread === delivery.thread &&
      one.channel === delivery.channel &&
      one.to === delivery.to &&
      one.plannedAt > delivery.plannedAt &&
      !['failed', 'suppressed', 'superseded'].includes(one.state),
  );
  return newer ?? null;
}

function outgoing(world: OutboxWorld, delivery: Delivery, siblings: readonly Delivery[]): Outgoing | BelayError {
  const source = delivery.source ?? world.system.templates[delivery.template]?.[delivery.lang];
  if (source === undefined)
    return new BelayError('BELAY_TEMPLATE_INVALID', `there is no template ${delivery.template} in ${delivery.lang}`);
  const rendered = rendering(world, delivery, source);
  if (rendered instanceof BelayError) return rendered;
  const first = siblings
    .filter(
      (one) =>
        one.thread === delivery.thread &&
        one.channel === delivery.channel &&
        one.to === delivery.to &&
        one.id !== delivery.id &&
        (one.providerId ?? '') !== '',
    )
    .toSorted((a, b) => a.plannedAt - b.plannedAt)[0];
  return {
    id: delivery.id,
    to: delivery.to,
    message: delivery.resent ? markResent(rendered, delivery.lang) : rendered,
    thread: delivery.thread,
    ...(first?.providerId === undefined ? {} : { replyTo: first.providerId }),
    resent: delivery.resent,
  };
}

function rendering(world: OutboxWorld, delivery: Delivery, source: string): Rendered | BelayError {
  try {
    return world.renderer.render(source, { lang: delivery.lang, zone: delivery.zone, values: delivery.values });
  } catch (error) {
    if (BelayError.is(error)) return error;
    throw error;
  }
}

async function move(
  loop: Loop,
  delivery: Delivery,
  to: Delivery['state'],
  facts: Omit<Parameters<World['outbox']['move']>[2], 'at'>,
): Promise<void> {
  await loop.world.outbox.move(delivery.id, to, { at: loop.world.time.now(), attempt: delivery.attempt, ...facts });
}

/** Aborts `work` when its time is over, and stops waiting for it a moment later. */
async function within<T>(loop: Loop, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { time } = loop.world;
  const limit = new AbortController();
  const done = new AbortController();
  const expired = async (): Promise<never> => {
    await time.sleep(loop.settings.sendTimeoutMs, done.signal);
    if (!done.signal.aborted) limit.abort();
    await time.sleep(GRACE_MS, done.signal);
    throw new BelayError('BELAY_CHANNEL_FAILED', `no answer within ${loop.settings.sendTimeoutMs} ms`, { effect: 'unknown' });
  };
  try {
    return await Promise.race([work(limit.signal), expired()]);
  } finally {
    done.abort();
  }
}
