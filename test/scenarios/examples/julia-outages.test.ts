// What examples/agente-julia does when Anthropic or Supabase is away, and when several are: a real Postgres that loses its power, Railway,
// Evolution and status pages as servers that remember. The judges are those, and what people were told.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { servePage, summary } from '../../adapters/status-page/page.ts';
import { type PostgresPart, startPostgres } from '../../world/parts/postgres.ts';
import { dataOf, type ExampleLife, incidentOf } from '../../world/scenes/example.ts';
import { type JuliaWorld, juliaTables, openJulia } from '../../world/scenes/julia.ts';

const MINUTE = 60_000;
const SOL = { person: 'sol', roles: ['on-call', 'commander'] };
const IVO = { person: 'ivo', roles: ['approver', 'commander'] };
type Closing = (() => Promise<unknown>)[];
const closing: Closing = [];
const closeAll = async (all: Closing): Promise<void> => {
  for (const close of all.splice(0).toReversed()) await close();
};
afterEach(() => closeAll(closing));
let postgres: PostgresPart;
beforeAll(async () => {
  postgres = await startPostgres();
}, 60_000);
afterAll(() => postgres.stop());

let databases = 0;
async function julia(runbook: string, open: Closing = closing): Promise<JuliaWorld> {
  databases += 1;
  const database = await postgres.createDatabase(`julia_${databases}`);
  await juliaTables(database);
  const down = { body: summary({ indicator: 'critical', components: [{ name: 'API', status: 'major_outage' }] }) };
  const [supabase, anthropic] = [await servePage(down), await servePage(down)];
  open.push(supabase.close, anthropic.close);
  return openJulia({ database, runbook, env: { SUPABASE_STATUS_URL: supabase.url, ANTHROPIC_STATUS_URL: anthropic.url } }, open);
}

/** What one audience was told, in one line. */
const told = (world: JuliaWorld, words: string): string =>
  world
    .told()
    .filter((line) => line.includes(words))
    .join()
    .replaceAll('\\n', ' ');
const keptOf = async (life: ExampleLife): Promise<Readonly<Record<string, string>>> =>
  Object.fromEntries((await dataOf(life, 'evidence.captured')).map(({ evidence, value }) => [evidence, JSON.stringify(value)]));

describe('without Anthropic', () => {
  const open: Closing = [];
  let world: JuliaWorld;
  let life: ExampleLife;
  const modes = new Set<unknown>();
  beforeAll(async () => {
    world = await julia('llm-down', open);
    world.knobs.circuit = 'open';
    const at = (world.story.clock.now() + 15 * MINUTE) / 1_000;
    await world.sql(`insert into fila_mensagens (mensagem, retry_count, processar_em) values ('pendente', 0, to_timestamp(${at}))`);
    life = await world.live({
      said: { prontas: { choice: 'sim' }, causa: { choice: 'limite' } },
      meanwhile: async (incident) => {
        const since = incident?.steps['circuito']?.startedAt;
        if (since === undefined) return;
        modes.add((await world.sql('select respostas_prontas from julia_modo order by id desc limit 1'))[0]?.['respostas_prontas']);
        if (world.story.clock.now() - since > 5 * MINUTE && world.knobs.circuit === 'open') {
          world.knobs.circuit = 'closed';
          world.log('INFO retry mensagem 1');
        }
        await world.worker();
      },
    });
  }, 120_000);
  afterAll(() => closeAll(open));
  const step = async (id: string) => (await incidentOf(life))?.steps[id];

  test('what Anthropic says of itself is kept, people say which case it is, and the circuit is waited for [S5-ST-78] [S5-ST-79] [S5-ST-81]', async () => {
    const kept = await keptOf(life);
    expect(kept['fornecedor']).toContain('"level":3');
    expect(kept['circuito-antes']).toContain('"state":"open"');
    expect((await step('causa'))?.status).toBe('done');
    const circuito = await step('circuito');
    expect((circuito?.endedAt ?? 0) - (circuito?.startedAt ?? 0)).toBeGreaterThanOrEqual(5 * MINUTE);
  });

  test('people hear that no replies are generated and conversations stay pending; canned replies are on until it is over [S5-DG-18] [S5-DG-19] [S5-ST-80]', async () => {
    expect(told(world, 'não consegue gerar respostas')).toContain('As conversas ficam pendentes');
    expect([...modes]).toContain('on');
    expect(await world.sql('select respostas_prontas as modo from julia_modo order by id')).toEqual([
      { modo: 'off' },
      { modo: 'on' },
      { modo: 'off' },
    ]);
  });

  test('it is over after half a minute of success, and once what waited a quarter of an hour has been tried again [S5-CL-08] [S5-ST-82] [S5-SY-06]', async () => {
    const [sucesso, fila] = [await step('sucesso'), await step('fila')];
    expect((sucesso?.endedAt ?? 0) - (sucesso?.startedAt ?? 0)).toBeGreaterThanOrEqual(30_000);
    expect((fila?.endedAt ?? 0) - (sucesso?.endedAt ?? 0)).toBeGreaterThan(5 * MINUTE);
    expect((await keptOf(life))['tentativas']).toContain('retry mensagem 1');
    expect((await incidentOf(life))?.contingencies.filter((one) => one.closedAt === undefined)).toEqual([]);
  });
});

