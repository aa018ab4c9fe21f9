// A bad deploy of examples/agente-julia taken back on Railway by its written procedure: Railway and GitHub as servers that remember, her table
// in a real Postgres, her log a real file. The judges are those servers, and what people were told.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { journalLinesOf } from '../../../src/adapters/virtual/journal.ts';
import { planText } from '../../../src/cli/plan-text.ts';
import { type Runbook, stepsOf } from '../../../src/domain/ir.ts';
import { releasesOf } from '../../../src/flows/releases.ts';
import { type PostgresPart, startPostgres } from '../../world/parts/postgres.ts';
import { dataOf, type ExampleLife, eventsOf, incidentOf } from '../../world/scenes/example.ts';
import {
  BAD,
  COMMANDER,
  FAILED,
  GOOD,
  type JuliaWorld,
  juliaTables,
  openJulia,
  RAILWAY_TOKEN,
  VARIABLES,
} from '../../world/scenes/julia.ts';

const MINUTE = 60_000;
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});
let postgres: PostgresPart;
beforeAll(async () => {
  postgres = await startPostgres();
  await juliaTables(postgres.url);
}, 60_000);
afterAll(() => postgres.stop());

/** A good release, one that never came up, and the bad one that is live. */
async function badDeploy(
  o: { readonly patience?: 'of the story'; readonly variables?: Readonly<Record<string, string>> } = {},
): Promise<JuliaWorld> {
  const world = await openJulia({ database: postgres.url, runbook: 'rollback-deploy', ...o }, closing);
  const { service, deploy } = world.services.api;
  service.next = 'fails';
  deploy(FAILED);
  service.next = 'succeeds';
  service.variables = VARIABLES;
  deploy(BAD);
  for (const one of [world.services.worker, world.services.scheduler]) one.deploy(BAD);
  world.log('ERROR TypeError: telefone is undefined');
  return world;
}

async function endOf(world: JuliaWorld, life: ExampleLife) {
  const incident = await incidentOf(life);
  const acts = journalLinesOf(world.story.disk).filter((line) => line.kind === 'outcome' && line.effect === 'done');
  return {
    steps: Object.fromEntries(Object.entries(incident?.steps ?? {}).map(([id, { status }]) => [id, status])),
    evidence: incident?.evidence.toSorted(),
    open: incident?.contingencies.filter((one) => one.closedAt === undefined).map((one) => one.step),
    live: world.services.api.live()?.meta['commitHash'],
    orders: world.ordered('api'),
    others: OTHERS.map((name) => [world.services[name].live()?.meta['commitHash'], ...world.ordered(name)]),
    acts: [...new Set(acts.map((line) => line.step))],
    issues: world.github.issues.map(({ title, labels }) => [title, labels]),
    told: new Set(world.told().flatMap((line) => (line.includes('foi feito') ? ['done'] : []))).size,
  };
}

const OTHERS = ['worker', 'scheduler'] as const;
const STEPS = [
  ...[
    'antes',
    'quais',
    'aprovar',
    'voltar',
    'saude',
    'voltou',
    'voltar-worker',
    'voltar-scheduler',
    'variaveis',
    'erros',
    'log-lido',
    'avisar',
  ],
  ...['issue', 'corrigido'],
];
const FREEZES = ['congelar', 'congelar-worker', 'congelar-scheduler'];
const END = {
  steps: {
    ...Object.fromEntries(STEPS.map((step) => [step, 'done'])),
    ...Object.fromEntries(FREEZES.map((step) => [step, 'undone'])),
    descongelar: 'done',
  },
  evidence: ['decision', 'deploy-api', 'deploy-scheduler', 'deploy-worker', 'detected-at', 'log-antes', 'restored-at', 'saude-antes'],
  open: [],
  live: GOOD.commitHash,
  orders: ['auto-deploy', 'rollback', 'auto-deploy'],
  others: OTHERS.map(() => [GOOD.commitHash, 'auto-deploy', 'rollback', 'auto-deploy']),
  acts: [...FREEZES, 'voltar', 'voltar-worker', 'voltar-scheduler', 'issue', 'descongelar'],
  issues: [['Causa raiz de INC-1', ['INC-1']]],
  told: 1,
};

