// A service of examples/agente-julia made anew on Railway: what it is made of is kept in an encrypted file, it is deleted when a person has
// typed its name, and made again from the file. The judges are Railway's own books, the file as it lies there, and all that Belay wrote down.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { decrypted, identityIn, unarmoured } from '../../../src/adapters/kept-file/age.ts';
import { journalLinesOf } from '../../../src/adapters/virtual/journal.ts';
import type { Incident } from '../../../src/domain/incident.ts';
import { recallPlan } from '../../../src/flows/plan.ts';
import { type PostgresPart, startPostgres } from '../../world/parts/postgres.ts';
import { dataOf, type ExampleLife, eventsOf, incidentOf } from '../../world/scenes/example.ts';
import { AGE_KEY, BAD, type JuliaWorld, juliaTables, openJulia } from '../../world/scenes/julia.ts';

const closing: (() => Promise<unknown>)[] = [];
const closeAll = async (open: typeof closing): Promise<void> => {
  for (const close of open.splice(0).toReversed()) await close();
};
afterEach(() => closeAll(closing));
let postgres: PostgresPart;
beforeAll(async () => {
  postgres = await startPostgres();
  await juliaTables(postgres.url);
}, 60_000);
afterAll(() => postgres.stop());

const NAMES = ['api', 'worker', 'scheduler'] as const;
const SECRETS = ['SUPABASE_SERVICE_KEY', 'ANTHROPIC_API_KEY', 'EVOLUTION_API_KEY', 'VOYAGE_API_KEY', 'SLACK_BOT_TOKEN', 'JWT_SECRET_KEY'];
const ALL = {
  ...{
    SUPABASE_URL: 'https://julia.supabase.co',
    SUPABASE_PROJECT_REF: 'julia',
    LLM_MODEL: 'haiku-of-then',
    LLM_MODEL_COMPLEX: 'sonnet-of-then',
  },
  ...{ EVOLUTION_API_URL: 'http://evolution.internal:8080', EVOLUTION_INSTANCE: 'Revoluna', REDIS_URL: '${{Redis.REDIS_URL}}' },
  ...{
    APP_ENV: 'production',
    PILOT_MODE: 'false',
    SLACK_WEBHOOK_URL: 'https://hooks.invalid/of-julia',
    CORS_ORIGINS: 'https://julia.invalid',
  },
  ...Object.fromEntries(SECRETS.map((name) => [name, `${name.toLowerCase()}-nobody-may-see`])),
};
const setOf = (mode: string) => ({ ...ALL, RUN_MODE: mode, JWT_SECRET_KEY: `jwt-nobody-may-see-${mode}` });
const STABLE = 'c'.repeat(40);
const NAME = { nome: { ticks: [BOX(1), BOX(2)], answers: { nome: 'api' } } };

const KEPT_IDS = {
  SUPABASE_URL: 'S5-SE-02',
  SUPABASE_SERVICE_KEY: 'S5-SE-03',
  SUPABASE_PROJECT_REF: 'S5-SE-04',
  ANTHROPIC_API_KEY: 'S5-SE-05',
  LLM_MODEL: 'S5-SE-06',
  LLM_MODEL_COMPLEX: 'S5-SE-07',
  EVOLUTION_API_URL: 'S5-SE-08',
  EVOLUTION_API_KEY: 'S5-SE-09',
  EVOLUTION_INSTANCE: 'S5-SE-10',
  REDIS_URL: 'S5-SE-11',
  APP_ENV: 'S5-SE-12',
  RUN_MODE: 'S5-SE-13',
  PILOT_MODE: 'S5-SE-14',
  VOYAGE_API_KEY: 'S5-SE-15',
  SLACK_BOT_TOKEN: 'S5-SE-16',
  SLACK_WEBHOOK_URL: 'S5-SE-17',
  JWT_SECRET_KEY: 'S5-SE-18',
  CORS_ORIGINS: 'S5-SE-19',
};

/** Whoever starts it is not who approves it. */
const BY_SOL = (one: ExampleLife) =>
  one.commands.startRun({ person: 'sol', roles: ['on-call'] }, { runbook: 'recreate-service', inputs: {}, key: 'by-hand' });

function BOX(n: 1 | 2): string {
  return n === 1 ? 'Uma cópia da chave do arquivo está onde o Belay não está' : 'Um rollback não ajudou, ou não há como fazer um';
}

