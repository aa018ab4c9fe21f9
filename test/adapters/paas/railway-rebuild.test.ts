// A service on Railway that is kept and made anew, against the books of a project that remembers: what may not be deleted is refused, what is
// kept is not overwritten by less, and no answer that is odd is believed.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { createFileWriter } from '../../../src/adapters/file-writer/index.ts';
import { createKeptFile } from '../../../src/adapters/kept-file/index.ts';
import { createRailwayRebuild } from '../../../src/adapters/paas/index.ts';
import { formIn, keptIn } from '../../../src/adapters/paas/railway-form.ts';
import { createProcesses } from '../../../src/adapters/process/index.ts';
import { createDigest } from '../../../src/adapters/system/index.ts';
import { Unusable } from '../../../src/domain/answer.ts';
import type { BelayError } from '../../../src/domain/errors.ts';
import type { Json } from '../../../src/domain/json.ts';
import { createActions } from '../../../src/flows/actions/index.ts';
import type { DeployRules } from '../../../src/flows/deploy-policy.ts';
import { keptProbe } from '../../../src/flows/probes/kept.ts';
import type { Http } from '../../../src/ports/http.ts';
import { AGE_KEY } from '../../world/scenes/julia.ts';
import { startRailwayProject } from '../../world/vendors/railway-project.ts';
import { deps, IDS, NEW_COMMIT, OLD_COMMIT, TOKEN } from './world.ts';

const VARIABLES = { RUN_MODE: 'api', TOKEN_OF_SLACK: 'xoxb-nobody-may-see', REDIS_URL: '${{Redis.REDIS_URL}}' };

