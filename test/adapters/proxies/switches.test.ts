// Which flow an organization uses, at a real HAProxy and a real Caddy: the contract, and requests as the judge.

import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CADDY, HAPROXY } from '../../../scripts/lanes.ts';
import { createFileWriter } from '../../../src/adapters/file-writer/index.ts';
import { createHttp } from '../../../src/adapters/http/index.ts';
import { createProcesses } from '../../../src/adapters/process/index.ts';
import { createCaddySwitch, createHaproxyMap } from '../../../src/adapters/proxies/index.ts';
import { systemTime } from '../../../src/adapters/system/index.ts';
import type { FlowSwitch } from '../../../src/ports/flow-switch.ts';
import { flowSwitchContract } from '../../contracts/flow-switch.ts';
import { type ProxyPart, startCaddy, startHaproxy } from '../../world/parts/proxies.ts';
import { whyNot } from '../../world/parts/unpacked.ts';
import { openRunFile } from '../../world/run-file.ts';

const VALUES = ['stable', 'next'];
const ORGS = ['acme', 'globex', 'initech'];
const whyNoHaproxy = whyNot(HAPROXY);
const whyNoCaddy = whyNot(CADDY);
const order = (expected: string, key = 'run/switch#1:act') => ({ expected, key, reason: 'INC-1' });

/** By requests. */
const answered = async (proxy: ProxyPart): Promise<Readonly<Record<string, string>>> =>
  Object.fromEntries(await Promise.all(ORGS.map(async (org) => [org, await proxy.ask(org)] as const)));

const STEPS = `### Back for one organization {#back}

\`\`\`belay do flow.set
with: { switch: flow, org: "{org}", to: stable }
undo: { do: flow.set, with: { switch: flow, org: "{org}", to: next } }
verify:
  - { probe: flow, with: { switch: flow, org: "{org}" }, expect: value == "stable" }
timeout: 2m
\`\`\`
`;
const yamlOf = (lines: string): string =>
  `belay: 1\nname: Shop\nnetwork: { allow: ["127.0.0.1"] }\norganizations: { acme: {}, globex: {}, initech: {} }\nswitches:\n  flow: { ${lines}, values: [stable, next] }\n`;

