// Scenario 1 of examples/vocalcoach, trouble with performance: what is done at once on a real repository, npm scripts, files and a mailbox, the
// decision, and the way back to a named release. The judges are what is served, what was ordered, and what people got.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createStatusFiles } from '../../../src/adapters/status-files/index.ts';
import type { Incident } from '../../../src/domain/incident.ts';
import { stepsOf } from '../../../src/domain/ir.ts';
import { publishStatus } from '../../../src/flows/status.ts';
import { dataOf, type ExampleLife, eventsOf, incidentOf } from '../../world/scenes/example.ts';
import { ANA, type BadDay, badDay, callsOf, endOf, FORMS, MINUTE, mailsOf } from './vocalcoach-world.ts';

type Closing = (() => Promise<unknown>)[];
const RUNBOOK = 'cenario-performance';
const BACK = { ...FORMS, decidir: { choice: 'voltar' } };

const closeAll = async (closing: Closing): Promise<void> => {
  for (const close of closing.splice(0).toReversed()) await close();
};

const DONE = [
  ...['medidas', 'avaliar', 'features', 'features.voz', 'features.publicar', 'features.voz-desligada', 'escalar'],
  ...['avisar', 'redes', 'pesar', 'decidir', 'executar', 'executar.aprovar', 'executar.congelar', 'executar.publicar', 'cache-normal'],
  ...['indices', 'checklist', 'checklist.servicos', 'checklist.dados', 'checklist.metricas', 'checklist.logs', 'voltou'],
];
const SKIPPED = ['features.gamificacao', 'features.offline', 'features.gamificacao-desligada', 'features.offline-desligado'];
const END = {
  steps: {
    ...Object.fromEntries(DONE.map((step) => [step, 'done'])),
    ...Object.fromEntries(SKIPPED.map((step) => [step, 'skipped'])),
    ...{ cache: 'undone', melhorou: 'failed' },
  },
  evidence: [
    ...['analytics', 'avaliacao', 'decisao', 'decision', 'detected-at', 'erros', 'fila', 'latencia', 'restored-at', 'sentry', 'sistema'],
  ],
  // More servers and the freeze stay until somebody takes them back.
  open: ['escalar', 'executar.congelar'],
  acts: ['features.voz', 'features.publicar', 'escalar', 'cache', 'executar.congelar', 'executar.publicar', 'cache-normal'],
  api: { release: 'r7', loads: ['r7'], cache: 'normal', units: [4] },
  app: { features: { newVoiceAnalysis: false, betaGamification: true, improvedOffline: true }, text: 'broken' },
  commits: ['Publish'],
  mails: 6,
};