async function broken(open = closing, env: Readonly<Record<string, string>> = {}): Promise<JuliaWorld> {
  const world = await openJulia({ database: postgres.url, runbook: 'recreate-service', env }, open);
  for (const name of NAMES) {
    world.services[name].service.variables = setOf(name);
    world.services[name].deploy({ commitHash: STABLE, branch: 'main' });
  }
  // The head of main is what was just rolled back, and it is kept out.
  world.railway.forms.head = BAD;
  for (const meta of [BAD, { commitHash: STABLE, branch: 'main' }]) world.services.api.deploy(meta);
  world.services.api.service.autoDeploy = false;
  return world;
}

const did = (world: JuliaWorld): readonly string[] => world.railway.forms.ledger.map(({ what }) => what);
const DONE = ['delete', 'create', 'variables', 'settings', 'limits', 'domain', 'connect'];
const ONCE = { delete: 1, create: 1 };
const counted = (world: JuliaWorld) =>
  Object.fromEntries(Object.keys(ONCE).map((what) => [what, did(world).filter((one) => one === what).length]));
const fileOf = (world: JuliaWorld, name: string): string => path.join(world.story.folder, 'guardados', `julia-${name}.age`);
/** As the person opens it who holds the key. */
const opened = (world: JuliaWorld, name: string) =>
  JSON.parse(decrypted(unarmoured(readFileSync(fileOf(world, name), 'latin1')), identityIn(AGE_KEY)).toString('utf8')) as Record<
    string,
    unknown
  >;
const evidenceOf = async (life: ExampleLife) =>
  Object.fromEntries(
    (await dataOf(life, 'evidence.captured')).map(({ evidence, value }) => [
      evidence,
      (value as { values: Record<string, unknown> }).values,
    ]),
  );
const digestsIn = (kept: Record<string, unknown> | undefined) =>
  new Map(((kept?.['digests'] ?? []) as string[]).map((line) => line.split(' ') as [string, string]));
const asksAbout = (step: string) => (incident: Incident | null) => incident?.steps[step]?.status === 'waiting';
const stepsOf = async (life: ExampleLife) => (await incidentOf(life))?.steps ?? {};

