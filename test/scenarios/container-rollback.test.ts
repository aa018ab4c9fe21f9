// Runbooks as people write them, read by the real loader and run step by step against a real engine, on which a bad release of a container
// is live. The judge is what the engine says runs, and what a client is answered.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { createCel } from '../../src/adapters/cel/index.ts';
import { createHttp } from '../../src/adapters/http/index.ts';
import { createProcesses } from '../../src/adapters/process/index.ts';
import { systemTime } from '../../src/adapters/system/index.ts';
import { DurableDisk } from '../../src/adapters/virtual/durable-disk.ts';
import { createVirtualJournal } from '../../src/adapters/virtual/journal.ts';
import { KillSwitch } from '../../src/adapters/virtual/kill-switch.ts';
import { createVirtualPause } from '../../src/adapters/virtual/pause.ts';
import { loadAndLint } from '../../src/config/lint.ts';
import type { DoStep } from '../../src/domain/ir.ts';
import { stepsOf } from '../../src/domain/ir.ts';
import { createActions } from '../../src/flows/actions/index.ts';
import { performDo } from '../../src/flows/do.ts';
import { lookupFor } from '../../src/flows/plan.ts';
import { createProbes } from '../../src/flows/probes/index.ts';
import { resolveRefs } from '../../src/flows/refs.ts';
import { openTargets } from '../../src/registry.ts';
import { everything, inspect, makeImage, runImage, startTraffic, WEB, webSetup } from '../adapters/docker/target-world.ts';
import { TOOLS } from '../config/workspace.ts';
import { createFakeDigest } from '../world/fakes/digest.ts';
import { bringUpLoopback, type DockerdPart, startDockerd, whyNoNetwork } from '../world/parts/dockerd.ts';

const why = whyNoNetwork();
const NAME = 'crm-backend';
const PAGE = readFileSync(path.join(import.meta.dirname, '../../docs/targets/docker-container.md'), 'utf8');
const HOST = { NetworkMode: 'host', RestartPolicy: { Name: 'unless-stopped', MaximumRetryCount: 0 } };

