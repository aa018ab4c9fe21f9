// A client that asks a service again and again while something is switched behind it, and keeps who answered when. It judges nothing.
import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Answer {
  readonly startedAt: number;
  readonly endedAt: number;
  /** Null: it failed. */
  readonly by: string | null;
}

/** Where a service answers: a port, or the socket that stands for a port in a network of its own. */
export type Address = ({ readonly host: string; readonly port: number } | { readonly socketPath: string }) & { readonly path: string };

export interface Client {
  readonly answers: readonly Answer[];
  stop(): Promise<void>;
}

const AT_ONCE = 4;
const PAUSE_MS = 2;
const TIMEOUT_MS = 3_000;

/** Each request on a connection of its own, as the requests of many people are. */
export function startClient(at: Address, headers: Readonly<Record<string, string>> = {}): Client {
  const answers: Answer[] = [];
  let isOver = false;
  const ask = async (): Promise<void> => {
    while (!isOver) {
      const startedAt = performance.now();
      const by = await askOnce(at, headers);
      answers.push({ startedAt, endedAt: performance.now(), by });
      await sleep(PAUSE_MS);
    }
  };
  const asking = Array.from({ length: AT_ONCE }, ask);
  return {
    answers,
    stop: async () => {
      isOver = true;
      await Promise.all(asking);
    },
  };
}

export function askOnce(at: Address, headers: Readonly<Record<string, string>> = {}): Promise<string | null> {
  return new Promise((resolve) => {
    const request = get({ ...at, agent: false, timeout: TIMEOUT_MS, headers }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (part: string) => {
        text += part;
      });
      answer.once('error', () => resolve(null));
      answer.once('end', () => resolve(answer.statusCode === 200 ? text.trim() : null));
    });
    request.once('timeout', () => request.destroy());
    request.once('error', () => resolve(null));
  });
}

/** So many answers of the wanted one and nobody else in a row: what was switched stays switched. */
const SETTLED = 40;

/** Waits until only `wanted` answers. @returns ms from `since` to the first request from which on nobody else answered, and how many failed */
export async function settledOn(
  { answers }: Client,
  wanted: string,
  since: number,
  withinMs: number,
): Promise<{ readonly ms: number; readonly failed: number }> {
  const until = performance.now() + withinMs;
  for (;;) {
    const later = answers.filter((one) => one.endedAt >= since);
    const last = later.findLastIndex((one) => one.by !== wanted);
    if (later.length - last > SETTLED) {
      const first = later.slice(last + 1).reduce((least, one) => Math.min(least, one.endedAt), Number.POSITIVE_INFINITY);
      return { ms: first - since, failed: later.filter((one) => one.by === null).length };
    }
    if (performance.now() > until) throw new Error(`after ${withinMs} ms ${wanted} is not what everybody is answered`);
    await sleep(10);
  }
}