describe('without Supabase', () => {
  const open: Closing = [];
  let world: JuliaWorld;
  let life: ExampleLife;
  let still: readonly boolean[] = [];
  beforeAll(async () => {
    world = await julia('supabase-down', open);
    await postgres.kill();
    let isBack = false;
    life = await world.live({
      said: { causa: { choice: 'supabase' } },
      meanwhile: async (incident) => {
        const since = incident?.steps['banco']?.startedAt;
        if (isBack || since === undefined || world.story.clock.now() - since < 20 * MINUTE) return;
        isBack = true;
        still = (['api', 'worker', 'scheduler'] as const).map(world.runs);
        await postgres.restart();
      },
    });
  }, 120_000);
  afterAll(() => closeAll(open));

  test('what Supabase says is kept, everybody is told, and Julia stands still although her pause could not be written [S5-ST-68] [S5-ST-69] [S5-ST-70]', async () => {
    expect((await keptOf(life))['fornecedor']).toContain('"level":3');
    expect(told(world, '"management"')).toContain('temporariamente indisponível');
    expect(still).toEqual([true, false, false]);
    expect((await incidentOf(life))?.steps['de-volta']?.status).toBe('done');
    expect((['worker', 'scheduler'] as const).map(world.ordered)).toEqual([
      ['stop', 'redeploy'],
      ['stop', 'redeploy'],
    ]);
  });

  test('nothing is processed, read or written, and her deep health says 503: that is what was seen and told [S5-DG-04] [S5-DG-05] [S5-DG-06]', async () => {
    expect((await keptOf(life))['saude-antes']).toContain('"status":503');
    expect(told(world, '"#incidents"')).toContain('nenhuma mensagem é processada, nada se lê nem se grava');
  });

  test('there is no degraded mode, which people are told instead of being promised one [S5-DG-07]', () => {
    expect(told(world, '"#incidents"')).toContain('Não há modo degradado');
    expect(told(world, '"#incidents"')).not.toMatch(/nada se perde|nenhum dado será perdido/i);
  });

  test('where the trouble is ours the restore begins at once, within the same incident [S5-DE-03]', async () => {
    const ours = await julia('supabase-down');
    const here = await ours.live({
      said: { causa: { choice: 'nosso' } },
      enough: (incident) => Object.keys(incident?.tasks ?? {}).some((id) => id.endsWith('.assess')),
    });
    expect((await incidentOf(here))?.steps['banco']).toBeUndefined();
  });
});

const HYPOTHESES = [
  'É um incidente regional (AWS, Supabase, …)? Está respondido',
  'É a nossa configuração? Está respondido',
  'É um ataque? Está respondido',
];

