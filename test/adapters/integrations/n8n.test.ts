// Workflows of n8n, switched on and off, on a server that remembers and can lie, in the shapes of n8n 1, 1.123 and 2.
import { afterEach, describe, expect, onTestFinished, test } from 'vitest';
import { createHttp } from '../../../src/adapters/http/index.ts';
import { createN8n, createN8nSwitch } from '../../../src/adapters/integrations/index.ts';
import { systemTime } from '../../../src/adapters/system/index.ts';
import { createActions } from '../../../src/flows/actions/index.ts';
import { createProbes } from '../../../src/flows/probes/index.ts';
import { actionContract } from '../../contracts/action.ts';
import { flowSwitchContract } from '../../contracts/flow-switch.ts';
import { type Generation, type N8nServer, startN8n } from '../../world/vendors/n8n.ts';

const KEY = 'hunter2-n8n-key-of-the-public-api';
const deps = { http: createHttp({ allow: ['127.0.0.1'] }), time: systemTime };
const order = { expected: '', key: 'run/step#1:act', reason: 'INC-1' };

async function worldOf(generation: Generation = 1.123, timeoutMs = 5_000) {
  const server = await startN8n({ key: KEY, generation });
  const old = server.add({ name: 'ig-dm-v1-acme', path: 'ig-acme', says: 'flow v1' });
  const next = server.add({ name: 'ig-dm-v2-acme', path: 'ig-acme', says: 'flow v2', active: true });
  const integrations = { flows: createN8n({ url: server.url, key: KEY, timeoutMs }, deps) };
  const actions = createActions({ targets: {}, switches: {}, integrations, pause: null as never });
  const probes = createProbes({
    http: deps.http,
    readings: null as never,
    targets: {},
    switches: {},
    integrations,
    workingCopies: null as never,
  });
  const action = (name: string) => {
    const one = actions[name];
    if (one === undefined) throw new Error(`no action ${name}`);
    return one;
  };
  return { server, old, next, action, probe: probes['n8n.workflow'] };
}

async function running(generation?: Generation, timeoutMs?: number) {
  const world = await worldOf(generation, timeoutMs);
  onTestFinished(() => world.server.close());
  return world;
}

for (const generation of [1, 1.123, 2] as const) {
  actionContract(`n8n.activate on n8n ${generation}`, async () => {
    const { server, action, next } = await worldOf(generation);
    server.turn(next, false);
    return {
      action: action('n8n.activate'),
      args: { workflow: 'ig-dm-v1-acme', webhookUrl: `${server.url}/webhook/ig-acme?ping=1`, answers: 'flow v1' },
      impossible: { workflow: 'ig-dm-v9-acme' },
      close: () => server.close(),
    };
  });
  actionContract(`n8n.deactivate on n8n ${generation}`, async () => {
    const { server, action, next } = await worldOf(generation);
    return {
      action: action('n8n.deactivate'),
      args: { workflow: next.id },
      impossible: { workflow: 'nobody' },
      close: () => server.close(),
    };
  });
}

describe('a switch over workflows of n8n', () => {
  const open: N8nServer[] = [];
  afterEach(async () => {
    for (const one of open.splice(0)) await one.close();
  });
  flowSwitchContract('n8n', async () => {
    const server = await startN8n({ key: KEY });
    const orgs = ['acme', 'globex', 'initech'];
    for (const org of orgs) {
      server.add({ name: `dm-v1-${org}`, path: `dm-${org}`, active: true });
      server.add({ name: `dm-v2-${org}`, path: `dm-${org}` });
    }
    const workflows = { stable: 'dm-v1-{org}', next: 'dm-v2-{org}' };
    const named = (name: string) => server.workflows.find((one) => one.name === name) ?? expect.fail(name);
    return {
      flow: createN8nSwitch({ url: server.url, key: KEY, workflows, timeoutMs: 5_000 }, deps),
      put: async (org, value) => {
        server.turn(named(value === 'next' ? `dm-v1-${org}` : `dm-v2-${org}`), false);
        server.turn(named(value === 'next' ? `dm-v2-${org}` : `dm-v1-${org}`), true);
      },
      flows: async () =>
        Object.fromEntries(orgs.map((org) => [org, server.routes.get(`POST dm-${org}`) === named(`dm-v1-${org}`).id ? 'stable' : 'next'])),
      close: () => server.close(),
    };
  });

  test('is told to be on nothing while neither of its workflows is active, and refuses workflows without an organization', async () => {
    const server = await startN8n({ key: KEY });
    open.push(server);
    server.add({ name: 'dm-v1-acme', path: 'dm' });
    server.add({ name: 'dm-v2-acme', path: 'dm' });
    const flow = createN8nSwitch({ url: server.url, key: KEY, workflows: { a: 'dm-v1-{org}', b: 'dm-v2-{org}' }, timeoutMs: 5_000 }, deps);
    expect(await flow.get('acme')).toMatchObject({ value: 'none' });
    expect(() => createN8nSwitch({ url: server.url, key: KEY, workflows: { a: 'x', b: 'dm-{org}' }, timeoutMs: 5_000 }, deps)).toThrow(
      /workflows: a lacks \{org\}/,
    );
  });

  test('says unknown when the second order is refused, because then nobody serves the organization', async () => {
    const server = await startN8n({ key: KEY });
    open.push(server);
    server.add({ name: 'dm-v1-acme', path: 'dm' });
    server.add({ name: 'dm-v2-acme', path: 'dm', active: true });
    const other = server.add({ name: 'another', path: 'dm', method: 'POST' });
    const flow = createN8nSwitch({ url: server.url, key: KEY, workflows: { a: 'dm-v1-{org}', b: 'dm-v2-{org}' }, timeoutMs: 5_000 }, deps);
    const { fingerprint } = await flow.get('acme');
    // Somebody takes the path in the gap.
    server.before = () => {
      server.before = () => server.turn(other, true);
    };
    await expect(flow.set('acme', 'a', { expected: fingerprint, key: 'k', reason: 'r' })).rejects.toMatchObject({
      code: 'BELAY_ACT_FAILED',
      effect: 'unknown',
      message: expect.stringMatching(/path dm is owned by the active workflow "another"/),
    });
  });
});