describe('from its begin to its end, killed right after the delete, the create and the connecting', () => {
  const open: typeof closing = [];
  let world: JuliaWorld;
  let life: ExampleLife;
  let before: { readonly id: string; readonly instance: object; readonly limits: object | null };
  let waited = 0;
  let was = { asked: false, digests: {} as unknown };
  beforeAll(async () => {
    world = await broken(open);
    const form = world.railway.formOf('api');
    form.customDomains.push('julia.example.com');
    before = { id: form.id, instance: { ...form.instance }, limits: form.limits };
    world.evolution.instances.set('Revoluna', {
      ...{ state: 'open', codes: 0 },
      webhook: {
        enabled: true,
        url: 'https://api-1d3f.up.railway.app/webhook/evolution',
        webhookByEvents: false,
        webhookBase64: false,
        events: ['MESSAGES_UPSERT'],
      },
    } as never);
    world.railway.forms.before = (what) => {
      if (what === 'connect') world.services.api.service.next = 'lasts';
    };
    life = await world.live({
      ...{ begin: BY_SOL, said: NAME, killedAt: ['service.delete:after', 'service.create:after', 'service.connect:after'] },
      meanwhile: (incident) => {
        was = { ...was, asked: was.asked || incident?.tasks['dominio'] !== undefined };
        const since = incident?.steps['primeiro-deploy']?.startedAt;
        if (waited > 0 || since === undefined || world.story.clock.now() - since < 3 * 60_000) return;
        waited = world.story.clock.now();
        world.services.api.settle('SUCCESS');
      },
    });
  }, 120_000);
  afterAll(() => closeAll(open));

  test('all variables are in an encrypted file that its owner alone may read, one for each service, before anything is deleted [S5-ST-42] [S5-SE-20]', async () => {
    for (const name of NAMES) {
      expect(readFileSync(fileOf(world, name), 'latin1')).toMatch(/^-----BEGIN AGE ENCRYPTED FILE-----\n/);
      expect(statSync(fileOf(world, name)).mode & 0o777).toBe(0o600);
      expect(opened(world, name)['variables']).toEqual(setOf(name));
    }
    const { 'guardar-scheduler': last, apagar } = await stepsOf(life);
    expect(last?.endedAt ?? 0).toBeLessThan(apagar?.startedAt ?? 0);
  });

  test('no value stands in a file, the journal, the record or what was told; a digest tells that two are the same [S5-SE-21]', async () => {
    const files = readdirSync(path.join(world.story.folder, 'guardados')).map((name) =>
      readFileSync(path.join(world.story.folder, 'guardados', name), 'latin1'),
    );
    const all = JSON.stringify([files, await eventsOf(life), journalLinesOf(world.story.disk), world.told()]);
    expect(all).not.toContain('nobody-may-see');
    for (const value of [ALL.SLACK_WEBHOOK_URL, ALL.EVOLUTION_API_URL, AGE_KEY]) expect(all).not.toContain(value);
    const { 'guardado-api': api, 'guardado-worker': worker } = await evidenceOf(life);
    const [one, other] = [api, worker].map((kept) => digestsIn(kept));
    expect([...(one?.keys() ?? [])]).toEqual(Object.keys(setOf('api')).toSorted());
    expect(['APP_ENV', 'RUN_MODE', 'JWT_SECRET_KEY'].map((name) => one?.get(name) === other?.get(name))).toEqual([true, false, false]);
  });

  test('region, start command, healthcheck, limits, repository, branch and domains stand in the record [S5-ST-43]', async () => {
    expect((await evidenceOf(life))['como-era']).toMatchObject({
      settings: { region: 'us-west1', startCommand: 'uvicorn app.main:app', healthcheckPath: '/health', vCPUs: 2, memoryGB: 2 },
      source: { repo: 'julia/julia', branch: 'main' },
      domains: ['julia.example.com', 'api-1d3f.up.railway.app'],
    });
  });

  test('the old one is deleted once, by its id, after its name was typed and another person than who began approved it [S5-ST-44]', async () => {
    expect(counted(world)).toEqual(ONCE);
    expect(world.railway.forms.ledger[0]).toEqual({ what: 'delete', id: before.id });
    const { nome, aprovar, apagar } = await stepsOf(life);
    expect([nome?.endedAt ?? 0, aprovar?.endedAt ?? 0, apagar?.startedAt ?? 0]).toEqual(
      [nome?.endedAt, aprovar?.endedAt, apagar?.startedAt].map(Number).toSorted((a, b) => a - b),
    );
    expect(await dataOf(life, 'approval.granted')).toMatchObject([{ id: 'run/by-hand/aprovar#1:approval', by: 'ana' }]);
  });

  test('the new one is built from the repository and branch of before and has its RUN_MODE from the first deploy on [S5-ST-45] [S5-SY-02]', () => {
    const form = world.railway.formOf('api');
    expect([form.repo, form.branch, form.id === before.id]).toEqual(['julia/julia', 'main', false]);
    const { deployments } = world.services.api.service;
    expect(new Set(deployments.map((one) => one.variables['RUN_MODE']))).toEqual(new Set(['api']));
    expect(did(world)).toEqual(DONE);
  });

  test('the commit that ran is what is approved and what runs: the bad head of main is stopped and never serves, and stays kept out', async () => {
    const { service, live } = world.services.api;
    expect([live()?.meta['commitHash'], service.autoDeploy]).toEqual([STABLE, false]);
    expect(service.deployments.map(({ meta, status, canRollback }) => [meta['commitHash'], status, canRollback])).toEqual([
      [BAD.commitHash, 'REMOVED', false],
      [STABLE, 'SUCCESS', true],
    ]);
    const [approved] = await dataOf(life, 'approval.granted');
    const { steps } = await recallPlan(life.world, String(approved?.['planHash']));
    expect(steps.find(({ id }) => id === 'conectar')).toMatchObject({
      ...{ effect: 'change', desired: `built from julia/julia@main at ${STABLE}, automatic deploys off` },
      builds: [{ target: 'api', release: STABLE.slice(0, 12) }],
    });
  });

  test.for(Object.entries(KEPT_IDS))('the variable %s is kept and put back as it was written [%s]', ([name]) => {
    const was = setOf('api')[name as keyof typeof ALL];
    expect((opened(world, 'api')['variables'] as Record<string, string>)[name]).toBe(was);
    expect(world.services.api.live()?.variables[name]).toBe(was);
  });

  test('nothing else is a variable of the new one, and APP_ENV, SUPABASE_URL and SUPABASE_PROJECT_REF are read back from what runs [S5-ST-46] [S5-VE-12]', async () => {
    expect(world.services.api.live()?.variables).toEqual(setOf('api'));
    const steps = await stepsOf(life);
    expect([steps['igual']?.status, steps['ambiente']?.status]).toEqual(['done', 'done']);
  });

  test('start command, healthcheck, region and limits are those of before [S5-ST-47]', () => {
    const { instance, limits } = world.railway.formOf('api');
    expect({ instance: expect.objectContaining(before.instance) as unknown, limits }).toEqual({ instance, limits: before.limits });
  });

  test('the first deploy is waited for until Railway says SUCCESS, and health and logs are looked at after it [S5-CL-04] [S5-VE-13]', async () => {
    const { 'primeiro-deploy': deploy, saude, logs } = await stepsOf(life);
    expect(deploy?.endedAt ?? 0).toBeGreaterThanOrEqual(waited);
    expect([deploy?.status, saude?.status, logs?.status, (saude?.startedAt ?? 0) >= (deploy?.endedAt ?? 0)]).toEqual([
      'done',
      'done',
      'done',
      true,
    ]);
  });

  test("a person sees to the domain of one's own, and the webhooks of Evolution and Chatwoot go from the old address to the one of now [S5-ST-48] [S5-ST-49]", () => {
    expect(was.asked).toBe(true);
    expect(world.chatwoot.webhooks).toEqual([{ id: 1, url: `${world.julia.url}/webhook/chatwoot`, subscriptions: ['message_created'] }]);
    expect([world.chatwoot.ledger.length, world.evolution.ledger]).toEqual([1, ['webhook Revoluna']]);
    expect(JSON.stringify(world.evolution.instances.get('Revoluna')?.webhook)).toContain(`${world.julia.url}/webhook/evolution`);
  });
});