async function here() {
  const { project, environment, service } = IDS;
  const railway = await startRailwayProject({ project, environment, token: TOKEN, services: { api: service } });
  /** What a mutation that carries values is answered, in place of what it does. */
  const echo: { answer: ((sent: string) => { readonly status: number; readonly body: string }) | null } = { answer: null };
  /** After which of the next mutations this life ends. */
  const death = { at: 0, over: (): void => undefined };
  const http: Http = {
    ...deps.http,
    request: async (asked) => {
      const sent = String(asked.body);
      const isOrder = sent.startsWith('{"query":"mutation');
      if (isOrder) death.at -= 1;
      if (isOrder && death.at === 0) {
        await deps.http.request(asked);
        death.over();
        return new Promise(() => undefined);
      }
      if (echo.answer === null || !/mutation (?:Create|Variables)/.test(sent)) return deps.http.request(asked);
      return { headers: {}, tookMs: 1, ...echo.answer(sent) };
    },
  };
  onTestFinished(railway.close);
  const folder = mkdtempSync(path.join(tmpdir(), 'belay-rebuild-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(path.join(folder, 'key'), AGE_KEY, { mode: 0o600 });
  Object.assign(railway.formOf('api'), { repo: 'julia/julia', branch: 'main', instance: { startCommand: 'run api' } });
  railway.services.api.service.variables = VARIABLES;
  railway.services.api.deploy({ commitHash: OLD_COMMIT, branch: 'main' });
  const kept = createKeptFile(
    { path: 'api.age', identity: 'key' },
    { files: createFileWriter(), processes: createProcesses(), baseDir: folder },
  );
  const options = {
    project,
    environment,
    service: 'api',
    token: TOKEN,
    tokenOf: 'project',
    url: `${railway.url}/graphql/v2`,
    timeoutMs: 5_000,
  } as const;
  const time = { ...deps.time, sleep: async () => undefined };
  const rebuild = createRailwayRebuild(options, { ...deps, time, http, kept, digest: createDigest('key') });
  const refused: string[] = [];
  const deployRules = {
    notes: () => [],
    refusal: async (target: string, to: string) => {
      refused.push(`${target} ${to}`);
      return `${to} was never staged`;
    },
  } as unknown as DeployRules;
  const ports = { targets: {}, switches: {}, rebuilds: { api: rebuild }, pause: null as never };
  const actions = createActions({ ...ports, deployRules, targetsBehind: () => ['shop'] });
  const act = async (name: string, more: Readonly<Record<string, string>> = {}): Promise<void> => {
    const [action, args] = [actions[`service.${name}`], { service: 'api', ...more }];
    const why = await action?.impossible(args, { step: `guardar-${name}` });
    if (why !== null) throw new Error(why);
    const { fingerprint } = (await action?.observe(args)) ?? { fingerprint: '' };
    await action?.act(args, { expected: fingerprint, key: 'k', reason: 'INC-1' });
  };
  return { railway, folder, rebuild, actions, kept, refused, death, act, echo, did: () => railway.forms.ledger.map(({ what }) => what) };
}

test.each([
  ['has a volume', { volume: '/data' }, /a volume at \/data, whose data would be gone/],
  ['is also in another environment', { elsewhere: ['9c2f9c1e-5c0f-4c3a-9f5a-0d1e2f3a4b5c'] }, /also in 1 other environment/],
  ['was brought by railway up', { repo: null, branch: null }, /built from no repository/],
  ['has limits of a form that is not known', { limits: { cpus: 2 } }, /could not be put back/],
] as const)('a service that %s is not deleted', async (_what, form, why) => {
  const { railway, act, did } = await here();
  Object.assign(railway.formOf('api'), form);
  await expect(act('delete', { confirm: 'api' })).rejects.toThrow(why);
  expect(did()).toEqual([]);
});

test('nothing is deleted that is not kept, and a new one that lacks what is kept does not take its place', async () => {
  const { railway, act, rebuild, folder } = await here();
  await expect(act('delete', { confirm: 'api' })).rejects.toThrow(/nothing is kept of it/);
  await act('keep');
  await act('delete', { confirm: 'api' });
  await act('create');
  await expect(act('keep')).rejects.toThrow(/lacks what is kept \(REDIS_URL, RUN_MODE, TOKEN_OF_SLACK, startCommand, its repository\)/);
  await act('restoreVariables');
  await expect(act('keep')).rejects.toThrow(
    /lacks what is kept \(startCommand, its repository\): .* --skip guardar-keep: what is kept stays/,
  );
  await act('restoreSettings');
  await act('connect');
  expect(railway.services.api.live()?.variables).toEqual(VARIABLES);
  expect(await rebuild.look()).toMatchObject({ deploy: 'live', settings: { startCommand: 'run api' } });
  await act('keep');
  expect(readdirSync(folder).filter((name) => name.startsWith('api.age'))).toHaveLength(2);
});

test('an older file of the service that runs does not say which commit is built: it is kept anew before it is deleted', async () => {
  const { railway, act, actions, rebuild } = await here();
  await act('keep');
  railway.services.api.deploy({ commitHash: NEW_COMMIT, branch: 'main' });
  const [connect, args] = [actions['service.connect'], { service: 'api' }];
  expect(await rebuild.kept()).toMatchObject({ commit: OLD_COMMIT });
  expect(await connect?.builds?.(args)).toEqual([{ target: 'shop', release: NEW_COMMIT }]);
  expect((await connect?.observe(args))?.desired).toContain(NEW_COMMIT);
  // Alone it does not put the old commit live either, which nobody has judged.
  await act('connect');
  expect(await rebuild.look()).toMatchObject({ commit: NEW_COMMIT });
});

test('what has come since it was kept is asked for right before the delete, and again in it', async () => {
  const { railway, act, rebuild, did } = await here();
  await act('keep');
  const { id } = railway.formOf('api');
  railway.formOf('api').customDomains.push('julia.example.com');
  await expect(act('delete', { confirm: 'api' })).rejects.toThrow(/what is kept of it is not what runs/);
  await act('keep');
  railway.formOf('api').volume = '/data';
  await expect(rebuild.remove(id)).rejects.toMatchObject({ code: 'BELAY_GUARD_REFUSED', effect: 'none' });
  await expect(rebuild.keep(id)).rejects.toMatchObject({ code: 'BELAY_GUARD_REFUSED', effect: 'none' });
  railway.formOf('api').volume = null;
  await act('delete', { confirm: 'api' });
  // A second run that begins here has nothing to keep, and goes on.
  await act('keep');
  expect(did()).toEqual(['delete']);
});

const NODE = { createdAt: '2026-11-28T09:00:00Z', canRollback: true, instances: [] };
const LIVE = { ...NODE, id: IDS.service, status: 'SUCCESS', meta: { commitHash: OLD_COMMIT, branch: 'next' } };
const TOLD = {
  serviceInstance: { source: { repo: 'julia/julia' }, activeDeployments: [{ id: LIVE.id }] },
  ...{ variables: {}, serviceInstanceLimitOverride: null, tcpProxies: [], serviceInstanceAutoDeployStatus: { enabled: true } },
  ...{ service: { serviceInstances: { edges: [] } }, environment: { volumeInstances: { edges: [] } } },
  deployments: { edges: [{ node: LIVE }] },
};

test.each([['service'], ['environment'], ['tcpProxies'], ['serviceInstanceAutoDeployStatus'], ['deployments']] as const)(
  'an answer that leaves out %s is no word that nothing holds it',
  (key) => {
    expect(formIn(TOLD, IDS).holds).toBeNull();
    expect(() => formIn({ ...TOLD, [key]: null }, IDS)).toThrow(Unusable);
  },
);

test('the commit and the branch are those of what is live, and not of what failed since; without them nothing is kept', () => {
  const failed = { ...NODE, id: IDS.project, status: 'FAILED', createdAt: '2026-11-28T10:00:00Z', meta: { commitHash: NEW_COMMIT } };
  const deployments = { edges: [{ node: failed }, { node: LIVE }] };
  expect(formIn({ ...TOLD, deployments }, IDS)).toMatchObject({
    ...{ commit: OLD_COMMIT, source: { repo: 'julia/julia', branch: 'next' }, frozen: false, deploy: 'failed', holds: null },
  });
  const bare = (meta: object) => formIn({ ...TOLD, deployments: { edges: [{ node: { ...LIVE, meta } }] } }, IDS).holds;
  expect(bare({ commitHash: OLD_COMMIT })).toContain('nobody tells from which branch');
  expect(bare({ branch: 'next' })).toContain('no commit of it is live');
});

test('a list that goes on after what was answered is refused, and never taken for all of it', async () => {
  const { railway, act } = await here();
  railway.forms.hasMore = true;
  await expect(act('keep')).rejects.toThrow(/more services than one answer tells/);
  const long = { edges: Array.from({ length: 1_001 }, () => ({ node: { serviceId: 'x' } })) };
  expect(() => formIn({ ...TOLD, environment: { volumeInstances: long } }, IDS)).toThrow(/more volumes than one answer tells/);
});

/** HEAD is bad, was rolled back, and is kept out; a service made anew would build it. */
async function rolledBack({ frozen = true } = {}) {
  const world = await here();
  const { railway, act } = world;
  for (const commitHash of [NEW_COMMIT, OLD_COMMIT]) railway.services.api.deploy({ commitHash, branch: 'main' });
  railway.services.api.service.autoDeploy = !frozen;
  railway.forms.head = { commitHash: NEW_COMMIT, branch: 'main' };
  railway.forms.before = (what) => {
    if (what === 'connect') railway.services.api.service.next = 'lasts';
  };
  await act('keep');
  await act('delete', { confirm: 'api' });
  for (const step of ['create', 'restoreVariables', 'restoreSettings']) await act(step);
  return world;
}
const lives = (world: Awaited<ReturnType<typeof here>>) => {
  const { service, live } = world.railway.services.api;
  const heads = service.deployments.filter(({ meta }) => meta['commitHash'] === NEW_COMMIT);
  return { live: live()?.meta['commitHash'], autoDeploy: service.autoDeploy, headServed: heads.some((one) => one.canRollback) };
};

test.each([[true], [false]])(
  'the commit that was live is built and not the bad head, and pushes are kept out as before: %s',
  async (frozen) => {
    const world = await rolledBack({ frozen });
    const { railway, act, rebuild, actions } = world;
    const args = { service: 'api' };
    expect(await actions['service.connect']?.observe(args)).toMatchObject({
      ...{
        current: 'nothing to build',
        desired: `built from julia/julia@main at ${OLD_COMMIT}, automatic deploys ${frozen ? 'off' : 'on'}`,
      },
    });
    expect(await actions['service.connect']?.builds?.(args)).toEqual([{ target: 'shop', release: OLD_COMMIT }]);
    await act('connect');
    const probe = () => keptProbe({ api: rebuild }).measure(args);
    expect(await probe()).toMatchObject({ values: { built: false, deploy: 'coming', equal: true } });
    railway.services.api.settle('SUCCESS');
    expect(lives(world)).toEqual({ live: OLD_COMMIT, autoDeploy: !frozen, headServed: false });
    expect(await probe()).toMatchObject({ values: { built: true, commit: OLD_COMMIT, keptCommit: OLD_COMMIT, frozen } });
    // Somebody connects it to another branch: it is no longer as it was.
    railway.formOf('api').branch = 'next';
    expect(await probe()).toMatchObject({ values: { equal: false, differing: ['its repository'] } });
  },
);

test.each([...[1, 2, 3, 4, 5].map((at) => [at, true] as const), [5, false] as const])(
  'killed after order %i of connecting, the next life goes on to the same end; kept out before: %s',
  async (at, frozen) => {
    const world = await rolledBack({ frozen });
    const { railway, death, actions } = world;
    const [connect, args] = [actions['service.connect'], { service: 'api' }];
    const before = await connect?.observe(args);
    const killed = new Promise<'killed'>((resolve) => Object.assign(death, { at, over: () => resolve('killed') }));
    expect(await Promise.race([killed, connect?.act(args, { expected: before?.fingerprint ?? '', key: 'k', reason: '' })])).toBe('killed');
    const after = await connect?.observe(args);
    // An intent without outcome is done again only where nothing but this step has changed it.
    expect(after?.fingerprint).toBe(before?.fingerprint);
    if (after?.reached !== true) await connect?.act(args, { expected: before?.fingerprint ?? '', key: 'k', reason: '' });
    expect(await connect?.observe(args)).toMatchObject({ reached: true });
    railway.services.api.settle('SUCCESS');
    expect(lives(world)).toEqual({ live: OLD_COMMIT, autoDeploy: !frozen, headServed: false });
    expect(railway.services.api.ledger.filter(({ by, what }) => by === 'api' && what === 'deploy')).toHaveLength(1);
  },
);

test('a yes that turns nothing off and stops nothing is not believed: nothing is built beside it, and it is said what was done', async () => {
  const { railway, act } = await rolledBack();
  railway.forms.before = () => Object.assign(railway.services.api.service, { next: 'lasts', lies: true });
  await expect(act('connect')).rejects.toMatchObject({
    ...{ code: 'BELAY_DEPLOY_TIMEOUT', effect: 'unknown', message: expect.stringContaining('is not seen: frozen') as unknown },
  });
  expect(railway.services.api.service.deployments.map(({ meta }) => meta['commitHash'])).toEqual([NEW_COMMIT]);
});

test('another commit is built only when it is whole, and when what stands behind the service lets it go live', async () => {
  const { act, refused, actions } = await rolledBack();
  await expect(act('connect', { commit: 'abc' })).rejects.toThrow(/abc is no whole commit: write all of its 40 characters/);
  const other = 'f'.repeat(40);
  await expect(act('connect', { commit: other })).rejects.toThrow(`${other} was never staged`);
  const order = { expected: (await actions['service.connect']?.observe({ service: 'api' }))?.fingerprint ?? '', key: 'k', reason: '' };
  await expect(actions['service.connect']?.act({ service: 'api', commit: other }, order)).rejects.toMatchObject({
    code: 'BELAY_GUARD_REFUSED',
  });
  expect(refused).toEqual([`shop ${other}`, `shop ${other}`]);
  await act('connect', { commit: OLD_COMMIT.toUpperCase() });
});

test('what an older Belay kept says no commit: nothing is deleted by it, and it is said what to type', async () => {
  const { railway, act, kept, did } = await here();
  await act('keep');
  const { commit: _commit, frozen: _frozen, ...old } = (await kept.read()) as { readonly [name: string]: Json };
  await kept.write(old as Json, { before: null });
  await expect(act('delete', { confirm: 'api' })).rejects.toThrow(
    /neither which commit ran nor whether pushes go live. Keep it again with service.keep/,
  );
  await act('keep');
  // As does what a push brings, or a switch that somebody turns.
  railway.services.api.deploy({ commitHash: NEW_COMMIT, branch: 'main' });
  await expect(act('delete', { confirm: 'api' })).rejects.toThrow(/what is kept of it is not what runs/);
  await act('keep');
  railway.services.api.service.autoDeploy = false;
  await expect(act('delete', { confirm: 'api' })).rejects.toThrow(/what is kept of it is not what runs/);
  expect(did()).toEqual([]);
});

test('a TCP proxy is kept and told, and a new one without it, or with another value of a variable, does not take its place', async () => {
  const { railway, act, rebuild } = await here();
  await act('keep');
  railway.formOf('api').tcpProxies.push({ applicationPort: 5432, domain: 'roundhouse.proxy.rlwy.net', proxyPort: 11_105 });
  await expect(act('delete', { confirm: 'api' })).rejects.toThrow(/what is kept of it is not what runs/);
  await act('keep');
  expect(await keptProbe({ api: rebuild }).measure({ service: 'api' })).toMatchObject({
    values: { tcpProxies: 1, ways: ['roundhouse.proxy.rlwy.net:11105 to 5432'] },
  });
  await act('delete', { confirm: 'api' });
  for (const step of ['create', 'restoreVariables', 'restoreSettings', 'connect']) await act(step);
  await expect(act('keep')).rejects.toThrow(/lacks what is kept \(a TCP proxy to 5432\)/);
  railway.formOf('api').tcpProxies.push({ applicationPort: 5432, domain: 'monorail.proxy.rlwy.net', proxyPort: 20_001 });
  railway.services.api.service.variables = { ...VARIABLES, RUN_MODE: 'worker' };
  await expect(act('keep')).rejects.toThrow(/lacks what is kept \(RUN_MODE\)/);
});

const graphql = (message: string, code?: string) => ({
  ...{ status: 200 },
  body: JSON.stringify({ data: null, errors: [{ message, ...(code === undefined ? {} : { extensions: { code } }) }] }),
});
test.each([
  [
    'an error of GraphQL',
    (sent: string) => graphql(`Variable "$input" got invalid value ${sent}`, 'BAD_USER_INPUT'),
    'BAD_USER_INPUT',
    'none',
  ],
  ['an error without a code', (sent: string) => graphql(`invalid value ${JSON.stringify(sent)}`), 'no known code', 'unknown'],
  ['an error whose code is what was sent', (sent: string) => graphql('no', sent), 'no known code', 'unknown'],
  ['400', (sent: string) => ({ status: 400, body: JSON.stringify({ message: sent }) }), 'answered 400', 'none'],
  ['422', (sent: string) => ({ status: 422, body: JSON.stringify({ errors: [sent] }) }), 'answered 422', 'none'],
  ['502', (sent: string) => ({ status: 502, body: JSON.stringify({ error: { detail: sent } }) }), 'answered 502', 'unknown'],
  ['no JSON', (sent: string) => ({ status: 200, body: sent }), 'answered 200', 'unknown'],
  ['another address', (sent: string) => ({ status: 302, body: sent }), 'answered 302', 'none'],
] as const)('%s that repeats a value shows nothing of it, and says what is known', async (_what, answer, why, effect) => {
  const { railway, act, rebuild, echo } = await here();
  railway.services.api.service.variables = { ...VARIABLES, PIN: 'q7x' };
  await act('keep');
  const id = railway.formOf('api').id;
  // As it stands in the body, after its name or alone.
  const valueIn = (sent: string): string => /xoxb[^"]*|q7x/.exec(sent)?.[0] ?? 'nothing was sent';
  echo.answer = (sent) => answer(valueIn(sent));
  const failures: unknown[] = [await rebuild.restoreVariables(id).catch((error: unknown) => error)];
  railway.forms.forms.splice(0);
  for (const set of [{ TOKEN_OF_SLACK: VARIABLES.TOKEN_OF_SLACK }, { PIN: 'q7x' }])
    failures.push(await rebuild.create(set).catch((error: unknown) => error));
  for (const error of failures) {
    expect(error).toMatchObject({ effect, message: expect.stringContaining(why) as unknown });
    expect(JSON.stringify([error, String(error), (error as BelayError).message])).not.toMatch(/xoxb|q7x|nothing was sent/);
  }
});

test('another service of that name than the one that is kept is not deleted, and one is not created with the mode of another', async () => {
  const { railway, act, rebuild, did } = await here();
  await act('keep');
  railway.formOf('api').id = '8d3f9c1e-5c0f-4c3a-9f5a-0d1e2f3a4b5d';
  await expect(act('delete', { confirm: 'api' })).rejects.toThrow(/what is kept of it is not what runs/);
  railway.forms.forms.splice(0);
  await expect(rebuild.create({ RUN_MODE: 'worker' })).rejects.toMatchObject({
    ...{ code: 'BELAY_GUARD_REFUSED', effect: 'none' },
    message: expect.stringContaining('RUN_MODE is kept of api with another value') as unknown,
  });
  expect(did()).toEqual([]);
});

test('whatever the API tells of a service, or the file holds, is read or refused', () => {
  const odd = fc.anything({
    maxDepth: 4,
    key: fc.constantFrom(
      'serviceInstance',
      'variables',
      'service',
      'environment',
      'edges',
      'node',
      'domains',
      'source',
      'settings',
      'belay',
      'keptAt',
      'id',
      'repo',
      'deployments',
      'tcpProxies',
      'meta',
    ),
  });
  const tried = (work: () => unknown): void => {
    try {
      work();
    } catch (error) {
      expect(error).toBeInstanceOf(Unusable);
    }
  };
  fc.assert(
    fc.property(odd, fc.constantFrom(...Object.keys(TOLD)), (json, key) => {
      tried(() => formIn(json, IDS));
      tried(() => keptIn(json));
      tried(() => formIn({ ...TOLD, [key]: json }, IDS));
      tried(() => formIn({ ...TOLD, deployments: { edges: [{ node: { ...LIVE, meta: json } }] } }, IDS));
      tried(() => keptIn({ belay: 1, keptAt: 1, settings: {}, id: 'x', source: json, customDomains: json, variables: json }));
    }),
    { numRuns: 10_000 },
  );
});
