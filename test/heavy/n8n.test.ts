// Our n8n adapter against a real n8n 1.123.81: the contracts, what is refused, what is lost in the gap of a switch and what the intake keeps of it,
// and the example runbook of an organization from its beginning to its end. The judges are n8n itself, and what its workflows got.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { N8N, skipLineOf } from '../../scripts/heavy-parts.ts';
import { createHttp } from '../../src/adapters/http/index.ts';
import { createN8n, createN8nSwitch } from '../../src/adapters/integrations/index.ts';
import { systemTime } from '../../src/adapters/system/index.ts';
import { createActions } from '../../src/flows/actions/index.ts';
import type { Action } from '../../src/ports/action.ts';
import { actionContract } from '../contracts/action.ts';
import { flowSwitchContract } from '../contracts/flow-switch.ts';
import { livingBelay } from '../world/parts/living-belay.ts';
import { type N8nPart, startN8nPart, whyNoN8n } from '../world/parts/n8n.ts';
import { type PostgresPart, startPostgres } from '../world/parts/postgres.ts';
import { eventually } from '../world/parts/shop.ts';
import { RUNBOOK, run, SECRET, traffic, yamlOf } from '../world/scenes/dm.ts';
import { incidentOf } from '../world/scenes/example.ts';
import { instagramStory, ORGANIZATIONS, STORY_END, storyEnd } from '../world/scenes/instagram.ts';

const PATIENCE_MS = 120_000;
/** As fast as n8n runs workflows on a slow machine: what waits is what was held, and no queue. */
const SEND_EVERY_MS = 500;
const deps = { http: createHttp({ allow: ['127.0.0.1'] }), time: systemTime };
const order = { expected: '', key: 'run/step#1:act', reason: 'INC-1' };
const why = whyNoN8n();
if (why !== null) console.log(skipLineOf(N8N, why));

