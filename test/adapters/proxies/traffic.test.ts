// Shares of requests at a real HAProxy and a real Caddy: 10 %, 50 %, 100 % and back, with requests as the judge.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CADDY, HAPROXY } from '../../../scripts/lanes.ts';
import { createFileWriter } from '../../../src/adapters/file-writer/index.ts';
import { createHttp } from '../../../src/adapters/http/index.ts';
import { createCaddyTraffic, createHaproxyTraffic } from '../../../src/adapters/proxies/index.ts';
import { createActions } from '../../../src/flows/actions/index.ts';
import type { Action } from '../../../src/ports/action.ts';
import type { TrafficSplit } from '../../../src/ports/traffic-split.ts';
import { actionContract } from '../../contracts/action.ts';
import { type ProxyPart, startCaddy, startHaproxy } from '../../world/parts/proxies.ts';
import { whyNot } from '../../world/parts/unpacked.ts';
import { openRunFile } from '../../world/run-file.ts';

const whyNoHaproxy = whyNot(HAPROXY);
const whyNoCaddy = whyNot(CADDY);

function actionOn(proxy: TrafficSplit): Action {
  const action = createActions({ targets: {}, switches: {}, proxies: { web: proxy }, pause: null as never })['deploy.traffic'];
  if (action === undefined) throw new Error('no action deploy.traffic');
  return action;
}

const SHARES = ['10%', '50%', '100%'] as const;
const stage = (share: string, before: string): string => `### ${share} {#to-${share.replace('%', '')}}

\`\`\`belay do deploy.traffic
with: { proxy: web, to: new, share: ${share} }
undo: { do: deploy.traffic, with: { proxy: web, to: new, share: ${before} } }
verify:
  - { probe: traffic, with: { proxy: web, of: new }, expect: up && share > ${Number.parseInt(share, 10) / 100 - 0.01} }
timeout: 2m
\`\`\`

`;
const STAGES = SHARES.map((share, n) => stage(share, ['0%', ...SHARES][n] ?? '0%'));
const yamlOf = (lines: string): string => `belay: 1\nname: Shop\nnetwork: { allow: ["127.0.0.1"] }\nproxies:\n  web: { ${lines} }\n`;

/** Each stage by itself, with what a client is answered after it. */
async function inStages(proxy: ProxyPart, lines: string): Promise<readonly number[]> {
  const seen: number[] = [];
  for (const steps of STAGES) {
    const file = await openRunFile({ yaml: yamlOf(lines), steps });
    expect((await file.plan()).steps).toMatchObject([{ effect: 'change' }]);
    expect((await file.run()).outcome).toBe('done');
    seen.push((await proxy.sample(100, 'web'))['new'] ?? 0);
  }
  return seen;
}

