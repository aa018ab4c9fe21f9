// Sends a fleet's samples by remote write to whoever takes them, four requests at a time, as Prometheus does. It counts what was
// acknowledged and judges nothing.
import type { Fleet } from '../fleet.ts';
import { FLEET_EVERY_MS } from '../fleet.ts';
import { REMOTE_WRITE_HEADERS } from '../remote-write-request.ts';

const AT_A_TIME = 4;

export interface Feed {
  readonly url: string;
  readonly fleet: Fleet;
  readonly startAt: number;
}

/** Rounds `from` to `to`, the last not: each is answered whole before the next begins. */
export async function feedRounds(
  { url, fleet, startAt }: Feed,
  from: number,
  to: number,
  onRound: (round: number) => void = () => undefined,
): Promise<void> {
  for (let round = from; round < to; round += 1) {
    const at = startAt + round * FLEET_EVERY_MS;
    const bodies = [...fleet.requests(round, at)];
    const headers = { ...REMOTE_WRITE_HEADERS, 'x-bench-now': String(at) };
    await Promise.all(
      Array.from({ length: AT_A_TIME }, async () => {
        for (let body = bodies.shift(); body !== undefined; body = bodies.shift()) {
          const answer = await fetch(url, { method: 'POST', body, headers });
          const text = await answer.text();
          if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${text.slice(0, 200)}`);
        }
      }),
    );
    onRound(round);
  }
}