test('a delete and a create whose answers are lost are seen: neither is done twice, and a service that is not well afterwards asks people', async () => {
  const world = await broken();
  world.knobs.sick = true;
  const { door } = world.railway;
  door.mood = 'done-then-cut';
  door.moodFor = ({ body }) => /mutation (?:Delete|Create)/.test(body);
  const life = await world.live({ begin: BY_SOL, said: NAME, enough: (incident) => incident?.tasks['saude'] !== undefined });
  expect([counted(world), (await stepsOf(life))['dominio']?.status]).toEqual([ONCE, 'skipped']);
  expect(world.services.api.live()?.variables).toEqual(setOf('api'));
});

test('a name that is typed wrong deletes nothing', async () => {
  const world = await broken();
  const life = await world.live({
    ...{ begin: BY_SOL, said: { nome: { ...NAME.nome, answers: { nome: 'worker' } } } },
    enough: asksAbout('apagar'),
  });
  expect((await stepsOf(life))['apagar']?.detail).toMatchObject({
    ask: expect.stringContaining('confirm says "worker", not api, the name of the service that would be gone for good') as unknown,
  });
  expect(did(world)).toEqual([]);
});

test('what is kept and is not what runs any more deletes nothing: somebody has changed a variable since', async () => {
  const world = await broken();
  const life = await world.live({
    ...{ begin: BY_SOL, said: NAME },
    meanwhile: (incident) => {
      const { service } = world.services.api;
      if (incident?.tasks['nome'] !== undefined) service.variables = { ...service.variables, LLM_MODEL: 'another' };
    },
    enough: asksAbout('apagar'),
  });
  expect((await stepsOf(life))['apagar']?.detail).toMatchObject({
    ask: expect.stringContaining('what is kept of it is not what runs') as unknown,
  });
  expect(did(world)).toEqual([]);
});

test('a folder that git would publish is refused by name before anything is kept or deleted [S5-GU-05]', async () => {
  const tree = mkdtempSync(path.join(tmpdir(), 'belay-tree-'));
  closing.push(async () => rmSync(tree, { recursive: true }));
  spawnSync('git', ['init', '-q', tree]);
  const world = await broken(closing, { KEPT_DIR: path.join(tree, 'docs') });
  const life = await world.live({ begin: BY_SOL, said: NAME, enough: asksAbout('guardar-api') });
  expect((await stepsOf(life))['guardar-api']?.detail).toMatchObject({
    ask: expect.stringContaining(`julia-api.age lies in the git work tree ${tree}, which does not ignore it`) as unknown,
  });
  expect([did(world), readdirSync(tree)]).toEqual([[], ['.git']]);
});