/** The example of the page, at this engine, with the runbook of the page. */
function example(socket: string) {
  const folder = mkdtempSync(path.join(tmpdir(), 'belay-container-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const yaml = /```yaml\n(belay: 1\n[\s\S]*?)```/.exec(PAGE)?.[1] ?? '';
  writeFileSync(
    path.join(folder, 'belay.yaml'),
    `${yaml.replace('    driver: docker-container', `$&\n    socket: ${socket}`)}\nroles: [commander]\n`,
  );
  mkdirSync(path.join(folder, 'runbooks'));
  const step = /````markdown\n([\s\S]*?)````/.exec(PAGE)?.[1] ?? '';
  writeFileSync(path.join(folder, 'runbooks/crm.runbook.md'), `${FRONT}\n${step}`);
  const loaded = loadAndLint(folder, { ...TOOLS, env: { CRM_URL: 'http://127.0.0.1:8081' } });
  expect(loaded.diagnostics.filter((one) => one.severity === 'error')).toEqual([]);
  if (loaded.system === null) throw new Error('no system');
  return { system: loaded.system, runbook: Object.values(loaded.runbooks)[0]?.runbook, baseDir: folder };
}

const FRONT = `---
belay: 1
id: crm
title: Roll the CRM back
version: 1.0.0
lang: en
owner: commander
visibility: internal
severity: P1
components: [crm]
roles:
  commander: { is: commander }
---

# Roll the CRM back

## Roll back

### Put the release before back {#switch}
`;

/** Each \`do\` of the runbook, by the protocol of \`do\`. */
async function runIt(socket: string) {
  const { system, runbook, baseDir } = example(socket);
  if (runbook === undefined) throw new Error('no runbook');
  const http = createHttp({ allow: ['127.0.0.1'] });
  const targets = openTargets(system, { http, time: systemTime, processes: createProcesses(), baseDir });
  const [disk, kill] = [new DurableDisk(), new KillSwitch()];
  const pause = createVirtualPause({ disk, kill, time: systemTime });
  const world = {
    journal: createVirtualJournal({ digest: createFakeDigest(), disk, kill }),
    pause,
    engine: { mayAct: async () => true } as never,
    time: systemTime,
    probes: createProbes({ http, readings: null as never, targets, switches: {}, workingCopies: null as never }),
    expression: createCel(),
  };
  const actions = createActions({ targets, switches: {}, pause });
  const outcomes = [];
  for (const step of stepsOf(runbook).filter((one): one is DoStep => one.kind === 'do')) {
    const lookup = await lookupFor({ system, targets }, { inputs: {}, incident: {}, outputs: {} }, step.with);
    if (typeof lookup === 'string') throw new Error(lookup);
    const { value: args, missing } = resolveRefs(step.with, lookup);
    expect(missing).toEqual([]);
    const action = actions[step.do];
    if (action === undefined) throw new Error(`no action ${step.do}`);
    expect(await action.impossible(args)).toBeNull();
    const about = { key: 'run/switch', run: 'run', incident: 'INC-1', step: step.id, attempt: 1, expected: null, reason: 'INC-1' };
    outcomes.push(
      await performDo(world, { action, args, verify: step.verify, lookup, timeoutMs: 60_000, actor: 'belay', earlier: [], ...about }),
    );
  }
  return { outcomes, target: targets['crm'] };
}

describe.skipIf(why !== null)(`a real engine${why === null ? '' : `: SKIPPED, ${why}`}`, () => {
  let docker: DockerdPart;
  beforeAll(async () => {
    docker = await startDockerd();
    await bringUpLoopback(docker);
    for (const tag of ['v0.9.9', 'v1.0.0']) await makeImage(docker, `${NAME}:${tag}`, { cmd: WEB, setup: webSetup(tag) });
  }, 60_000);
  afterAll(() => docker?.stop());
  beforeEach(async () => {
    for (const name of Object.keys(await everything(docker))) await docker.ask('DELETE', `/containers/${name}?force=1&v=1`);
    await runImage(docker, NAME, `${NAME}:v1.0.0`, { HostConfig: HOST, Env: ['TOKEN=mine'] });
  });

  test('a runbook puts the container crm-backend back to the release before, by name, and a client is without answer for moments only [S1-ST-03, S1-SY-02]', async () => {
    const traffic = startTraffic(docker);
    onTestFinished(traffic.end);
    await systemTime.sleep(500);
    const { outcomes, target } = await runIt(docker.socket);
    await systemTime.sleep(500);
    const seen = await traffic.stop();
    console.info(`plain container, fixed port: ${JSON.stringify(seen)}`);
    expect(outcomes).toMatchObject([{ status: 'done', current: 'v0.9.9' }]);
    expect(seen.versions).toEqual(['v1.0.0', 'v0.9.9']);
    expect(seen.longestGapMs).toBeLessThan(10_000);
    const now = await inspect(docker, NAME);
    expect(now).toMatchObject({ Config: { Image: `${NAME}:v0.9.9` }, HostConfig: HOST, State: { Running: true } });
    expect(now?.Config.Env).toContain('TOKEN=mine');
    expect(await target?.current()).toMatchObject({ release: 'v0.9.9', previous: 'v1.0.0' });
    expect(await everything(docker)).toEqual({ [NAME]: 'running' });
  }, 120_000);

  test('where the written steps (build, stop, run without rm) end in a name conflict, the retained image is put back and none is built [S3-ST-07, S3-SY-05]', async () => {
    const images = async () =>
      ((await docker.ask('GET', '/images/json?all=1')).json as readonly { readonly Id: string }[]).map((one) => one.Id);
    await docker.ask('POST', `/containers/${NAME}/stop?t=1`);
    const written = await docker.ask('POST', `/containers/create?name=${NAME}`, { Image: `${NAME}:v0.9.9` });
    expect(written.status).toBe(409);
    const before = await images();
    const { outcomes } = await runIt(docker.socket);
    expect(outcomes).toMatchObject([{ status: 'done', current: 'v0.9.9' }]);
    expect((await images()).toSorted()).toEqual(before.toSorted());
    const retained = (await docker.ask('GET', `/images/${NAME}:v0.9.9/json`)).json as { readonly Id: string };
    expect(await inspect(docker, NAME)).toMatchObject({ Image: retained.Id, State: { Running: true } });
    expect(await everything(docker)).toEqual({ [NAME]: 'running' });
  }, 120_000);
});