describe.skipIf(why !== null)(`a real n8n ${N8N.version}`, () => {
  let n8n: N8nPart;
  let postgres: PostgresPart;
  const closing: (() => Promise<unknown>)[] = [];
  beforeAll(async () => {
    n8n = await startN8nPart();
    postgres = await startPostgres();
  }, 300_000);
  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close();
  });
  afterAll(async () => {
    await n8n?.stop();
    await postgres?.stop();
  });

  let pairs = 0;
  /** Two versions of a flow on one path, of which the second serves. */
  async function pair() {
    pairs += 1;
    const where = `ig-${pairs}`;
    const [oldName, nextName] = [`ig-dm-v1-${pairs}`, `ig-dm-v2-${pairs}`];
    const old = await n8n.add({ name: oldName, path: where, says: 'flow v1' });
    const next = await n8n.add({ name: nextName, path: where, says: 'flow v2', active: true });
    return { where, old, next, oldName, nextName };
  }
  const actionOf = (name: string): Action => {
    const integrations = { flows: createN8n({ url: n8n.url, key: n8n.key, timeoutMs: 20_000 }, deps) };
    return createActions({ targets: {}, switches: {}, integrations, pause: null as never })[name] ?? expect.fail(`no action ${name}`);
  };

  actionContract('n8n.activate on a real n8n', async () => {
    const { where, next, oldName } = await pair();
    await n8n.turn(next, false);
    return {
      action: actionOf('n8n.activate'),
      args: { workflow: oldName, webhookUrl: `${n8n.url}/webhook/${where}?ping=1`, answers: 'flow v1' },
      impossible: { workflow: 'ig-dm-v9' },
      close: async () => undefined,
    };
  });
  actionContract('n8n.deactivate on a real n8n', async () => {
    const { next } = await pair();
    return {
      action: actionOf('n8n.deactivate'),
      args: { workflow: next },
      impossible: { workflow: 'nobody' },
      close: async () => undefined,
    };
  });

  let worlds = 0;
  flowSwitchContract('a real n8n', async () => {
    worlds += 1;
    const world = worlds;
    const ids = new Map<string, string>();
    for (const org of ORGANIZATIONS)
      for (const version of ['v1', 'v2'])
        ids.set(
          `${version} ${org}`,
          await n8n.add({ name: `dm-${version}-${world}-${org}`, path: `dm-${world}-${org}`, says: version, active: version === 'v1' }),
        );
    const id = (version: string, org: string): string => ids.get(`${version} ${org}`) ?? expect.fail(org);
    const workflows = { stable: `dm-v1-${world}-{org}`, next: `dm-v2-${world}-{org}` };
    return {
      flow: createN8nSwitch({ url: n8n.url, key: n8n.key, workflows, timeoutMs: 20_000 }, deps),
      put: async (org, value) => {
        const [off, on] = value === 'next' ? ['v1', 'v2'] : ['v2', 'v1'];
        await n8n.turn(id(off ?? '', org), false);
        await n8n.turn(id(on ?? '', org), true);
      },
      flows: async () => {
        const said = async (org: string) => [org, (await n8n.call(`dm-${world}-${org}`)).body === 'v1' ? 'stable' : 'next'] as const;
        return Object.fromEntries(await Promise.all(ORGANIZATIONS.map(said)));
      },
      close: async () => undefined,
    };
  });

  test('refuses a path that is owned, and the refusal says by whom and what to type', async () => {
    const { where, oldName, nextName, next } = await pair();
    const activate = actionOf('n8n.activate');
    const { fingerprint } = await activate.observe({ workflow: oldName });
    await expect(activate.act({ workflow: oldName }, { ...order, expected: fingerprint })).rejects.toMatchObject({
      code: 'BELAY_ACT_FAILED',
      effect: 'none',
      message: expect.stringContaining(`the webhook path ${where} is owned by the active workflow "${nextName}" (${next})`),
      hint: `Deactivate that one first: n8n.deactivate with workflow "${nextName}".`,
    });
    expect(await n8n.call(where)).toEqual({ status: 200, body: 'flow v2' });
  });

  test('that somebody switched off and on again is not as it was looked at, though its time is the same', async () => {
    const { next, nextName } = await pair();
    const off = actionOf('n8n.deactivate');
    const time = async () => ((await n8n.ask('GET', `/workflows/${next}`)).json as { readonly updatedAt: string }).updatedAt;
    const [before, { fingerprint }] = [await time(), await off.observe({ workflow: nextName })];
    await n8n.turn(next, false);
    await n8n.turn(next, true);
    expect(await time()).toBe(before);
    await expect(off.act({ workflow: nextName }, { ...order, expected: fingerprint })).rejects.toMatchObject({
      code: 'BELAY_TARGET_CONFLICT',
    });
    expect(await n8n.active()).toContain(nextName);
  });

  test('loses what is sent to it directly while one workflow goes and the other comes: nothing else can be done there', async () => {
    const { where, oldName, nextName } = await pair();
    const answers: { readonly at: number; readonly status: number; readonly body: string }[] = [];
    let isOver = false;
    const sending = Promise.all(
      [0, 1].map(async () => {
        while (!isOver) {
          const { status, body } = await n8n.call(where);
          answers.push({ at: performance.now(), status, body });
        }
      }),
    );
    const order1 = async (name: string, workflow: string): Promise<number> => {
      const action = actionOf(name);
      const { fingerprint } = await action.observe({ workflow });
      const begun = performance.now();
      await action.act({ workflow }, { ...order, expected: fingerprint });
      expect(await action.observe({ workflow })).toMatchObject({ reached: true });
      return performance.now() - begun;
    };
    await eventually(
      () => answers.length,
      (count) => count > 10,
      PATIENCE_MS,
    );
    const [offMs, onMs] = [await order1('n8n.deactivate', nextName), await order1('n8n.activate', oldName)];
    await eventually(
      () => answers.at(-1)?.body,
      (body) => body === 'flow v1',
      PATIENCE_MS,
    );
    isOver = true;
    await sending;
    const lost = answers.filter((one) => one.status === 404);
    const gapMs = (lost.at(-1)?.at ?? 0) - (lost[0]?.at ?? 0);
    console.log(
      `n8n ${N8N.version}: off and seen off ${Math.round(offMs)} ms, on and seen on ${Math.round(onMs)} ms, ${lost.length} of ${answers.length} messages lost in a gap of ${Math.round(gapMs)} ms`,
    );
    expect(lost.length).toBeGreaterThan(0);
    expect(new Set(answers.filter((one) => one.status === 200).map((one) => one.body))).toEqual(new Set(['flow v2', 'flow v1']));
  });

  test('and the intake in front of it: the flow of one organization goes back with messages all the time, none is lost, none comes twice, all in order [S4-ST-02] [S4-ST-03] [S4-SY-03]', async () => {
    const ids = new Map<string, string>();
    for (const org of ['acme', 'globex']) {
      ids.set(`v1 ${org}`, await n8n.add({ name: `ig-dm-v1-${org}`, path: `ig-${org}` }));
      ids.set(`v2 ${org}`, await n8n.add({ name: `ig-dm-v2-${org}`, path: `ig-${org}`, active: true }));
    }
    closing.push(async () => {
      for (const id of ids.values()) {
        await n8n.turn(id, false);
        await n8n.ask('DELETE', `/workflows/${id}`);
      }
    });
    n8n.got.length = 0;
    const databaseUrl = await postgres.createDatabase('dm_really');
    const env = { N8N_KEY: n8n.key, DM_SECRET: SECRET };
    const belay = livingBelay({ yaml: yamlOf(n8n.url), files: { 'runbooks/back.runbook.md': RUNBOOK }, databaseUrl, env });
    closing.push(() => belay.remove());
    const client = await belay.up();
    const streams = ['acme', 'globex'].map((org) => traffic(org, () => client.base, SEND_EVERY_MS));
    await eventually(
      () => n8n.got.length,
      (count) => count > 20,
      PATIENCE_MS,
    );
    const begun = Date.now();
    const incident = await run(client);
    const events = await eventually(
      async () => (await client.get<{ readonly events: readonly Event[] }>(`/v1/incidents/${incident}/events?limit=500`)).events,
      (all) => all.some((one) => one.type === 'run.finished'),
      PATIENCE_MS,
    );
    expect(events.at(-1)).toMatchObject({ type: 'run.finished', data: { outcome: 'done' } });
    const tookMs = Date.now() - begun;
    const sent = await Promise.all(streams.map((one) => one.stop()));
    await eventually(
      () => n8n.got.length,
      (count) => count >= sent.flat().length,
      PATIENCE_MS,
    );
    const gotBy = (org: string) => n8n.got.filter((one) => one.workflow.endsWith(`-${org}`));
    const idOf = (one: (typeof n8n.got)[number]): string => (one.body as { readonly id: string }).id;
    expect(gotBy('acme').map(idOf)).toEqual(sent[0]);
    expect(gotBy('globex').map(idOf)).toEqual(sent[1]);
    const flows = gotBy('acme').map((one) => one.workflow);
    expect(flows.lastIndexOf('ig-dm-v2-acme')).toBeLessThan(flows.indexOf('ig-dm-v1-acme'));
    const [last, first] = [gotBy('acme')[flows.lastIndexOf('ig-dm-v2-acme')], gotBy('acme')[flows.indexOf('ig-dm-v1-acme')]];
    console.log(
      `n8n ${N8N.version} behind the intake: rolled back in ${tookMs} ms, held for ${(first?.at ?? 0) - (last?.at ?? 0)} ms, ${sent.flat().length} messages sent, 0 lost, 0 doubled`,
    );
  }, 240_000);

  test('plays the rollback of examples/instagram-dm to its end and forward again: each order once, and nobody else is touched [S4-SY-01] [S4-SY-03]', async () => {
    const all: string[] = [];
    for (const org of ORGANIZATIONS) {
      all.push(await n8n.add({ name: `ig-dm-v1-${org}`, path: `ig-${org}`, says: `v1 ${org}` }));
      all.push(await n8n.add({ name: `ig-dm-v2-${org}`, path: `ig-${org}`, says: `v2 ${org}`, active: true }));
    }
    closing.push(async () => {
      for (const id of all) await n8n.turn(id, false);
    });
    const world = await instagramStory({ postgres, closing, n8n: { url: n8n.url, key: n8n.key } });
    const saying = async () => Promise.all(ORGANIZATIONS.map(async (org) => (await n8n.call(`ig-${org}`)).body));
    let during: readonly string[] | null = null;
    const done = await world.live({
      meanwhile: async (incident) => {
        if (during === null && incident?.steps['observar']?.status === 'done') during = await saying();
      },
    });
    expect(during).toEqual(['v1 acme', 'v2 globex', 'v2 initech']);
    expect(await storyEnd(world, done)).toEqual(STORY_END);
    expect(await saying()).toEqual(['v2 acme', 'v2 globex', 'v2 initech']);
    expect((await incidentOf(done))?.steps['v2-off']?.status).toBe('undone');
  }, 600_000);

  test('that is killed and starts again says that it is on no sooner than its webhook answers', async () => {
    const { where, nextName } = await pair();
    const activate = actionOf('n8n.activate');
    const restarted = n8n.restart();
    let early = 0;
    for (let isOn = false; !isOn; ) {
      const seen = await activate.observe({ workflow: nextName }).catch(() => null);
      isOn = seen?.reached === true;
      if (isOn) expect(await n8n.call(where)).toEqual({ status: 200, body: 'flow v2' });
      else early += 1;
    }
    await restarted;
    expect(early).toBeGreaterThan(0);
  }, 240_000);
});

interface Event {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}
