// Idempotency-Key: the answer of a write is kept with its key, so that a repeated write is answered and not done again.

import { BelayError } from '../domain/errors.ts';
import type { Json } from '../domain/json.ts';

export interface StoredAnswer {
  readonly status: number;
  readonly body: Json;
}

/** Kept by an adapter over restarts, or in memory. `route` is method, path and person. */
export interface IdempotencyStore {
  get(key: string, route: string): Promise<StoredAnswer | null>;
  put(key: string, route: string, status: number, body: Json): Promise<void>;
}

export interface Idempotency {
  /** Runs `work` once a key and route; `fingerprint` of the request tells a repetition from another request under the same key. */
  once(
    o: { readonly key: string; readonly route: string; readonly fingerprint: string },
    work: () => Promise<StoredAnswer>,
  ): Promise<StoredAnswer>;
}

interface Envelope {
  readonly fingerprint: string;
  readonly answer: Json;
}

/** Failures are not kept: commands are idempotent by the same key themselves, so trying again is safe. */
export function createIdempotency(store: IdempotencyStore): Idempotency {
  const underWay = new Map<string, { readonly fingerprint: string; readonly answer: Promise<StoredAnswer> }>();
  return {
    async once({ key, route, fingerprint }, work) {
      const name = `${route}\n${key}`;
      const running = underWay.get(name);
      if (running !== undefined) {
        refuseOther(running.fingerprint, fingerprint, key);
        return running.answer;
      }
      const answer = remembered(store, { key, route, fingerprint }, work);
      underWay.set(name, { fingerprint, answer });
      try {
        return await answer;
      } finally {
        underWay.delete(name);
      }
    },
  };
}

async function remembered(
  store: IdempotencyStore,
  o: { readonly key: string; readonly route: string; readonly fingerprint: string },
  work: () => Promise<StoredAnswer>,
): Promise<StoredAnswer> {
  const before = await store.get(o.key, o.route);
  if (before !== null) {
    const { fingerprint, answer } = before.body as unknown as Envelope;
    refuseOther(fingerprint, o.fingerprint, o.key);
    return { status: before.status, body: answer };
  }
  const answer = await work();
  await store.put(o.key, o.route, answer.status, { fingerprint: o.fingerprint, answer: answer.body });
  return answer;
}

function refuseOther(before: string, now: string, key: string): void {
  if (before === now) return;
  throw new BelayError('BELAY_INPUT_INVALID', `Idempotency-Key ${key} was used for another request`, {
    hint: 'Use a new key for a new request.',
  });
}

/** Forgets the oldest answers, and all of them at a restart: then the commands' own keys still keep an effect from happening twice. */
export function createMemoryIdempotency(limit = 1000): IdempotencyStore {
  const answers = new Map<string, StoredAnswer>();
  return {
    async get(key, route) {
      return answers.get(`${route}\n${key}`) ?? null;
    },
    async put(key, route, status, body) {
      answers.set(`${route}\n${key}`, { status, body });
      const oldest = answers.keys().next();
      if (answers.size > limit && oldest.done !== true) answers.delete(oldest.value);
    },
  } satisfies IdempotencyStore;
}
