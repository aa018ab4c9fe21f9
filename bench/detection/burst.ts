// A burst of webhooks, each a request of its own: how fast they are answered once they are durable, and whether any that was answered is
// missing when Belay is killed again and again meanwhile.
import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Child, startChild } from '../child.ts';
import { quantile } from '../measure.ts';
import { makePlace, type Place } from '../place.ts';
import type { Part, Run } from './row.ts';

const PER_SECOND = 1_000;
const ORGS = 100;
const P99_MS = 500;
const TICK_MS = 10;

interface Plan {
  readonly burstS: number;
  readonly kills: number;
}
const FULL: Plan = { burstS: 60, kills: 60 };
const QUICK: Plan = { burstS: 10, kills: 2 };

export async function burst(run: Run): Promise<Part> {
  const plan = run.quick ? QUICK : FULL;
  const place = makePlace();
  let life = await launch(place, 0);
  const { port } = life;
  const sender = new Sender(port);
  try {
    const all = plan.burstS + plan.kills;
    const begun = performance.now();
    await sender.send(plan.burstS * 1_000, (second) => run.progress(second, all, `${PER_SECOND} webhooks a second`));
    const rate = sender.answered / ((performance.now() - begun) / 1_000);
    const tookMs = [...sender.tookMs];
    const missing = async (): Promise<number> => sender.answered - (await life.child.ask('counted'));
    let lost = await missing();
    for (let kill = 0; kill < plan.kills; kill += 1) {
      run.progress(plan.burstS + kill, all, `kill ${kill + 1} of ${plan.kills}`);
      // Killed while requests are under way; what is not answered is sent again with the same id.
      const sending = sender.send(400, () => undefined);
      await sleep(100 + Math.random() * 250);
      await life.child.kill();
      if (kill % 2 === 1) await place.killStore();
      await sending;
      life = await launch(place, port);
      await sender.again();
      lost = Math.max(lost, Math.abs(await missing()));
    }
    return {
      rows: [
        judged('webhooks answered a second', rate.toFixed(0), `≥ ${PER_SECOND}`, rate >= 0.99 * PER_SECOND),
        judged(
          'webhook to its durable answer',
          `p50 ${quantile(tookMs, 0.5).toFixed(0)} ms, p99 ${quantile(tookMs, 0.99).toFixed(0)} ms`,
          `p99 < ${P99_MS} ms`,
          quantile(tookMs, 0.99) < P99_MS,
        ),
        judged('answered and lost, or counted twice', `${lost} of ${sender.answered} over ${plan.kills} kills`, '0', lost === 0),
      ],
      how: `${PER_SECOND} webhooks a second for ${plan.burstS} s, each a request with an id of its own, of ${ORGS} organizations, on connections that stay open; answered when they are durable. Then ${plan.kills} times: SIGKILL under the same load, of every second one of its Postgres too, a new start, and everything that was not answered sent again with its id.`,
    };
  } finally {
    sender.close();
    await life.child.end();
    await place.remove();
  }
}

const judged = (measure: string, figure: string, aim: string, met: boolean) => ({ measure, side: 'Belay', figure, aim, met });

async function launch(place: Place, port: number): Promise<{ readonly child: Child; readonly port: number }> {
  const child = startChild(import.meta.resolve('../hooks-child.ts'), [place.dir, String(port)]);
  return { child, port: Number((await child.heard('ready')).split(' ')[1]) };
}

class Sender {
  readonly #port: number;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 256 });
  readonly #unanswered = new Set<string>();
  readonly tookMs: number[] = [];
  answered = 0;

  constructor(port: number) {
    this.#port = port;
  }

  /** At its own pace, whatever the answers take. */
  async send(forMs: number, onSecond: (second: number) => void): Promise<void> {
    const begun = performance.now();
    const under: Promise<void>[] = [];
    let sent = 0;
    for (let at = 0; at < forMs; at = performance.now() - begun) {
      for (; sent < (at * PER_SECOND) / 1_000; sent += 1)
        under.push(this.#one(JSON.stringify({ id: randomUUID(), org: `org-${sent % ORGS}` })));
      onSecond(Math.floor(at / 1_000));
      await sleep(TICK_MS);
    }
    await Promise.all(under);
  }

  async again(): Promise<void> {
    await Promise.all([...this.#unanswered].map((body) => this.#one(body)));
    if (this.#unanswered.size > 0) throw new Error(`${this.#unanswered.size} webhooks are not taken after a new start`);
  }

  close(): void {
    this.#agent.destroy();
  }

  #one(body: string): Promise<void> {
    this.#unanswered.add(body);
    const begun = performance.now();
    return new Promise((resolve) => {
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
      const sending = request(
        { agent: this.#agent, host: '127.0.0.1', port: this.#port, path: '/in/hooks', method: 'POST', headers },
        (answer) => {
          answer.resume();
          answer.on('end', () => {
            if (answer.statusCode === 200) {
              this.#unanswered.delete(body);
              this.answered += 1;
              this.tookMs.push(performance.now() - begun);
            }
            resolve();
          });
          answer.on('error', () => resolve());
        },
      );
      // Killed under it: it stays unanswered, and is sent again.
      sending.on('error', () => resolve());
      sending.end(body);
    });
  }
}
