// The emergency pause of examples/agente-julia and the way back from it: her table in a real Postgres, Railway as a server that remembers, her
// log a real file, staging a suite that is really run. The judges are the table, Railway's ledger, and whom she answers.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type PostgresPart, startPostgres } from '../../world/parts/postgres.ts';
import { dataOf, type ExampleLife, incidentOf } from '../../world/scenes/example.ts';
import { BAD, type JuliaWorld, juliaTables, openJulia } from '../../world/scenes/julia.ts';

const MINUTE = 60_000;
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});
let postgres: PostgresPart;
beforeAll(async () => {
  postgres = await startPostgres();
}, 60_000);
afterAll(() => postgres.stop());

let databases = 0;
async function julia(runbook: string, o: { readonly status?: 'ativo'; readonly closing?: typeof closing } = {}): Promise<JuliaWorld> {
  databases += 1;
  const database = await postgres.createDatabase(`julia_${databases}`);
  await juliaTables(database);
  const world = await openJulia(
    { database, runbook, measured: (trigger) => ({ value: trigger === 'spam' ? 12 : 3, lower: 0, upper: 20, bad: 3, all: 100 }) },
    o.closing ?? closing,
  );
  // As somebody types it into psql, with no Belay in sight.
  if (o.status === undefined) await world.say('pausado', 'EMERGÊNCIA: spam');
  return world;
}

const write = async ({ julia: { url } }: JuliaWorld, from: string, text: string): Promise<number> => {
  const data = { key: { id: `${from}-${text}` }, from, text };
  return (await fetch(`${url}/webhook/evolution`, { method: 'POST', body: JSON.stringify({ data }) })).status;
};
const STOP = { grave: { choice: 'parar' }, corrigir: { choice: 'hotfix' } };
const ASSESSED = ['Quantos minutos de dados serão perdidos (RPO: 15 min)', 'Quais serviços precisam parar durante o restore'];
const VALIDATED = [
  'A contagem de clientes e de conversations é plausível',
  'MAX(created_at) de interacoes diz até quando foi restaurado',
  'O que se perdeu está escrito para o post-mortem',
];
const SERVICES = ['api', 'worker', 'scheduler'] as const;

describe('the pause', () => {
  test('is one row that Julia obeys at once and that is read without Belay; the incident stays open until she is active again [S5-ST-84] [S5-ST-87] [S5-VE-19]', async () => {
    const world = await julia('emergency-pause', { status: 'ativo' });
    await write(world, 'dra-lia', 'antes');
    const life = await world.live({ enough: (incident) => incident?.tasks['seguir'] !== undefined });
    await write(world, 'dra-lia', 'durante');
    expect(world.julia.heard.map(({ text, answered }) => [text, answered])).toEqual([
      ['antes', 1],
      ['durante', 0],
    ]);
    expect((await world.rows()).at(-1)).toEqual({ status: 'pausado', motivo: 'EMERGÊNCIA: INC-1', alterado_via: 'manual' });
    expect(world.told().some((line) => line.includes('PAUSA DE EMERGÊNCIA'))).toBe(true);
    expect((await incidentOf(life))?.isRunning).toBe(true);
  });
});