describe.skipIf(whyNoHaproxy !== null)(`a real HAProxy${whyNoHaproxy === null ? '' : `: SKIPPED, ${whyNoHaproxy}`}`, () => {
  let proxy: ProxyPart;
  beforeAll(async () => {
    proxy = await startHaproxy();
  });
  afterAll(() => proxy?.stop());
  const lines = (): string =>
    `driver: haproxy, socket: ${proxy.socket}, backend: web, servers: [old, new], stateFile: ${proxy.folder}/state`;
  const traffic = (): TrafficSplit =>
    createHaproxyTraffic(
      { socket: proxy.socket, backend: 'web', servers: ['old', 'new'], stateFile: `${proxy.folder}/state` },
      { baseDir: '/', files: createFileWriter() },
    );
  const by = async (old: number, next: number): Promise<void> => {
    await proxy.tell(`set server web/old weight ${old}`);
    await proxy.tell(`set server web/new weight ${next}`);
  };

  actionContract('deploy.traffic at HAProxy', async () => {
    await by(100, 0);
    return {
      action: actionOn(traffic()),
      args: { proxy: 'web', to: 'new', share: '10%' },
      impossible: { proxy: 'web', to: 'nwe', share: '10%' },
      interfere: () => by(70, 30),
      close: () => by(100, 0),
    };
  });

  test('a release gets 10 %, then 50 %, then all requests, each stage seen by a client, and a restart keeps the last [S3-PO-03]', async () => {
    await by(100, 0);
    const [tenth = 0, half = 0, all = 0] = await inStages(proxy, lines());
    expect(tenth).toBeGreaterThanOrEqual(5);
    expect(tenth).toBeLessThanOrEqual(15);
    expect(half).toBeGreaterThanOrEqual(45);
    expect(half).toBeLessThanOrEqual(55);
    expect(all).toBe(100);
    await proxy.restart();
    await expect.poll(async () => (await traffic().look()).up).toEqual(['old', 'new']);
    expect(await proxy.sample(20, 'web')).toEqual({ new: 20 });
  });

  test('a stage whose check fails is taken back by its undo', async () => {
    await by(100, 0);
    const steps = `${STAGES[0]}### It is well {#well}\n\n\`\`\`belay verify\nall: [{ probe: traffic, with: { proxy: web, of: new }, expect: share > 0.9 }]\ntimeout: 1s\nfail: undo\n\`\`\`\n`;
    const played = await (await openRunFile({ yaml: yamlOf(lines()), steps })).run();
    expect(played.steps).toEqual(['to-10 done', 'well failed', 'to-10 undone']);
    expect((await traffic().look()).shares).toEqual({ old: 1, new: 0 });
  });

  test('somebody who changed the weights between looking and acting is not overrun', async () => {
    await by(100, 0);
    const { fingerprint: expected } = await traffic().look();
    await by(60, 40);
    await expect(traffic().put('new', 0.1, { expected, key: 'a', reason: 'INC-1' })).rejects.toMatchObject({
      code: 'BELAY_TARGET_CONFLICT',
      effect: 'none',
    });
    expect((await traffic().look()).shares).toEqual({ old: 0.6, new: 0.4 });
  });

  test('a release that does not answer is given no share, and a share that it had is not called reached', async () => {
    await by(90, 10);
    await proxy.silence('new');
    await expect.poll(async () => (await traffic().look()).up).toEqual(['old']);
    const action = actionOn(traffic());
    expect(await action.impossible({ proxy: 'web', to: 'new', share: '50%' })).toContain('new does not answer');
    expect(await action.observe({ proxy: 'web', to: 'new', share: '10%' })).toMatchObject({
      reached: false,
      current: expect.stringContaining('does not answer'),
    });
    expect(await action.impossible({ proxy: 'web', to: 'new', share: '0%' })).toBeNull();
  });

  test('a backend or a server that there is not is told, and so is a share that is none', async () => {
    const odd = createHaproxyTraffic(
      { socket: proxy.socket, backend: 'web', servers: ['old', 'nwe'] },
      { baseDir: '/', files: createFileWriter() },
    );
    await expect(odd.look()).rejects.toMatchObject({ code: 'BELAY_TARGET_UNREACHABLE', hint: expect.stringContaining('old, new') });
    await expect(actionOn(traffic()).observe({ proxy: 'web', to: 'new', share: 'half' })).rejects.toMatchObject({
      code: 'BELAY_INPUT_INVALID',
    });
    expect(() =>
      createHaproxyTraffic({ socket: 's', backend: 'web', servers: ['old'] }, { baseDir: '/', files: createFileWriter() }),
    ).toThrow(/two of them/);
    expect(() =>
      createHaproxyTraffic({ socket: 's', backend: 'web; x', servers: ['a', 'b'] }, { baseDir: '/', files: createFileWriter() }),
    ).toThrow(/backend:/);
  });
});

describe.skipIf(whyNoCaddy !== null)(`a real Caddy${whyNoCaddy === null ? '' : `: SKIPPED, ${whyNoCaddy}`}`, () => {
  let proxy: ProxyPart;
  beforeAll(async () => {
    proxy = await startCaddy();
  });
  afterAll(() => proxy?.stop());
  const upstreams = (): Readonly<Record<string, string>> => ({ old: proxy.addresses['old'] ?? '', new: proxy.addresses['new'] ?? '' });
  const traffic = (): TrafficSplit =>
    createCaddyTraffic({ url: proxy.admin, handler: 'rollout', upstreams: upstreams() }, { http: createHttp({ allow: ['127.0.0.1'] }) });
  const by = async (list: readonly string[]): Promise<void> => {
    const body = JSON.stringify(list.map((name) => ({ dial: proxy.addresses[name] })));
    const { status } = await fetch(`${proxy.admin}/id/rollout/upstreams`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body,
    });
    expect(status).toBe(200);
  };

  actionContract('deploy.traffic at Caddy', async () => {
    await by(['old']);
    return {
      action: actionOn(traffic()),
      args: { proxy: 'web', to: 'new', share: '10%' },
      impossible: { proxy: 'web', to: 'nwe', share: '10%' },
      interfere: () => by(['old', 'new']),
      close: () => by(['old']),
    };
  });

  test('a release gets exactly 10 %, then 50 %, then all requests at Caddy', async () => {
    await by(['old']);
    const lines = `driver: caddy, url: "${proxy.admin}", handler: rollout, upstreams: ${JSON.stringify(upstreams())}`;
    expect(await inStages(proxy, lines)).toEqual([10, 50, 100]);
  });

  test('a third address is told instead of being lost', async () => {
    await by(['old', 'stable']);
    await expect(traffic().look()).rejects.toMatchObject({
      code: 'BELAY_TARGET_UNREACHABLE',
      message: expect.stringContaining('also sends to'),
    });
    await by(['old']);
  });
});