test('the last deployment that was SUCCESS before the problem goes back by its name, is seen by the deep health, and the team is told [S5-ST-36] [S5-ST-37] [S5-ST-38]', async () => {
  const world = await badDeploy();
  const life = await world.live();
  expect(await endOf(world, life)).toEqual(END);
  const rolledTo = world.services.api.ledger.find((one) => one.what === 'rollback')?.id;
  expect(world.services.api.service.deployments.find((one) => one.id === rolledTo)?.meta).toEqual(GOOD);
});

const plain = (text: string): string => text;
const LOOK = {
  lang: 'pt-BR',
  width: 200,
  colour: { bold: plain, dim: plain, red: plain, green: plain, yellow: plain, cyan: plain } as never,
  marks: { done: '+', failed: 'x', unknown: '?', arrow: '→' } as never,
} as const;
async function planned(world: JuliaWorld, runbook: string): Promise<string> {
  const { commands } = await world.story.live();
  return planText(await commands.plan({ runbook, inputs: {} }), LOOK);
}

test('the plan says what a rollback, a restart of Redis and a service made anew take, next to the RTO of each component [S5-TG-09] [S5-TG-10] [S5-TG-13]', async () => {
  const world = await badDeploy();
  const back = await planned(world, 'rollback-deploy');
  expect(back).toMatch(/deploy\.rollback target=api .*\n( +! .*\n)* +duração 2–5 min\n/);
  expect(back).toContain(
    'Railway Worker de volta (RTO) em até 10 min: 2–9 min ou mais; 12 passos não dizem nada (antes, quais, aprovar, …)',
  );
  expect(back).toContain('rollback em até 5 min: 2–5 min ou mais');
  const redis = await planned(world, 'redis-down');
  expect(redis).toMatch(/service\.restart .*\n( +! .*\n)* +duração 2 min\n/);
  expect(redis).toMatch(/Um Redis novo +manual\n +duração 10–15 min\n/);
  expect(redis).toContain('Redis de volta (RTO) em até 1 h: 2 min 30 s – 17 min 30 s ou mais');
});

test('the plan says what it takes to connect Evolution again, next to the RTO of it [S5-TG-14]', async () => {
  const text = await planned(await badDeploy(), 'evolution-down');
  expect(text).toMatch(/Escanear com o celular +manual\n.*\n +duração 5 min\n/);
  expect(text).toContain('Evolution API de volta (RTO) em até 1 h: 0–5 min ou mais');
});

test('a worker and a scheduler that have another deploy keep it', async () => {
  const world = await badDeploy();
  const quais = { answers: { worker: false, scheduler: false } };
  const life = await world.live({ said: { quais }, enough: (incident) => incident?.steps['variaveis']?.status === 'done' });
  expect((await endOf(world, life)).others).toEqual(OTHERS.map(() => [BAD.commitHash, 'auto-deploy']));
  expect(world.services.api.live()?.meta['commitHash']).toBe(GOOD.commitHash);
});

test('the history of deployments names each with what became of it [S5-ST-40]', async () => {
  const world = await badDeploy();
  const { world: parts } = await world.story.live();
  const { releases } = await releasesOf(parts, 'api');
  const nameOf = (one: { readonly commitHash: string }): string => one.commitHash.slice(0, 12);
  expect(Object.fromEntries(releases.map((one) => [one.ref, [one.isLive, one.notRestorable]]))).toEqual({
    [nameOf(BAD)]: [true, null],
    [nameOf(FAILED)]: [false, 'failed'],
    [nameOf(GOOD)]: [false, null],
  });
});

