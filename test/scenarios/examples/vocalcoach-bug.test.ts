// Scenarios 2 and 3 of examples/vocalcoach, a critical bug and trouble with data: features of the code turned off by a real deploy, one commit
// taken back, writes paused and opened again. The judges are what the app serves, what writers are answered, and what people got.
import { afterEach, describe, expect, test } from 'vitest';
import type { Incident } from '../../../src/domain/incident.ts';
import { dataOf, incidentOf } from '../../world/scenes/example.ts';
import { type BadDay, badDay, endOf, FORMS, mailsOf } from './vocalcoach-world.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

const isRestored = (world: BadDay): boolean => mailsOf(world).some(({ what }) => what.includes('restabelecido'));

describe('a critical bug', () => {
  const RUNBOOK = 'cenario-bug-critico';
  const saidOf = ({ coach }: BadDay) => ({
    ...FORMS,
    decidir: { choice: 'reverter' },
    diagnostico: { answers: { causa: 'a curva de tom nova', commit: coach.bad.slice(0, 12) } },
  });
  const DONE = [
    ...['medidas', 'avaliar', 'features', 'features.voz', 'features.gamificacao', 'features.offline', 'features.publicar'],
    ...['features.voz-desligada', 'features.gamificacao-desligada', 'features.offline-desligado', 'avisar', 'redes', 'commits'],
    ...['diagnostico', 'pesar', 'decidir', 'aprovar', 'reverter', 'checklist', 'checklist.servicos', 'checklist.dados'],
    ...['checklist.metricas', 'checklist.logs', 'voltou'],
  ];
  const endIn = ({ coach }: BadDay) => ({
    steps: Object.fromEntries(DONE.map((step) => [step, 'done'])),
    evidence: ['avaliacao', 'decisao', 'decision', 'detected-at', 'diagnostico', 'erros', 'feedback', 'restored-at', 'sentry'],
    open: [],
    acts: ['features.voz', 'features.gamificacao', 'features.offline', 'features.publicar', 'commits', 'reverter'],
    api: { release: 'r8', loads: [], cache: 'normal', units: [] },
    // What came after the bad commit, the features that are off, stays.
    app: { features: { newVoiceAnalysis: false, betaGamification: false, improvedOffline: false }, text: 'v1.1.0' },
    commits: [`Revert ${coach.bad.slice(0, 12)} (INC-1)`, 'Publish'],
    mails: 6,
  });

  test('has its features off at once, is diagnosed, and the commit that is found goes back by its name [S2-ST-22, S2-ST-20, S2-ST-23]', async () => {
    const world = await badDay(closing);
    const life = await world.live(RUNBOOK, { said: saidOf(world) });
    expect(await endOf(world, life)).toEqual(endIn(world));
    const commits = (await dataOf(life, 'step.finished')).find((one) => one.step === 'commits');
    expect(commits?.detail['text']).toContain(`${world.coach.bad.slice(0, 7)} A new pitch curve`);
    const branches = await world.coach.host.bare('branch', '--list', 'hotfix/*');
    expect(branches).toMatch(/hotfix\/rollback-\d{4}-\d{2}-\d{2}/);
  }, 120_000);

  test('whose features are off in the file and on in what is served is not under control: people are asked, and nothing goes on', async () => {
    const world = await badDay(closing);
    // The push is taken, and nobody builds it.
    world.coach.host.hook('post-receive', 'true');
    const life = await world.live(RUNBOOK, {
      said: saidOf(world),
      enough: (incident) => incident?.steps['features.voz-desligada']?.status === 'waiting',
    });
    expect((await incidentOf(life))?.steps).toMatchObject({ 'features.publicar': { status: 'done' }, 'features.voz': { status: 'done' } });
    expect((await incidentOf(life))?.steps['avisar']).toBeUndefined();
    expect(world.coach.features()).toMatchObject({ newVoiceAnalysis: true });
    expect(isRestored(world)).toBe(false);
  });

  test('killed at boundaries it ends the same: one deploy, one commit that takes back, each message once', async () => {
    const world = await badDay(closing);
    const life = await world.live(RUNBOOK, { said: saidOf(world), killedAt: [185, 300] });
    expect(await endOf(world, life)).toEqual(endIn(world));
  }, 120_000);
});

describe('trouble with data', () => {
  const RUNBOOK = 'cenario-dados';
  const said = { ...FORMS, decidir: { choice: 'restaurar' } };
  const DONE = [
    ...['medidas', 'avaliar', 'pausada', 'avisar', 'redes', 'recuperacao', 'pesar', 'decidir', 'restaurar', 'liberar', 'liberada'],
    ...['checklist', 'checklist.servicos', 'checklist.dados', 'checklist.metricas', 'checklist.logs', 'voltou'],
  ];
  const END = {
    steps: { ...Object.fromEntries(DONE.map((step) => [step, 'done'])), pausar: 'undone' },
    evidence: ['avaliacao', 'decisao', 'decision', 'detected-at', 'erros', 'integridade', 'restored-at', 'transacoes'],
    open: [],
    acts: ['pausar', 'liberar'],
    api: { release: 'r8', loads: [], cache: 'normal', units: [] },
    app: { features: { newVoiceAnalysis: true, betaGamification: true, improvedOffline: true }, text: 'broken' },
    commits: [],
    mails: 5,
  };

  test('keeps the log of transactions, and nobody writes from then on until it is recovered [S2-ST-28, S2-ST-29]', async () => {
    const world = await badDay(closing);
    expect(await world.coach.post()).toBe(201);
    const written = new Map<string, number>();
    const life = await world.live(RUNBOOK, {
      said,
      meanwhile: async (incident: Incident | null) => {
        const [task] = Object.keys(incident?.tasks ?? {});
        if (task !== undefined && !written.has(task)) written.set(task, await world.coach.post());
      },
    });
    expect(await endOf(world, life)).toEqual(END);
    expect(Object.fromEntries(written)).toMatchObject({ avaliar: 201, recuperacao: 503, restaurar: 503 });
    expect(await world.coach.post()).toBe(201);
    const kept = Object.fromEntries((await dataOf(life, 'evidence.captured')).map(({ evidence, value }) => [evidence, value]));
    expect(kept['transacoes']).toMatchObject({ values: { matched: 2, whole: true }, seen: { lines: { length: 2 } } });
    expect(JSON.stringify(kept['transacoes'])).toContain('lesson 17 was written twice');
  });

  test('that the smoke test still finds asks people, after a kill as well, and nobody is told that it is over', async () => {
    const world = await badDay(closing);
    world.coach.faults.lessons = false;
    const life = await world.live(RUNBOOK, {
      said,
      killedAt: [60],
      enough: (incident) => incident?.steps['checklist.dados']?.status === 'waiting',
    });
    expect((await incidentOf(life))?.steps).toMatchObject({ liberar: { status: 'done' }, 'checklist.servicos': { status: 'done' } });
    expect(isRestored(world)).toBe(false);
  });

  test('killed at boundaries it ends the same: writes are paused once and opened once', async () => {
    const world = await badDay(closing);
    const life = await world.live(RUNBOOK, { said, killedAt: [75, 140] });
    expect(await endOf(world, life)).toEqual(END);
  });
});