describe.skipIf(whyNoHaproxy !== null)(`a real HAProxy${whyNoHaproxy === null ? '' : `: SKIPPED, ${whyNoHaproxy}`}`, () => {
  let proxy: ProxyPart;
  beforeAll(async () => {
    proxy = await startHaproxy();
  });
  afterAll(() => proxy?.stop());
  const deps = { time: systemTime, processes: createProcesses(), files: createFileWriter(), baseDir: '/' };
  const flow = (): FlowSwitch => createHaproxyMap({ socket: proxy.socket, map: proxy.map, values: VALUES }, deps);
  /** Over the socket alone, as a person in a hurry. */
  const put = async (org: string, value: string): Promise<void> => {
    const isThere = (await proxy.tell(`get map ${proxy.map} ${org}`)).includes('found=yes');
    await proxy.tell(`${isThere ? 'set' : 'add'} map ${proxy.map} ${org} ${value}`);
  };
  const clean = async (): Promise<void> => {
    await proxy.tell(`clear map ${proxy.map}`);
    writeFileSync(proxy.map, '# who uses which flow\n');
  };

  flowSwitchContract('a map of HAProxy', async () => {
    await clean();
    return { flow: flow(), put, flows: () => answered(proxy), close: clean };
  });

  test('a runbook puts one organization back without a reload, a restart keeps it, and the others stay where they were', async () => {
    await clean();
    writeFileSync(proxy.map, '# who uses which flow\nacme next\nglobex next\n');
    await proxy.restart();
    expect(await answered(proxy)).toEqual({ acme: 'next', globex: 'next', initech: 'stable' });
    const file = await openRunFile({
      yaml: yamlOf(`driver: haproxy-map, socket: ${proxy.socket}, map: ${proxy.map}`),
      steps: STEPS,
      org: 'acme',
    });
    expect((await file.plan()).steps).toMatchObject([{ current: 'next', desired: 'stable', compareAndSet: 'lock' }]);
    expect(await file.run()).toMatchObject({ outcome: 'done', steps: ['back done'] });
    expect(await proxy.sample(40, 'acme')).toEqual({ stable: 40 });
    expect(await answered(proxy)).toEqual({ acme: 'stable', globex: 'next', initech: 'stable' });
    await proxy.restart();
    expect(await answered(proxy)).toEqual({ acme: 'stable', globex: 'next', initech: 'stable' });
    expect(readFileSync(proxy.map, 'utf8')).toMatch(/^# who uses which flow\n#belay acme .+\nacme stable\nglobex next\n$/);
    expect(await flow().get('acme')).toMatchObject({ value: 'stable', previous: 'next' });
  });

  test('an organization that the map does not hold is added to it, in the file, too', async () => {
    await clean();
    const one = flow();
    await one.set('initech', 'next', order((await one.get('initech')).fingerprint));
    expect(await proxy.ask('initech')).toBe('next');
    await proxy.restart();
    expect(await proxy.ask('initech')).toBe('next');
  });

  test('a Belay that was killed between the file and the proxy goes on from there, under the same key', async () => {
    await clean();
    const before = await flow().get('acme');
    const half = { value: 'next', changes: 1, changedAt: Date.now(), previous: 'stable', key: 'run/switch#1:act' };
    writeFileSync(proxy.map, `#belay acme ${JSON.stringify(half)}\nacme next\n`);
    const again = flow();
    expect(await again.get('acme')).toMatchObject({ value: 'stable', fingerprint: before.fingerprint });
    await again.set('acme', 'next', order(before.fingerprint));
    expect(await proxy.ask('acme')).toBe('next');
    expect((await again.get('acme')).fingerprint).toBe('next#1');
  });

  test('a map that HAProxy does not know, and words that would be other commands, are refused', async () => {
    const unknown = createHaproxyMap({ socket: proxy.socket, map: '/nowhere.map', values: VALUES }, deps);
    await expect(unknown.get('acme')).rejects.toMatchObject({ code: 'BELAY_TARGET_UNREACHABLE', effect: 'none', hint: expect.any(String) });
    await expect(flow().get('acme; shutdown frontend f')).rejects.toMatchObject({ code: 'BELAY_INPUT_INVALID', effect: 'none' });
    const nobody = createHaproxyMap({ socket: `${proxy.socket}.none`, map: proxy.map, values: VALUES }, deps);
    await expect(nobody.get('acme')).rejects.toMatchObject({
      code: 'BELAY_TARGET_UNREACHABLE',
      message: expect.stringContaining('ENOENT'),
    });
    for (const value of ['a b', 'a;b', 'a\nb'])
      expect(() => createHaproxyMap({ socket: 's', map: '/m', values: [value, 'b'] }, deps)).toThrow(/values:/);
  });
});

describe.skipIf(whyNoCaddy !== null)(`a real Caddy${whyNoCaddy === null ? '' : `: SKIPPED, ${whyNoCaddy}`}`, () => {
  let proxy: ProxyPart;
  beforeAll(async () => {
    proxy = await startCaddy();
  });
  afterAll(() => proxy?.stop());
  const deps = { http: createHttp({ allow: ['127.0.0.1'] }), time: systemTime };
  const flow = (): FlowSwitch => createCaddySwitch({ url: proxy.admin, handler: 'org-flows', values: VALUES }, deps);
  type Mapping = { readonly input: string; readonly outputs: readonly string[] };
  const setAll = async (change: (mappings: readonly Mapping[]) => readonly Mapping[]): Promise<void> => {
    const where = `${proxy.admin}/id/org-flows/mappings`;
    const now = (await (await fetch(where)).json()) as readonly Mapping[];
    const { status } = await fetch(where, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(change(now)),
    });
    expect(status).toBe(200);
  };
  const put = (org: string, value: string): Promise<void> =>
    setAll((all) => [...all.filter((one) => one.input !== org), { input: org, outputs: [value] }]);
  const clean = (): Promise<void> => setAll(() => [{ input: 'someone', outputs: ['next'] }]);

  flowSwitchContract('a map of Caddy', async () => {
    await clean();
    return { flow: flow(), put, flows: () => answered(proxy), close: clean };
  });

  test('a runbook puts one organization back at Caddy, compared by Caddy itself, and its requests move', async () => {
    await clean();
    for (const org of ['acme', 'globex']) await put(org, 'next');
    const file = await openRunFile({ yaml: yamlOf(`driver: caddy, url: "${proxy.admin}", handler: org-flows`), steps: STEPS, org: 'acme' });
    expect((await file.plan()).steps).toMatchObject([{ current: 'next', desired: 'stable', compareAndSet: 'native' }]);
    expect(await file.run()).toMatchObject({ outcome: 'done', steps: ['back done'] });
    expect(await proxy.sample(40, 'acme')).toEqual({ stable: 40 });
    expect(await answered(proxy)).toEqual({ acme: 'stable', globex: 'next', initech: 'stable' });
    expect(await proxy.ask('someone')).toBe('next');
  });

  test('an @id that there is not, or of another handler, is told with what to type', async () => {
    for (const handler of ['nobody', 'rollout'])
      await expect(createCaddySwitch({ url: proxy.admin, handler, values: VALUES }, deps).get('acme')).rejects.toMatchObject({
        code: 'BELAY_TARGET_UNREACHABLE',
        effect: 'none',
        hint: expect.any(String),
      });
  });
});
