// The HTTP probe source against real servers over the real client.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { createHttp } from '../../../src/adapters/http/index.ts';
import { createHttpProbe } from '../../../src/adapters/http-probe/index.ts';
import { systemTime } from '../../../src/adapters/system/index.ts';
import type { Batch } from '../../../src/domain/signal.ts';
import { polled } from '../../../src/flows/detect/poll.ts';
import { signalSourceContract } from '../../contracts/signal-source.ts';

async function serve(status = 200) {
  let answer = status;
  const waiting: (() => void)[] = [];
  const server = createServer((_request, response) => {
    for (const wake of waiting.splice(0)) wake();
    response.writeHead(answer).end('ok');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/health`,
    set: (next: number) => {
      answer = next;
    },
    nextAsked: () => new Promise<void>((resolve) => waiting.push(resolve)),
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const sourceOf = (points: readonly string[], allow: readonly string[] = ['127.0.0.1']) =>
  polled(
    createHttpProbe(
      { id: 'outside', driver: 'http', points, everyMs: 20, timeoutMs: 1_000, expectStatus: 200 },
      { http: createHttp({ allow }), time: systemTime },
    ),
    systemTime,
  );

signalSourceContract('the http-probe adapter', async () => {
  const server = await serve();
  return {
    source: sourceOf([server.url]),
    beat: async (count) => {
      for (let n = 0; n <= count; n += 1) await Promise.race([server.nextAsked(), systemTime.sleep(200)]);
    },
    // A point that does not answer is a result: this source has no trouble of its own while addresses are allowed.
    trouble: null,
    close: server.close,
  };
});

async function firstBatch(source: ReturnType<typeof sourceOf>): Promise<Batch> {
  const abort = new AbortController();
  return new Promise<Batch>((resolve, reject) => {
    source
      .run(async (batch) => {
        abort.abort();
        resolve(batch);
      }, abort.signal)
      .catch(reject);
  });
}

test('every point gives one result: the wanted status, another status, no answer', async () => {
  const [good, bad, gone] = [await serve(200), await serve(503), await serve(200)];
  await gone.close();
  try {
    const { samples, alive, at } = await firstBatch(sourceOf([good.url, bad.url, gone.url]));
    expect(alive).toBe(true);
    expect(samples).toEqual([
      { kind: 'probe', point: good.url, at, ok: true, detail: 'status 200' },
      { kind: 'probe', point: bad.url, at, ok: false, detail: 'status 503' },
      { kind: 'probe', point: gone.url, at, ok: false, detail: expect.stringMatching(/./) },
    ]);
  } finally {
    await good.close();
    await bad.close();
  }
});

test('an address that may not be reached is no result of the service: the reading is dead', async () => {
  const server = await serve();
  try {
    expect(await firstBatch(sourceOf([server.url], []))).toMatchObject({ alive: false, samples: [], reason: expect.stringMatching(/./) });
  } finally {
    await server.close();
  }
});
