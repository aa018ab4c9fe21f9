// The intake of examples/agente-julia in front of her /respostas: the real door, the real store in a Postgres, real HTTP, in time that the test
// moves. It can be killed and begun again. How she answers is told by whoever opens it.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Hono } from 'hono';
import { createHttp } from '../../../src/adapters/http/index.ts';
import { openStore, type Store } from '../../../src/adapters/store-postgres/index.ts';
import { createDigest } from '../../../src/adapters/system/index.ts';
import { KillSwitch } from '../../../src/adapters/virtual/kill-switch.ts';
import type { IntakeSpec } from '../../../src/domain/intake.ts';
import { startForwarding } from '../../../src/flows/forward.ts';
import { breakerLine } from '../../../src/flows/line-breaker.ts';
import type { Time } from '../../../src/ports/time.ts';
import type { AppEnv } from '../../../src/server/guard.ts';
import { mountIntakeDoor } from '../../../src/server/intake-door.ts';

/** A status, or nothing at all. */
export type Reply = number | 'silence';

export async function startReplies() {
  const asked: { readonly id: string; readonly attempt: string }[] = [];
  const taken: string[] = [];
  let answer: (nth: number) => Reply = () => 202;
  const server = createServer((request, response) => {
    const [id, attempt] = [String(request.headers['belay-message']), String(request.headers['belay-attempt'])];
    asked.push({ id, attempt });
    const reply = answer(asked.length);
    if (reply === 'silence') return;
    if (reply < 300) taken.push(id);
    response.writeHead(reply).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    taken,
    answers: (next: typeof answer): void => {
      answer = next;
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export interface HeldReplies {
  readonly databaseUrl: string;
  readonly time: Time;
  readonly intakes: readonly IntakeSpec[];
  readonly secret: string;
}

/** One life, on a store that is migrated. */
export async function liveHolding({ databaseUrl, time, intakes, secret }: HeldReplies) {
  const store: Store = openStore({ databaseUrl, digest: createDigest('key'), time });
  await store.migrate();
  const kill = new KillSwitch();
  const told: string[] = [];
  const own: Time = { ...bound(time), sleep: async (ms, signal) => time.sleep(ms, signal).then(() => kill.gate()) };
  const forwarding = startForwarding({
    ...{ intakes, store: store.intake, http: createHttp({ allow: ['127.0.0.1'] }), time: own },
    mayAct: async () => !kill.dead,
    onError: (error) => {
      if (!kill.dead) throw error;
    },
    onBreaker: (turn) => void told.push(breakerLine(turn)),
  });
  const app = new Hono<AppEnv>();
  mountIntakeDoor(app, { intakes, organizations: [], store: store.intake, time, onStored: () => undefined });
  const send = async (id: string): Promise<number> => {
    const headers = { authorization: `Bearer ${secret}` };
    return (await app.request('/intake/respostas', { method: 'POST', headers, body: JSON.stringify({ id, text: 'oi' }) })).status;
  };
  return {
    intake: store.intake,
    told,
    send,
    /** As SIGKILL does: nothing of it proceeds, nothing is told goodbye. */
    kill: (): void => kill.kill(),
    /** What a dead life leaves open. */
    close: async (): Promise<void> => {
      if (!kill.dead) await forwarding.stop();
      await store.close();
    },
  };
}

const bound = (time: Time): Time => ({
  now: () => time.now(),
  monotonicMs: () => time.monotonicMs(),
  sleep: (ms, signal) => time.sleep(ms, signal),
  uuid: () => time.uuid(),
});