describe('n8n', () => {
  test('that says active and has no webhook is not believed, and is switched off and on again', async () => {
    const { server, old, next, action } = await running();
    server.turn(next, false);
    server.lies = true;
    const activate = action('n8n.activate');
    const args = { workflow: 'ig-dm-v1-acme' };
    await activate.act(args, { ...order, expected: (await activate.observe(args)).fingerprint });
    const lied = await activate.observe(args);
    expect(lied).toMatchObject({ reached: false, current: 'active, but POST ig-acme is not registered' });
    server.lies = false;
    await activate.act(args, { ...order, expected: lied.fingerprint });
    expect(await activate.observe(args)).toMatchObject({ reached: true, current: 'active' });
    expect(server.ledger.map((one) => one.what)).toEqual(['activate', 'deactivate', 'activate']);
    expect(server.routes.get('POST ig-acme')).toBe(old.id);
  });

  test('that goes on routing what was switched off is not believed either', async () => {
    const { server, next, action } = await running();
    server.keepsRouting = true;
    const args = { workflow: next.name };
    const off = action('n8n.deactivate');
    await off.act(args, { ...order, expected: (await off.observe(args)).fingerprint });
    expect(await off.observe(args)).toMatchObject({ reached: false, current: 'inactive, but POST ig-acme is still routed' });
  });

  test('counts as off when another active workflow has taken the path over', async () => {
    const { server, old, next, action } = await running();
    server.turn(next, false);
    server.turn(old, true);
    expect(await action('n8n.deactivate').observe({ workflow: next.name })).toMatchObject({ reached: true });
  });

  test('is not on before its webhooks are, though its API is up', async () => {
    const { server, next, action } = await running();
    server.webhooksReady = false;
    expect(await action('n8n.activate').observe({ workflow: next.name })).toMatchObject({ reached: false });
    server.webhooksReady = true;
    expect(await action('n8n.activate').observe({ workflow: next.name })).toMatchObject({ reached: true });
  });

  test('is asked for its webhooks without running a workflow, and called only where an address is given', async () => {
    const { server, next, action } = await running();
    await action('n8n.activate').observe({ workflow: next.name });
    expect(server.got).toEqual([]);
    const webhookUrl = `${server.url}/webhook/ig-acme?ping=1`;
    const wrong = await action('n8n.activate').observe({ workflow: next.name, webhookUrl, answers: 'flow v1' });
    expect(wrong).toMatchObject({ reached: false, current: 'active, but its webhook does not say "flow v1"' });
    expect(server.got).toHaveLength(1);
  });

  test.each([1, 1.123, 2] as const)(
    '%d refuses a path that is owned, and the refusal says by whom and what to type',
    async (generation) => {
      const { server, old, action } = await running(generation);
      const activate = action('n8n.activate');
      const args = { workflow: old.name };
      const { fingerprint } = await activate.observe(args);
      await expect(activate.act(args, { ...order, expected: fingerprint })).rejects.toMatchObject({
        code: 'BELAY_ACT_FAILED',
        effect: 'none',
        message: expect.stringMatching(/the webhook path ig-acme is owned by the active workflow "ig-dm-v2-acme" \(wf0+2\)/),
        hint: 'Deactivate that one first: n8n.deactivate with workflow "ig-dm-v2-acme".',
      });
      expect(server.ledger).toEqual([]);
    },
  );

  test('2 is told the very version that was looked at: one that is saved meanwhile does not go live', async () => {
    const { server, old, next, action } = await running(2);
    server.turn(next, false);
    const activate = action('n8n.activate');
    const args = { workflow: old.name };
    const { fingerprint } = await activate.observe(args);
    server.before = () => server.save(old);
    await expect(activate.act(args, { ...order, expected: fingerprint })).rejects.toMatchObject({ effect: 'none' });
    server.save(old);
    await expect(activate.act(args, { ...order, expected: fingerprint })).rejects.toMatchObject({ code: 'BELAY_TARGET_CONFLICT' });
    expect(old.active).toBe(false);
  });

  test('has two workflows of one name, or an archived one: the plan refuses and says which', async () => {
    const { server, old, action, probe } = await running();
    const twin = server.add({ name: old.name });
    await expect(action('n8n.activate').observe({ workflow: old.name })).rejects.toMatchObject({
      code: 'BELAY_INPUT_INVALID',
      message: expect.stringContaining(`2 workflows "ig-dm-v1-acme": ${old.id}, ${twin.id}`),
    });
    expect(await action('n8n.activate').impossible({ workflow: old.name })).toContain('2 workflows');
    old.isArchived = true;
    expect(await action('n8n.activate').impossible({ workflow: old.id })).toContain('is archived');
    expect(await probe?.measure({ name: old.id })).toEqual({ known: true, values: { found: true, active: false, archived: true } });
    expect(await probe?.measure({ name: 'nobody' })).toEqual({ known: true, values: { found: false, active: false, archived: false } });
    expect(await probe?.measure({ name: old.name })).toMatchObject({ known: false, why: expect.stringContaining('2 workflows') });
  });

  test.each([
    ['rate-limited', 'BELAY_ACT_FAILED', 'none'],
    ['forbidden', 'BELAY_ACT_FAILED', 'none'],
    ['error-500', 'BELAY_TIMEOUT', 'unknown'],
    ['cut', 'BELAY_TIMEOUT', 'unknown'],
    ['done-then-cut', 'BELAY_TIMEOUT', 'unknown'],
    ['done-then-502', 'BELAY_TIMEOUT', 'unknown'],
  ] as const)('on a bad day (%s) says %s and the effect %s, and never its key', async (mood, code, effect) => {
    const { server, next, action } = await running(1.123, 1_000);
    const off = action('n8n.deactivate');
    const args = { workflow: next.name };
    const { fingerprint } = await off.observe(args);
    Object.assign(server, { mood, moodFor: (one: { method: string }) => one.method === 'POST' });
    const error = await off.act(args, { ...order, expected: fingerprint }).catch((one: unknown) => one);
    expect(error).toMatchObject({ code, effect });
    expect(String((error as Error).message)).not.toContain(KEY);
    server.mood = 'well';
    expect(next.active).toBe(!mood.startsWith('done-then'));
  });

  test('with several integrations of its kind must be named', async () => {
    const { server } = await running();
    const one = createN8n({ url: server.url, key: KEY, timeoutMs: 5_000 }, deps);
    const actions = createActions({ targets: {}, switches: {}, integrations: { a: one, b: one }, pause: null as never });
    await expect(actions['n8n.activate']?.observe({ workflow: 'x' })).rejects.toMatchObject({
      hint: expect.stringContaining('one of a, b'),
    });
    await expect(actions['n8n.activate']?.observe({ workflow: 'x', integration: 'c' })).rejects.toMatchObject({ code: 'BELAY_NOT_FOUND' });
    expect(await actions['n8n.activate']?.observe({ workflow: 'ig-dm-v1-acme', integration: 'b' })).toMatchObject({ current: 'inactive' });
  });

  test.each([1, 1.123, 2] as const)('%d that somebody switched off and on again is not as it was looked at', async (generation) => {
    const { server, next, action } = await running(generation);
    const off = action('n8n.deactivate');
    const args = { workflow: next.name };
    const { fingerprint } = await off.observe(args);
    server.turn(next, false);
    server.turn(next, true);
    await expect(off.act(args, { ...order, expected: fingerprint })).rejects.toMatchObject({ code: 'BELAY_TARGET_CONFLICT' });
    expect(next.active).toBe(true);
  });

  test('that keeps something in a workflow between two runs has not changed it', async () => {
    const { next, action } = await running();
    next.staticData = { lastTimeChecked: '2026-11-27T10:00:00Z' };
    const off = action('n8n.deactivate');
    const args = { workflow: next.name };
    const { fingerprint } = await off.observe(args);
    next.staticData = { lastTimeChecked: '2026-11-27T10:01:00Z' };
    next.changes += 1;
    next.updatedAt += 60_000;
    await off.act(args, { ...order, expected: fingerprint });
    expect(await off.observe(args)).toMatchObject({ reached: true });
  });

  test('is asked only in its own words', async () => {
    const { server, next, action } = await running();
    const off = action('n8n.deactivate');
    await off.act({ workflow: next.name }, { ...order, expected: (await off.observe({ workflow: next.name })).fingerprint });
    expect(server.refused).toEqual([]);
  });
});