describe('an app that is slow, and stays slow', () => {
  const closing: Closing = [];
  const seen: { cache?: string; page?: string } = {};
  let world: BadDay;
  let life: ExampleLife;
  beforeAll(async () => {
    world = await badDay(closing, { slow: true });
    let began: ExampleLife | null = null;
    const page = createStatusFiles({ dir: path.join(world.story.folder, 'page') });
    const publish = (one: ExampleLife) => publishStatus({ ...one.world, statusPage: page });
    const look = async (incident: Incident | null): Promise<void> => {
      if (began === null || seen.page !== undefined || incident?.steps['pesar'] === undefined) return;
      seen.cache = world.coach.cacheMode();
      seen.page = readFileSync((await publish(began)) ?? '', 'utf8');
    };
    life = await world.live(RUNBOOK, {
      said: BACK,
      begin: async (one) => {
        began = one;
        return one.commands.startRun(ANA, { runbook: RUNBOOK, inputs: {}, key: 'by-hand' });
      },
      meanwhile: look,
    });
  }, 120_000);
  afterAll(() => closeAll(closing));

  test('gets fewer features, more servers and more cache at once, and goes back to the release before by its name: published once, and never by the script that goes one back [S2-ST-04, S2-ST-12, S2-ST-14]', async () => {
    expect(await endOf(world, life)).toEqual(END);
    expect(seen.cache).toBe('aggressive');
  });

  test('leaves a record of every step, of both decisions with who took them and on what, and of the measures of that moment [S2-EV-01, S2-EV-02, S2-EV-03]', async () => {
    const events = await eventsOf(life);
    const runbook = world.story.runbooks[RUNBOOK]?.runbook;
    const planned = (runbook === undefined ? [] : stepsOf(runbook)).map((step) => step.id).toSorted();
    const told = events.flatMap((one) => (one.type === 'step.finished' || one.type === 'step.skipped' ? [one.data.step] : []));
    expect(planned).toHaveLength(Object.keys(END.steps).length);
    expect(told.toSorted()).toEqual(planned);
    const said = await dataOf(life, 'checklist.answered');
    expect(said.find((one) => one.step === 'decidir')).toMatchObject({ choice: 'voltar', by: 'ana' });
    expect((await dataOf(life, 'decision.made')).length).toBeGreaterThanOrEqual(2);
    const kept = Object.fromEntries((await dataOf(life, 'evidence.captured')).map((one) => [one.evidence, one]));
    expect(kept['latencia']?.value).toMatchObject({ values: { value: 0.9 } });
    expect(kept['sentry']?.value).toMatchObject({ values: { errors: 81 } });
    expect(kept['erros']?.value).toMatchObject({ values: { matched: 1 } });
    expect(kept['sistema']?.value).toMatchObject({ values: { memory: expect.any(Number) as number } });
    for (const one of Object.values(kept)) expect(one.sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  test('keeps what Google Analytics and the gauge of its own say of that moment [S2-SY-02, S2-SY-03]', async () => {
    const kept = Object.fromEntries((await dataOf(life, 'evidence.captured')).map(({ evidence, value }) => [evidence, value]));
    expect(kept['analytics']).toMatchObject({ known: true, values: { value: 120 } });
    expect(kept['fila']).toMatchObject({ known: true, values: { value: 42 } });
  });

  test('asks what it does to users, how far it goes and what is needed, and before the decision how bad it is, how long a fix takes and what may be lost [S2-DE-02, S2-DE-03]', async () => {
    const said = Object.fromEntries((await dataOf(life, 'checklist.answered')).map((one) => [one.step, one]));
    expect(said['avaliar']?.answers).toEqual({ impacto: 'aulas lentas', escopo: 'todos os usuários', recursos: 'duas pessoas' });
    expect(said['pesar']?.answers).toEqual({ severidade: 'P1', correcao: 'duas horas', perda: 'nenhuma' });
    const order = (await dataOf(life, 'step.finished')).map((one) => one.step);
    expect(order.indexOf('avaliar')).toBeLessThan(order.indexOf('features'));
    expect(order.indexOf('pesar')).toBeLessThan(order.indexOf('decidir'));
  });

  test('is told on the status page and by mail, at first as an emergency maintenance of thirty minutes, at the end as restored [S2-SY-07, S2-SY-09, S2-TM-01]', async () => {
    expect(seen.page).toContain('VocalCoach AI');
    expect(seen.page).toContain('Em investigação');
    const after = await publishStatus({ ...life.world, statusPage: createStatusFiles({ dir: path.join(world.story.folder, 'page') }) });
    expect(readFileSync(after ?? '', 'utf8')).toContain('Resolvid');
    const mails = mailsOf(world);
    const to = (who: string) => mails.filter(({ what }) => what.startsWith(who)).map(({ what }) => what.slice(who.length + 1));
    for (const who of ['usuarios@vocalcoach.ai', 'suporte@vocalcoach.ai'])
      expect(to(who)).toEqual(['🔧 Manutenção Emergencial', '✅ Serviço restabelecido']);
    const first = mails.find(({ what }) => what.includes('usuarios'))?.text;
    expect(first).toContain('para resolver um problema em API e App');
    expect(first).toContain('Impacto estimado: 30 minutos');
    expect(first).toContain('Status: Em andamento');
    expect(first).toContain('status.vocalcoach.ai');
  });
});

const closing: Closing = [];
afterEach(() => closeAll(closing));

test('what is done at once may be enough: the release stays, and the measures keep the incident open until they are taken back', async () => {
  const world = await badDay(closing, { slow: true, helps: true });
  const life = await world.live(RUNBOOK, { said: { ...FORMS, decidir: { choice: 'ficar' } } });
  const incident = await incidentOf(life);
  expect(incident?.steps).toMatchObject({
    melhorou: { status: 'done' },
    executar: { status: 'skipped' },
    'cache-normal': { status: 'skipped' },
    checklist: { status: 'done' },
  });
  expect(world.coach).toMatchObject({ release: 'r8', loads: [] });
  expect(world.coach.cacheMode()).toBe('aggressive');
  await expect(life.commands.close(ANA, { incident: 'INC-1', key: 'too-early' })).rejects.toMatchObject({ name: 'BelayError' });
});

test('on a day with six servers none is taken away: a written number would have left four', async () => {
  const world = await badDay(closing, { slow: true, servers: 6 });
  const life = await world.live(RUNBOOK, { said: BACK, enough: (incident) => incident?.steps['cache']?.status === 'done' });
  expect((await incidentOf(life))?.steps['escalar']?.status).toBe('skipped');
  expect([world.swarm.state.replicas, world.swarm.state.orders]).toEqual([6, []]);
});

test('servers that are refused stop nothing, each limit of 5, 10 and 15 minutes calls somebody to the minute, and a release that does not come up is never told as restored [S2-CL-01, S2-CL-02, S2-CL-03]', async () => {
  const world = await badDay(closing, { slow: true });
  world.swarm.state.refuses = 'no suitable node';
  world.coach.faults.comesUp = false;
  let incident: Incident | null = null;
  const after = (step: string, ms: number): boolean => world.story.clock.now() - (incident?.steps[step]?.startedAt ?? Infinity) > ms;
  const late = (step: string, ms: number) => () => (after(step, ms) ? ((FORMS as Record<string, object>)[step] ?? null) : null);
  const life = await world.live(RUNBOOK, {
    said: { ...BACK, avaliar: late('avaliar', 6 * MINUTE), pesar: late('pesar', 11 * MINUTE) },
    meanwhile: (one) => {
      incident = one;
    },
    enough: () => after('executar', 16 * MINUTE),
  });
  const steps = (await incidentOf(life))?.steps ?? {};
  expect(steps['escalar']).toMatchObject({ status: 'failed', detail: { message: expect.stringContaining('no suitable node') as string } });
  expect(world.swarm.state.orders).toEqual([]);
  expect(world.coach).toMatchObject({ release: '', loads: ['r7'] });
  expect(steps['executar.publicar']?.status).toMatch(/unknown|waiting/);
  expect((await dataOf(life, 'clock.breached')).map(({ clock }) => clock)).toEqual(['avaliacao', 'decisao', 'execucao']);
  const calls = await callsOf(life);
  expect(calls.filter(({ why }) => why === 'clock avaliacao')).toMatchObject([{ to: 'commander' }]);
  for (const [step, to, minutes] of [
    ['avaliar', 'on-call', 5],
    ['pesar', 'commander', 10],
    ['executar', 'commander', 15],
  ] as const)
    expect(calls.filter(({ why }) => why === `${step} is late`)).toEqual([
      { to, why: `${step} is late`, at: (steps[step]?.startedAt ?? 0) + minutes * MINUTE },
    ]);
  expect(mailsOf(world).some(({ what }) => what.includes('restabelecido'))).toBe(false);
}, 120_000);

test('killed at boundaries it ends the same: each order once, each message once', async () => {
  const world = await badDay(closing, { slow: true });
  const life = await world.live(RUNBOOK, { said: BACK, killedAt: [410, 120] });
  expect(await endOf(world, life)).toEqual(END);
}, 120_000);