describe('several at once', () => {
  const open: Closing = [];
  let world: JuliaWorld;
  let life: ExampleLife;
  const untouched: unknown[] = [];
  let frozen = false;
  let asked = 0;
  const refusals: string[] = [];
  beforeAll(async () => {
    world = await julia('level-3', open);
    world.evolution.instances.set('Revoluna', { state: 'connecting', webhook: null, codes: 0 });
    const redis = world.services.redis.live();
    Object.assign(redis ?? {}, { status: 'CRASHED', instances: redis?.instances.map((one) => ({ ...one, status: 'CRASHED' })) });
    world.knobs.circuit = 'open';
    await postgres.kill();
    let isBack = false;
    const since = (incident: { readonly steps: Readonly<Record<string, { readonly startedAt: number }>> } | null, id: string): number => {
      const at = incident?.steps[id]?.startedAt;
      return at === undefined ? -1 : world.story.clock.now() - at;
    };
    life = await world.live({
      begin: async (one) => {
        life = one;
        return one.commands.startRun(SOL, { runbook: 'level-3', inputs: {}, key: 'by-hand' });
      },
      // They are quick with everything but the cause.
      said: { hipoteses: () => (asked > 40 * MINUTE ? { ticks: HYPOTHESES, answers: { hipotese: 'regional, da AWS' } } : { ticks: [] }) },
      meanwhile: async (incident) => {
        asked = since(incident, 'hipoteses');
        // Somebody in a hurry would begin anew what does not answer.
        for (const runbook of asked > 0 && refusals.length === 0 ? ['evolution-recreate', 'recreate-service', 'evolution-down'] : [])
          refusals.push(await life.commands.startRun(SOL, { runbook, inputs: {}, key: runbook }).then(String, String));
        // What could not be known while the database was away is asked when it is back: two people say yes.
        for (const [approval, { state, planHash }] of Object.entries(incident?.approvals ?? {}))
          if (state === 'open')
            await life.commands.approve(IVO, { incident: 'INC-1', approval, planHash, decision: 'grant', key: `ivo/${planHash}` });
        if (!isBack && since(incident, 'supabase') > 60 * MINUTE) {
          isBack = true;
          frozen = !world.services.api.service.autoDeploy;
          untouched.push(...world.evolution.ledger, ...world.ordered('redis'));
          await postgres.restart();
        }
        if (since(incident, 'anthropic') > 40 * MINUTE) world.knobs.circuit = 'closed';
      },
    });
  }, 120_000);
  afterAll(() => closeAll(open));
  const steps = async () => (await incidentOf(life))?.steps ?? {};

  test('the CTO is called at once, nobody deploys, and the state is kept before anything is touched [S5-ST-83] [S5-ST-85] [S5-GU-10]', async () => {
    expect(told(world, '"cto"')).toContain('CRITICAL: Multiple failures');
    expect(frozen).toBe(true);
    const kept = await keptOf(life);
    expect(kept['forense-saude']).toContain('503');
    expect(kept['forense-whatsapp']).toContain('connecting');
    expect(kept['forense-redis']).toContain('"running":0');
    expect(kept['forense-logs']).toContain('Connected to Redis');
    const { forense, evolution } = await steps();
    expect(forense?.endedAt ?? 0).toBeLessThanOrEqual(evolution?.startedAt ?? 0);
  });

  test('what deletes is refused by name while they are frozen: an instance, a service, a file of SQL [S5-GU-11]', () => {
    const frozenOf = (component: string, why: string) =>
      expect.stringContaining(
        `component/${component} is frozen by belay in INC-1 (${why}); when it may go on: belay thaw component/${component}`,
      );
    expect(refusals).toEqual([
      frozenOf('whatsapp', 'INC-1: não apagar dados'),
      frozenOf('api', 'INC-1'),
      frozenOf('database', 'INC-1: não apagar dados'),
    ]);
  });

  test('recovery keeps its order, and nothing is begun before what comes before it is proven well [S5-ST-86] [S5-VE-18]', async () => {
    expect(untouched).toEqual([]);
    const all = await steps();
    const order = [
      'supabase',
      'pausar',
      'evolution',
      'webhook',
      'evolution-bem',
      'redis',
      'redis-bem',
      'anthropic',
      'retomar',
      'retomar-julia',
    ];
    expect(order.map((id) => all[id]?.status)).toEqual(order.map((id) => (id === 'pausar' ? 'undone' : 'done')));
    const ends = order.map((id) => all[id]?.startedAt ?? 0);
    expect(ends).toEqual(ends.toSorted((a, b) => a - b));
    expect(world.evolution.ledger).toEqual(['restart Revoluna', 'webhook Revoluna']);
    expect(world.ordered('redis')).toEqual(['restart']);
  });

  test('the three hypotheses are answered by people, each [S5-DE-04] [S5-DE-05] [S5-DE-06]', async () => {
    const ticked = (await dataOf(life, 'checklist.ticked')).filter((one) => one.step === 'hipoteses');
    expect(ticked.map((one) => one.item)).toEqual(HYPOTHESES);
  });

  test('a cause that is not known after half an hour calls the commander, two hours without an end the CTO [S5-TR-26] [S5-TR-27]', async () => {
    const late = (await dataOf(life, 'clock.breached')).map(({ clock, escalateTo }) => [clock, escalateTo]);
    expect(late).toContainEqual(['causa-raiz', 'commander']);
    expect(late).toContainEqual(['duas-horas', 'cto']);
  });
});