describe('the way back', () => {
  describe('from its begin to its end', () => {
    let world: JuliaWorld;
    let life: ExampleLife;
    const open: (() => Promise<unknown>)[] = [];
    const runningMeanwhile = new Map<string, readonly boolean[]>();
    beforeAll(async () => {
      world = await julia('emergency-resume', { closing: open });
      for (let line = 1; line <= 600; line += 1) world.log(`INFO pedido ${line}`);
      life = await world.live({
        said: STOP,
        killedAt: [70, 90],
        meanwhile: (incident) => {
          if (incident?.tasks['confirmar'] !== undefined) runningMeanwhile.set('confirmar', SERVICES.map(world.runs));
        },
      });
    }, 120_000);
    afterAll(async () => {
      for (const close of open.toReversed()) await close();
    });
    const ended = async (id: string) => (await incidentOf(life))?.steps[id];

    test('the three services stand still while people look for the cause, which has logs, database and figures to go by [S5-ST-91] [S5-ST-92] [S5-ST-93]', async () => {
      expect(runningMeanwhile.get('confirmar')).toEqual([false, false, false]);
      const all = await dataOf(life, 'evidence.captured');
      const kept = Object.fromEntries(all.map(({ evidence, value }) => [evidence, JSON.stringify(value)]));
      expect(kept['logs']).toContain('pedido 600');
      expect(kept['logs']).toContain('pedido 101');
      expect(kept['logs']).not.toContain('pedido 100"');
      expect(kept['banco']).toContain('"corrompidas":1');
      expect(kept['custo']).toContain('"value":3');
      expect(kept['volume']).toContain('"value":12');
    });

    test('each is stopped once and begun once, although Belay was killed twice, one at a time and looked at before the next [S5-ST-94] [S5-ST-95]', async () => {
      const order = ['retomar-api', 'api-bem', 'retomar-worker', 'worker-bem', 'retomar-scheduler', 'scheduler-bem', 'teste', 'retomar'];
      const steps = await Promise.all([...order, 'vigiar'].map(ended));
      expect(steps.map((one) => one?.status)).toEqual(steps.map(() => 'done'));
      const began = steps.map((one) => one?.startedAt ?? 0);
      expect(began).toEqual(began.toSorted((a, b) => a - b));
      expect(SERVICES.map(world.ordered)).toEqual(SERVICES.map(() => ['stop', 'redeploy']));
      expect((await world.rows()).map((row) => row['status'])).toEqual(['ativo', 'pausado', 'ativo']);
    });

    test('she is watched for two hours, and nothing stays open [S5-CL-10]', async () => {
      const vigiar = await ended('vigiar');
      expect((vigiar?.endedAt ?? 0) - (vigiar?.startedAt ?? 0)).toBeGreaterThanOrEqual(120 * MINUTE);
      expect(await ended('pausar-de-novo')).toBeUndefined();
      expect((await incidentOf(life))?.contingencies.filter((one) => one.closedAt === undefined)).toEqual([]);
    });
  });

  test('does not begin the worker while the API is not well, and asks', async () => {
    const world = await julia('emergency-resume');
    world.knobs.sick = true;
    await world.live({ said: STOP, enough: (incident) => incident?.tasks['api-bem'] !== undefined });
    expect(SERVICES.map(world.runs)).toEqual([true, false, false]);
    expect((await world.rows()).at(-1)?.['status']).toBe('pausado');
  });

  test('plays the fix in staging first: one that does not answer there resumes nothing [S5-VE-20]', async () => {
    const world = await julia('emergency-resume');
    await world.staging.close();
    await world.live({ said: STOP, enough: (incident) => incident?.tasks['staging'] !== undefined });
    expect(SERVICES.map(world.runs)).toEqual([false, false, false]);
  });

  test('lets the controlled number alone through before Julia is active; the row then says that it is over [S5-VE-21] [S5-ST-96]', async () => {
    const world = await julia('emergency-resume');
    const life = await world.live({ said: STOP, enough: (incident) => incident?.steps['vigiar'] !== undefined });
    expect(world.julia.heard.map(({ from, answered }) => [from, answered])).toEqual([['numero-de-teste', 1]]);
    expect((await world.rows()).at(-1)).toEqual({
      status: 'ativo',
      motivo: 'Incidente resolvido, retomando operação',
      alterado_via: 'manual',
    });
    const { teste, retomar } = (await incidentOf(life))?.steps ?? {};
    expect(teste?.endedAt ?? 0).toBeLessThanOrEqual(retomar?.startedAt ?? 0);
  });

  test('from a restore: nothing is resumed by the restore itself, staging comes first, and people begin one service at a time', async () => {
    const world = await julia('emergency-resume');
    const seen = new Map<string, string>();
    const asked: string[] = [];
    const life = await world.live({
      said: {
        grave: { choice: 'deixar' },
        corrigir: { choice: 'restaurar' },
        'corrigir-restaurar.assess': { ticks: ASSESSED, answers: { minutesLost: 12 } },
        'corrigir-restaurar.validate': { ticks: VALIDATED, answers: { restoredUntil: Date.UTC(2026, 10, 27, 10) } },
      },
      meanwhile: async (incident) => {
        for (const id of Object.keys(incident?.tasks ?? {})) {
          if (!asked.includes(id)) asked.push(id);
          seen.set(id, String((await world.rows()).at(-1)?.['status']));
        }
      },
      enough: (incident) => incident?.steps['vigiar'] !== undefined,
    });
    const resumed = ['ligar-api', 'ligar-worker', 'ligar-scheduler', 'outra-pausa'];
    expect(asked.slice(asked.indexOf('corrigir-restaurar.handover'))).toEqual(['corrigir-restaurar.handover', 'confirmar', ...resumed]);
    expect(new Set(seen.values())).toEqual(new Set(['pausado']));
    const { staging, 'ligar-api': begun } = (await incidentOf(life))?.steps ?? {};
    expect(staging?.endedAt ?? 0).toBeLessThanOrEqual(begun?.startedAt ?? -1);
  });

  test('leaves her paused where another incident still wants it so, whatever this one has mended', async () => {
    const world = await julia('emergency-resume');
    const held = { 'outra-pausa': { choice: 'segura' } };
    const life = await world.live({ said: { ...STOP, ...held }, enough: (incident) => incident?.tasks['acoes'] !== undefined });
    const steps = (await incidentOf(life))?.steps ?? {};
    expect([steps['teste']?.status, steps['retomar'], SERVICES.map(world.runs)]).toEqual(['done', undefined, [true, true, true]]);
    expect((await world.rows()).at(-1)?.['status']).toBe('pausado');
  });

  test('within the two hours the word of a doctor pauses her again, with nobody asked, and everybody is told [S5-VE-22]', async () => {
    const world = await julia('emergency-resume');
    let isWritten = false;
    await world.live({
      said: STOP,
      meanwhile: (incident) => {
        const since = incident?.steps['vigiar']?.startedAt;
        if (isWritten || since === undefined || world.story.clock.now() - since < 30 * MINUTE) return;
        isWritten = true;
        world.knobs.complaints = 1;
      },
      enough: (incident) => incident?.tasks['e-agora'] !== undefined,
    });
    expect((await world.rows()).map((row) => row['status'])).toEqual(['ativo', 'pausado', 'ativo', 'pausado']);
    expect(world.told().some((line) => line.includes('DE NOVO'))).toBe(true);
    await write(world, 'dra-lia', 'depois');
    expect(world.julia.heard.at(-1)).toMatchObject({ text: 'depois', answered: 0 });
  });

  test('by a rollback, where the deploy is to blame: the same incident carries it out, approved by its plan [S5-DE-07]', async () => {
    const world = await julia('emergency-resume');
    for (const name of SERVICES) world.services[name].deploy(BAD);
    const life = await world.live({
      said: { grave: { choice: 'deixar' }, corrigir: { choice: 'rollback' } },
      enough: (incident) => incident?.steps['retomar']?.status === 'done',
    });
    const steps = (await incidentOf(life))?.steps ?? {};
    expect([steps['corrigir-rollback.voltar']?.status, steps['parar-api'], steps['retomar-api']?.status]).toEqual([
      'done',
      undefined,
      'skipped',
    ]);
    expect(world.ordered('api')).toEqual(['auto-deploy', 'rollback', 'auto-deploy']);
    expect(world.services.api.live()?.meta['commitHash']).not.toBe(BAD.commitHash);
  });
});
