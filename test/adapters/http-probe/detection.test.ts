// From answers of real servers to triggers: the example of the page, read by the real loader.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { createCel } from '../../../src/adapters/cel/index.ts';
import { createHttp, createNet } from '../../../src/adapters/http/index.ts';
import { createHttpProbe } from '../../../src/adapters/http-probe/index.ts';
import { loadAndLint } from '../../../src/config/lint.ts';
import type { System } from '../../../src/domain/system.ts';
import { TOOLS } from '../../config/workspace.ts';
import { DetectWorld } from '../../flows/detect-world.ts';

const PAGE = readFileSync(path.join(import.meta.dirname, '../../../docs/sources/http.md'), 'utf8');
const ALLOW = ['127.0.0.1', 'localhost'];

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

/** A machine of the service; `says` answers by path. */
async function machine() {
  const says = new Map<string, { readonly status: number; readonly body: string }>();
  const server = createServer((request, response) => {
    const { status, body } = says.get(request.url ?? '') ?? { status: 200, body: '{"status":"OK"}' };
    response.writeHead(status, { 'content-type': 'application/json' }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { says, place: `127.0.0.1:${(server.address() as AddressInfo).port}` };
}
type Machine = Awaited<ReturnType<typeof machine>>;

function systemOfThePage(a: Machine, b: Machine): System {
  const yaml = /```yaml\n([\s\S]*?)```/.exec(PAGE)?.[1] ?? '';
  const folder = mkdtempSync(path.join(tmpdir(), 'belay-probe-'));
  try {
    writeFileSync(path.join(folder, 'belay.yaml'), yaml);
    const env = { APP_A_URL: `http://${a.place}`, APP_B_URL: `http://${b.place}`, EDGE: a.place, BROKER: a.place, DOMAIN: 'localhost' };
    const loaded = loadAndLint(folder, { ...TOOLS, env });
    expect(loaded.diagnostics).toEqual([]);
    if (loaded.system === null) throw new Error('the example of the page cannot be read');
    return loaded.system;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function scene() {
  const [a, b] = [await machine(), await machine()];
  const system = systemOfThePage(a, b);
  const world = new DetectWorld(system);
  const deps = { http: createHttp({ allow: ALLOW }), net: createNet({ allow: ALLOW }), expression: createCel(), time: world.clock.time() };
  /** The source is read so many times, at its cadence. */
  const beat = async (id: string, count: number): Promise<void> => {
    const spec = system.sources.find((one) => one.id === id);
    if (spec?.driver !== 'http') throw new Error(`no source ${id}`);
    const reader = createHttpProbe(spec, deps);
    for (let n = 0; n < count; n += 1) {
      world.clock.nowMs += spec.everyMs;
      await world.detector.ingest(await reader.read(new AbortController().signal, {}));
    }
  };
  return { a, b, world, beat, path: (trigger: string) => world.path('', trigger) };
}

const CRITICAL = { status: 200, body: '{"status":"CRITICAL","db":"down"}' };

test('a deep health page that says CRITICAL three times in a row breaches, and one that says it once does not [S5-TR-11]', async () => {
  const { a, b, beat, path: pathOf } = await scene();
  const say = (answer: typeof CRITICAL | null): void => {
    for (const one of [a, b]) {
      if (answer === null) one.says.delete('/health/deep');
      else one.says.set('/health/deep', answer);
    }
  };
  await beat('deep-health', 3);
  for (const times of [1, 2]) {
    say(CRITICAL);
    await beat('deep-health', times);
    say(null);
    await beat('deep-health', 3);
  }
  expect(await pathOf('deep-health-critical')).toEqual([]);

  say(CRITICAL);
  await beat('deep-health', 2);
  expect(await pathOf('deep-health-critical')).toEqual([]);
  await beat('deep-health', 1);
  expect(await pathOf('deep-health-critical')).toEqual(['ok→suspect', 'suspect→breached']);

  say(null);
  await beat('deep-health', 12);
  expect((await pathOf('deep-health-critical')).slice(0, 3)).toEqual(['ok→suspect', 'suspect→breached', 'breached→cleared']);
});

test('the deep health page of one machine alone asks and does not act', async () => {
  const { a, beat, path: pathOf } = await scene();
  await beat('deep-health', 3);
  a.says.set('/health/deep', CRITICAL);
  await beat('deep-health', 10);
  expect(await pathOf('deep-health-critical')).toEqual(['ok→suspect', 'suspect→suspect!']);
});

test('a main function that is broken in two of its three places breaches, in one of them it does not [S3-TR-02]', async () => {
  const { a, beat, path: pathOf } = await scene();
  await beat('main-function', 3);
  a.says.set('/smoke/pay', { status: 500, body: 'no' });
  await beat('main-function', 10);
  expect(await pathOf('main-function-broken')).toEqual([]);
  a.says.set('/smoke/cart', { status: 404, body: 'no' });
  await beat('main-function', 2);
  expect(await pathOf('main-function-broken')).toEqual([]);
  await beat('main-function', 1);
  expect(await pathOf('main-function-broken')).toEqual(['ok→suspect', 'suspect→breached']);
});

test('what lies before the service is looked at with the words of the page', async () => {
  const { world, beat } = await scene();
  await beat('edge', 3);
  // The machine speaks no TLS; its port and its name are fine.
  expect(await world.view('edge-broken', '')).toMatchObject({ value: 1, all: 3 });
});
