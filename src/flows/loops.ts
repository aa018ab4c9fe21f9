// The loops of a running Belay beside its flows: noting what is live, answering transitions, judging those in shadow, firing clocks, sending messages, keeping the page true.
import { RELEASES_EVERY_MS } from '../domain/release-history.ts';
import { fireTimers } from './clocks.ts';
import { createOutboxLoop } from './communicate.ts';
import { createDeployWatches } from './deploy-policy.ts';
import { createLoop } from './loop.ts';
import { noteReleases } from './releases.ts';
import { answerTransitions } from './responder.ts';
import { forgetShadows, judgeShadows } from './shadow.ts';
import { createStatusLoop } from './status.ts';
import { wakeFreed } from './wake.ts';
import type { World } from './world.ts';

const ANSWER_EVERY_MS = 1_000;
const CLOCKS_EVERY_MS = 500;
/** At once when an incident changed; this is for a change that nobody heard of. */
const LOCKS_EVERY_MS = 15_000;
const FORGET_EVERY_MS = 3_600_000;
const DEPLOYS_EVERY_MS = 10_000;

export interface Loops {
  /** A transition is durable: answer it now instead of at the next beat. */
  wakeResponder(): void;
  stop(): Promise<void>;
}

export function startLoops(world: World, onError: (error: unknown) => void): Loops {
  const responder = createLoop({
    time: world.time,
    everyMs: ANSWER_EVERY_MS,
    turn: async () => void (await answerTransitions(world)),
    onError,
  });
  const leaving = new AbortController();
  const shadow = createLoop({
    time: world.time,
    everyMs: ANSWER_EVERY_MS,
    turn: async () => void (await judgeShadows(world, leaving.signal)),
    onError,
  });
  const forget = createLoop({ time: world.time, everyMs: FORGET_EVERY_MS, turn: () => forgetShadows(world), onError });
  const clocks = createLoop({ time: world.time, everyMs: CLOCKS_EVERY_MS, turn: async () => void (await fireTimers(world)), onError });
  const outbox = createOutboxLoop(world, { onTrouble: onError });
  const status = createStatusLoop(world, { onTrouble: onError });
  const locks = createLoop({ time: world.time, everyMs: LOCKS_EVERY_MS, turn: () => wakeFreed(world), onError });
  const unsubscribe = world.incidents.subscribe(() => locks.wake());
  const releases = createLoop({ time: world.time, everyMs: RELEASES_EVERY_MS, turn: () => noteReleases(world), onError });
  // Beside it: a smoke test takes its time, and nobody may stop looking meanwhile.
  const deploys = createDeployWatches(world).map((turn) => createLoop({ time: world.time, everyMs: DEPLOYS_EVERY_MS, turn, onError }));
  const all = [responder, shadow, forget, clocks, locks, outbox, status, releases, ...deploys];
  for (const loop of all) loop.start();
  return {
    wakeResponder: () => {
      responder.wake();
      shadow.wake();
    },
    stop: async () => {
      leaving.abort();
      unsubscribe();
      await Promise.all(all.map((loop) => loop.stop()));
    },
  };
}