test('it waits until Railway says SUCCESS, which took three minutes, by the API alone: nothing is built anew [S5-CL-03] [S5-GU-08]', async () => {
  const world = await badDeploy({ patience: 'of the story' });
  world.services.api.service.next = 'lasts';
  let settledAt = 0;
  const life = await world.live({
    meanwhile: (incident) => {
      const since = incident?.steps['voltar']?.startedAt;
      if (settledAt === 0 && since !== undefined && world.story.clock.now() - since >= 3 * MINUTE) {
        expect(incident?.steps['voltar']?.status).toBe('running');
        settledAt = world.story.clock.now();
        world.services.api.settle('SUCCESS');
      }
    },
    enough: (incident) => incident?.steps['saude']?.status === 'done',
  });
  const { voltar } = (await incidentOf(life))?.steps ?? {};
  expect(voltar?.endedAt).toBeGreaterThanOrEqual(settledAt);
  expect((voltar?.endedAt ?? 0) - (voltar?.startedAt ?? 0)).toBeLessThan(5 * MINUTE);
  expect(world.ordered('api')).toEqual(['auto-deploy', 'rollback']);
});

test('one that is not there after five minutes asks people, and nothing says that it is done', async () => {
  const world = await badDeploy({ patience: 'of the story' });
  world.services.api.service.next = 'lasts';
  const life = await world.live({ enough: (incident) => incident?.tasks['voltar'] !== undefined });
  const { voltar } = (await incidentOf(life))?.steps ?? {};
  expect(voltar?.status).toBe('waiting');
  expect(world.story.clock.now() - (voltar?.startedAt ?? 0)).toBeLessThan(6 * MINUTE);
  expect(world.told().join()).not.toContain('foi feito');
});

test('a deep health that is not 200 after the rollback is no end: people are asked, and nobody is told that it is done [S5-VE-10]', async () => {
  const world = await badDeploy();
  world.knobs.sick = true;
  const life = await world.live({ enough: (incident) => incident?.tasks['nao-voltou'] !== undefined });
  expect((await incidentOf(life))?.steps).toMatchObject({ saude: { status: 'failed' } });
  expect((await incidentOf(life))?.steps['erros']).toBeUndefined();
  expect(world.told().join()).not.toContain('foi feito');
});

test('after a rollback that failed the last resort is to make the service anew, which begins with keeping it [S5-TR-14]', async () => {
  const world = await badDeploy();
  world.knobs.sick = true;
  const life = await world.live({
    said: { 'nao-voltou': { choice: 'recriar' }, recriar: () => null },
    enough: (incident) => incident?.tasks['recriar'] !== undefined,
  });
  const step = stepsOf(world.story.runbooks['rollback-deploy']?.runbook as Runbook).find(({ id }) => id === 'recriar');
  expect(step?.text).toContain('belay run recreate-service');
  await life.commands.startRun({ person: 'sol', roles: ['on-call'] }, { runbook: 'recreate-service', inputs: {}, key: 'last-resort' });
  await world.story.clock.advance(MINUTE);
  const anew = await life.world.incidents.load('INC-2');
  expect([anew?.steps['guardar-api']?.status, anew?.tasks['nome']?.who, world.services.api.live()?.meta]).toEqual([
    'done',
    'commander',
    GOOD,
  ]);
});

