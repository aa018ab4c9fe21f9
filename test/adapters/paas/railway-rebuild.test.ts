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
import { createActions } from '../../../src/flows/actions/index.ts';
import type { Http } from '../../../src/ports/http.ts';
import { AGE_KEY } from '../../world/scenes/julia.ts';
import { startRailwayProject } from '../../world/vendors/railway-project.ts';
import { deps, IDS, OLD_COMMIT, TOKEN } from './world.ts';

const VARIABLES = { RUN_MODE: 'api', TOKEN_OF_SLACK: 'xoxb-nobody-may-see', REDIS_URL: '${{Redis.REDIS_URL}}' };

async function here() {
  const { project, environment, service } = IDS;
  const railway = await startRailwayProject({ project, environment, token: TOKEN, services: { api: service } });
  /** What a mutation that carries values is answered, in place of what it does. */
  const echo: { answer: ((sent: string) => { readonly status: number; readonly body: string }) | null } = { answer: null };
  const http: Http = {
    ...deps.http,
    request: async (asked) => {
      const sent = String(asked.body);
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
  railway.services.api.deploy({ commitHash: OLD_COMMIT });
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
  const rebuild = createRailwayRebuild(options, { ...deps, http, kept, digest: createDigest('key') });
  const actions = createActions({ targets: {}, switches: {}, rebuilds: { api: rebuild }, pause: null as never });
  const act = async (name: string, more: Readonly<Record<string, string>> = {}): Promise<void> => {
    const [action, args] = [actions[`service.${name}`], { service: 'api', ...more }];
    const why = await action?.impossible(args);
    if (why !== null) throw new Error(why);
    const { fingerprint } = (await action?.observe(args)) ?? { fingerprint: '' };
    await action?.act(args, { expected: fingerprint, key: 'k', reason: 'INC-1' });
  };
  return { railway, folder, rebuild, act, echo, did: () => railway.forms.ledger.map(({ what }) => what) };
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
  await expect(act('keep')).rejects.toThrow(/lacks what is kept \(startCommand, its repository\)/);
  await act('restoreSettings');
  await act('connect');
  expect(railway.services.api.live()?.variables).toEqual(VARIABLES);
  expect(await rebuild.look()).toMatchObject({ deploy: 'live', settings: { startCommand: 'run api' } });
  await act('keep');
  expect(readdirSync(folder).filter((name) => name.startsWith('api.age'))).toHaveLength(2);
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

test.each([['service'], ['environment']] as const)('an answer that leaves out %s is no word that nothing holds it', (key) => {
  const lists = { service: { serviceInstances: { edges: [] } }, environment: { volumeInstances: { edges: [] } } };
  const json = { serviceInstance: { source: { repo: 'julia/julia' } }, variables: {}, serviceInstanceLimitOverride: null, ...lists };
  expect(formIn(json, IDS).holds).toBeNull();
  expect(() => formIn({ ...json, [key]: null }, IDS)).toThrow(Unusable);
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
    fc.property(odd, (json) => {
      tried(() => formIn(json, IDS));
      tried(() => keptIn(json));
      tried(() =>
        formIn({ serviceInstance: json, variables: {}, service: json, environment: json, serviceInstanceLimitOverride: json }, IDS),
      );
      tried(() => keptIn({ belay: 1, keptAt: 1, settings: {}, id: 'x', source: json, customDomains: json, variables: json }));
    }),
    { numRuns: 10_000 },
  );
});