test('where Railway offers no rollback any more a stable commit is built anew, and main deploys again only when a person says so [S5-ST-41]', async () => {
  const world = await openJulia({ database: postgres.url, runbook: 'deploy-commit' }, closing);
  const { service, deploy } = world.services.api;
  deploy(BAD);
  for (const one of service.deployments) if (one.meta['commitHash'] === GOOD.commitHash) one.canRollback = false;
  const until: boolean[] = [];
  const life = await world.live({
    begin: (one) => one.commands.startRun(COMMANDER, { runbook: 'deploy-commit', inputs: { commit: GOOD.commitHash }, key: 'by-hand' }),
    killedAt: ['deploy.commit:after'],
    meanwhile: (incident) => {
      if (incident?.tasks['corrigido'] !== undefined) until.push(service.autoDeploy);
    },
  });
  expect([world.ordered('api'), service.autoDeploy, until]).toEqual([
    ['auto-deploy', 'deploy', 'auto-deploy'],
    true,
    until.map(() => false),
  ]);
  expect(until).not.toEqual([]);
  expect(world.services.api.live()).toMatchObject({ meta: { commitHash: GOOD.commitHash }, canRollback: true });
  expect((await incidentOf(life))?.steps).toMatchObject({
    construir: { status: 'done' },
    saude: { status: 'done' },
    descongelar: { status: 'done' },
  });
});

test('a deploy of before brings its variables with it: one of another project is found, and no secret is shown [S5-VE-12]', async () => {
  const world = await badDeploy({ variables: { SUPABASE_URL: 'https://staging.supabase.co' } });
  const life = await world.live({ enough: (incident) => incident?.tasks['variaveis'] !== undefined });
  expect(world.services.api.live()?.variables['SUPABASE_URL']).toBe('https://staging.supabase.co');
  expect((await incidentOf(life))?.steps).toMatchObject({ saude: { status: 'done' }, variaveis: { status: 'waiting' } });
  expect(world.told().join()).not.toContain('foi feito');
  const all = JSON.stringify([await eventsOf(life), journalLinesOf(world.story.disk), world.told()]);
  for (const secret of [RAILWAY_TOKEN, VARIABLES.SUPABASE_SERVICE_KEY]) expect(all).not.toContain(secret);
});

test('the same error in the logs after the rollback asks people: the release was not to blame [S5-VE-11]', async () => {
  const world = await badDeploy();
  let isWritten = false;
  const life = await world.live({
    meanwhile: (incident) => {
      const since = incident?.steps['erros']?.startedAt;
      if (isWritten || since === undefined || world.story.clock.now() - since < 2 * MINUTE) return;
      isWritten = true;
      world.log('ERROR TypeError: telefone is undefined');
    },
    enough: (incident) => incident?.tasks['erros'] !== undefined,
  });
  expect((await incidentOf(life))?.steps['erros']?.status).toBe('waiting');
  expect([world.told().join().includes('foi feito'), world.github.issues]).toEqual([false, []]);
});

test('a log that nobody writes proves nothing: the rollback is not told as done while no line was read', async () => {
  const world = await badDeploy();
  world.knobs.mute = true;
  const life = await world.live({ enough: (incident) => incident?.tasks['log-lido'] !== undefined });
  expect((await incidentOf(life))?.steps['erros']?.status).toBe('done');
  expect(world.told().join()).not.toContain('foi feito');
});

test('killed twice it ends the same: one rollback, one message, one issue for the root cause [S5-ST-39]', async () => {
  const world = await badDeploy();
  expect(await endOf(world, await world.live({ killedAt: [61, 40] }))).toEqual(END);
});

test('one quick command shows the deep health, the last 100 lines of the log and the circuit, and changes nothing [S5-ST-102] [S5-ST-107] [S5-ST-108]', async () => {
  const world = await openJulia({ database: postgres.url, runbook: 'quick-look' }, closing);
  for (let line = 1; line <= 150; line += 1) world.log(`INFO pedido ${line};`);
  world.knobs.circuit = 'half-open';
  const life = await world.live();
  const kept = Object.fromEntries(
    (await dataOf(life, 'evidence.captured')).map(({ evidence, value }) => [evidence, JSON.stringify(value)]),
  );
  expect(kept['saude']).toContain('"status":"healthy"');
  expect(kept['circuito']).toContain('"state":"half-open"');
  expect(kept['log']?.match(/pedido \d+;/g)).toHaveLength(100);
  expect(kept['log']).toContain('pedido 51;');
  expect(journalLinesOf(world.story.disk)).toEqual([]);
});
