// What examples/agente-julia does while a service that she needs is away: Redis and WhatsApp. Railway and Evolution are servers that remember,
// her tables stand in a real Postgres, her log is a real file. The judges are those, and what people were told.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type PostgresPart, startPostgres } from '../../world/parts/postgres.ts';
import { eventually } from '../../world/parts/shop.ts';
import { dataOf, type ExampleLife, incidentOf } from '../../world/scenes/example.ts';
import { liveHolding, startReplies } from '../../world/scenes/held-replies.ts';
import { COMMANDER, type JuliaWorld, juliaTables, openJulia } from '../../world/scenes/julia.ts';
import { openIncidents } from './incidents.ts';
import { type ExampleWorld, loadExample, openExample } from './world.ts';

const MINUTE = 60_000;
const SOL = { person: 'sol', roles: ['on-call', 'commander'] };
const IVO = { person: 'ivo', roles: ['commander', 'approver'] };
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
interface Options {
  readonly patience?: 'of the story';
  /** Takes what must be closed; the end of the test closes it, if not given. */
  readonly closing?: typeof closing;
}

async function julia(runbook: string, { closing: open = closing, ...o }: Options = {}): Promise<JuliaWorld> {
  databases += 1;
  const database = await postgres.createDatabase(`julia_${databases}`);
  await juliaTables(database);
  return openJulia({ database, runbook, measured: () => ({ value: 3, lower: 0, upper: 20, bad: 3, all: 100 }), ...o }, open);
}

const THREE = ['api', 'worker', 'scheduler'] as const;
/** The message that holds these words, in one line. */
const told = (world: JuliaWorld, words: string): string =>
  world
    .told()
    .filter((line) => line.includes(words))
    .join()
    .replaceAll('\\n', ' ');

describe('without Redis', () => {
  const crashed = async (o: Options = {}): Promise<JuliaWorld> => {
    const world = await julia('redis-down', o);
    const live = world.services.redis.live();
    Object.assign(live ?? {}, { status: 'CRASHED', instances: live?.instances.map((one) => ({ ...one, status: 'CRASHED' })) });
    return world;
  };

  describe('that a restart brings back', () => {
    const open: (() => Promise<unknown>)[] = [];
    let world: JuliaWorld;
    let life: ExampleLife;
    beforeAll(async () => {
      world = await crashed({ closing: open });
      life = await world.live({
        meanwhile: (incident) => {
          if (incident?.steps['espera'] !== undefined && world.runs('redis')) world.log('INFO Connected to Redis');
        },
      });
    }, 120_000);
    afterAll(async () => {
      for (const close of open.toReversed()) await close();
    });

    test('people hear at once what works without it, and how: nothing limits the rate, and context comes from the database [S5-DG-08] [S5-DG-09] [S5-DG-12]', async () => {
      const said = told(world, 'o Redis está fora');
      expect(said).toContain('não há rate limit');
      expect(said).toContain('risco de enviar rápido demais');
      expect(said).toContain('o contexto vem do banco (mais chamadas)');
    });

    test('the limiter is said to let everything pass, and sessions of Slack to expire [S5-DG-10] [S5-DG-11]', () => {
      const said = told(world, 'o Redis está fora');
      expect(said).toContain('o limitador deixa passar');
      expect(said).toContain('as sessões do Slack expiram');
    });

    test('it is restarted alone, given half a minute, and ready when it says so; nothing is restored [S5-ST-72] [S5-VE-14] [S5-PO-02]', async () => {
      const steps = (await incidentOf(life))?.steps ?? {};
      expect([steps['conectou']?.status, steps['novo'], steps['de-volta']?.status]).toEqual(['done', undefined, 'done']);
      expect((steps['espera']?.endedAt ?? 0) - (steps['espera']?.startedAt ?? 0)).toBeGreaterThanOrEqual(30_000);
      expect(world.ordered('redis')).toEqual(['restart']);
      expect(THREE.map(world.ordered)).toEqual([[], [], []]);
    });

    test('what was lost with it is told: limits begin anew, the cache comes by itself, sessions begin again [S5-DG-01] [S5-DG-02] [S5-DG-03]', () => {
      const said = told(world, 'o Redis voltou');
      expect(said).toContain('Os rate limits recomeçam do zero (por instantes mais permissivos)');
      expect(said).toContain('o cache de contexto se refaz sozinho');
      expect(said).toContain('tinha sessão no Slack começa de novo');
    });
  });

  test('messages that go out too fast meanwhile are seen by the log of the limiter, and people are asked before anything else [S5-ST-71]', async () => {
    const world = await crashed();
    world.log('WARNING rate_limit exceeded: 40 messages in a minute');
    await world.live({ enough: (incident) => incident?.tasks['ritmo'] !== undefined });
    expect(world.ordered('redis')).toEqual([]);
  });

  test('one that a restart does not bring back is made anew, and the three services begin again with its address [S5-ST-52]', async () => {
    const world = await crashed({ patience: 'of the story' });
    world.services.redis.service.lies = true;
    const names = THREE;
    const life = await world.live({
      meanwhile: (incident) => {
        if (incident?.tasks['novo'] === undefined) return;
        // What people do in the dashboard.
        world.services.redis.service.lies = false;
        world.services.redis.deploy({ image: 'redis:7' });
        for (const name of names) world.services[name].service.variables = { REDIS_URL: 'redis://new' };
        world.log('INFO Connected to Redis');
      },
    });
    expect((await incidentOf(life))?.steps['conectou-ao-novo']?.status).toBe('done');
    expect(names.map(world.ordered)).toEqual(names.map(() => ['stop', 'redeploy']));
    expect(names.map((name) => world.services[name].live()?.variables)).toEqual(names.map(() => ({ REDIS_URL: 'redis://new' })));
  });

  test('an hour is what it may last: then the commander is called [S5-CL-07]', async () => {
    const world = await crashed({ patience: 'of the story' });
    world.services.redis.service.lies = true;
    let began = 0;
    const life = await world.live({
      said: { novo: () => ({ ticks: [] }) },
      enough: () => began > 0 && world.story.clock.now() - began > 62 * MINUTE,
      meanwhile: (incident) => {
        began ||= incident?.steps['ver']?.startedAt ?? 0;
      },
    });
    const [breached] = await dataOf(life, 'clock.breached');
    expect(breached).toMatchObject({ clock: 'sem-redis', escalateTo: 'commander' });
    expect((await incidentOf(life))?.isRunning).toBe(true);
  });
});

const waiting = async (world: JuliaWorld): Promise<unknown> =>
  (await world.sql('select count(*)::int as n from fila_mensagens where enviada_em is null'))[0]?.['n'];

describe('without WhatsApp', () => {
  const cutOff = async (state: 'close' | 'connecting', o: Options = {}): Promise<JuliaWorld> => {
    const world = await julia('evolution-down', o);
    world.evolution.instances.set('Revoluna', { state, webhook: null, codes: 0 });
    await world.sql("insert into fila_mensagens (mensagem) select 'para ' || n from generate_series(1, 3) n");
    return world;
  };

  describe('cut off', () => {
    const open: (() => Promise<unknown>)[] = [];
    let world: JuliaWorld;
    beforeAll(async () => {
      world = await cutOff('close', { closing: open });
      await world.live({ enough: (incident) => incident?.tasks['escanear'] !== undefined });
    }, 120_000);
    afterAll(async () => {
      for (const close of open.toReversed()) await close();
    });

    test('what is to be sent waits while the worker stands still, what is written is lost, and doctors are asked to write again [S5-ST-73] [S5-ST-74] [S5-DG-16]', async () => {
      await world.worker();
      expect([world.runs('worker'), world.ordered('worker')]).toEqual([false, ['stop']]);
      expect(await waiting(world)).toBe(3);
      expect(await world.evolution.written('Revoluna', 'dra-lia', 'oi')).toBe('lost');
      expect(world.julia.heard).toEqual([]);
      const said = told(world, '"medicos"');
      expect(said).toContain('temporariamente fora do ar');
      expect(said).toContain('Mensagens escritas agora não chegam: por favor, escreva de novo');
    });

    test('nothing goes out, nothing comes in, and for doctors she is away: that is what they hear [S5-DG-13] [S5-DG-14] [S5-DG-15]', async () => {
      const sent = await fetch(`${world.evolution.url}/message/sendText/Revoluna`, {
        method: 'POST',
        headers: { apikey: 'evolution-key' },
        body: JSON.stringify({ number: '1', text: 'oi' }),
      });
      expect(sent.ok).toBe(false);
      expect(await world.evolution.written('Revoluna', 'dra-lia', 'oi de novo')).toBe('lost');
      expect(told(world, '"medicos"')).toContain('não envia nem recebe');
    });
  });

  test('a restart, its webhook once more, and a message that went out and came back: then the worker, and the queue drains by itself [S5-ST-75] [S5-VE-17] [S5-ST-76]', async () => {
    const world = await cutOff('connecting');
    const life = await world.live({ meanwhile: () => world.worker() });
    const steps = (await incidentOf(life))?.steps ?? {};
    expect([steps['codigo']?.status, steps['teste']?.status, steps['fila']?.status]).toEqual(['skipped', 'done', 'done']);
    expect(steps['parar-worker']?.status).toBe('undone');
    expect(world.evolution.ledger).toEqual(['restart Revoluna', 'webhook Revoluna']);
    expect(world.evolution.instances.get('Revoluna')?.webhook).toMatchObject({ events: ['MESSAGES_UPSERT'], webhookByEvents: false });
    expect(world.julia.heard.map((one) => one.from)).toEqual(['numero-de-teste']);
    expect(world.ordered('worker')).toEqual(['stop', 'redeploy']);
    expect(await world.sql('select status from whatsapp_instances')).toEqual([{ status: 'ativa' }]);
    expect(world.told().some((line) => line.includes('a Julia voltou ao WhatsApp'))).toBe(true);
  });

  test('a session that is closed wants a code and a phone; a message that does not come back keeps the worker still', async () => {
    const world = await cutOff('close', { patience: 'of the story' });
    let scanned = false;
    await world.live({
      meanwhile: async (incident) => {
        if (!scanned && incident?.tasks['escanear'] !== undefined) {
          scanned = true;
          world.evolution.scan('Revoluna');
          world.services.api.live()?.instances.splice(0);
        }
        await world.worker();
      },
      enough: (incident) => incident?.tasks['teste'] !== undefined,
    });
    expect(world.runs('worker')).toBe(false);
    expect(await waiting(world)).toBe(3);
  });

  test('an instance that is lost is removed by two people, made anew, scanned, and its row in whatsapp_instances says that it is active; then what waited is sent, and the team hears it [S5-ST-64] [S5-ST-77] [S5-DG-17]', async () => {
    const world = await cutOff('close');
    let life: ExampleLife | null = null;
    const done = await world.live({
      begin: async (one) => {
        life = one;
        return one.commands.startRun(SOL, { runbook: 'evolution-down', inputs: {}, key: 'by-hand' });
      },
      who: COMMANDER,
      said: { conectou: { choice: 'perdida' } },
      meanwhile: async (incident) => {
        if (
          Object.keys(incident?.tasks ?? {}).some((id) => id.endsWith('escanear-nova')) &&
          world.evolution.instances.get('Revoluna')?.state === 'connecting'
        )
          world.evolution.scan('Revoluna');
        for (const [approval, { state, planHash }] of Object.entries(incident?.approvals ?? {}))
          if (state === 'open' && approval.includes('perda'))
            await life?.commands.approve(IVO, { incident: 'INC-1', approval, planHash, decision: 'grant', key: `ivo/${planHash}` });
        await world.worker();
      },
    });
    expect((await incidentOf(done))?.steps['voltou']?.status).toBe('done');
    expect(world.evolution.ledger).toEqual(['delete Revoluna', 'create Revoluna', 'webhook Revoluna']);
    expect(await waiting(world)).toBe(0);
    expect(told(world, '"#incidents"')).toContain('a Julia voltou ao WhatsApp');
    const [row] = await world.sql("select status, updated_at > now() - interval '1 minute' as fresh from whatsapp_instances");
    expect(row).toEqual({ status: 'ativa', fresh: true });
  });
});

describe('without Anthropic, behind the intake', () => {
  const SECRET = 'token-of-julia';
  const holding = async () => {
    const replies = await startReplies();
    closing.push(() => replies.close());
    databases += 1;
    const databaseUrl = await postgres.createDatabase(`held_${databases}`);
    const env = { APP_URL: replies.url, JULIA_INTAKE_TOKEN: SECRET };
    // Half a minute of silence is a fifth of a second here.
    const intakes = (loadExample('agente-julia', env).system?.intakes ?? []).map((one) => ({ ...one, timeoutMs: 200 }));
    let world: ExampleWorld | undefined;
    let life: Awaited<ReturnType<typeof liveHolding>>;
    const live = async (): Promise<void> => {
      life = await liveHolding({ databaseUrl, time: example().time, intakes, secret: SECRET });
      closing.push(life.close);
    };
    const example = (): ExampleWorld => world ?? expect.fail('it is not open');
    const store = new Proxy({}, { get: (_none, name) => Reflect.get(life.intake, name) }) as (typeof life)['intake'];
    world = await openExample('agente-julia', env, ['waiting'], { intake: store });
    closing.push(() => example().close());
    await live();
    await example().time.settle();
    const all = { intake: 'respostas', line: '' };
    return {
      ...{ replies, live, example },
      send: (...ids: readonly string[]) => Promise.all(ids.map((id) => life.send(id))),
      status: () => life.intake.status(all),
      breaker: async () => (await life.intake.breakers()).find((one) => one.intake === 'respostas')?.breaker,
      told: () => life.told,
      kill: () => life.kill(),
      /** Belay looks again and again until this is seen. */
      until: (isSo: () => boolean | Promise<boolean>) =>
        eventually(
          async () => {
            await example().time.pass(500);
            return isSo();
          },
          (so) => so,
          20_000,
        ),
    };
  };

  test('429, 503 and no answer open the breaker at the fifth in a row, not at the fourth; what comes then is kept at once and nobody is asked [S5-DG-20] [S5-DG-21]', async () => {
    const { replies, send, until, breaker, told, example } = await holding();
    const answers = [429, 503, 'silence', 503] as const;
    replies.answers((nth) => answers[nth - 1] ?? 429);
    expect(await send('1')).toEqual([200]);
    await until(async () => replies.asked.length === 4 && (await breaker())?.state === 'closed');
    expect(await breaker()).toMatchObject({ failures: 4 });
    await until(async () => (await breaker())?.state === 'open');
    expect(replies.asked.map(({ id, attempt }) => [id, attempt])).toEqual(['1', '2', '3', '4', '5'].map((attempt) => ['1', attempt]));
    expect(await send('2', '3')).toEqual([200, 200]);
    await example().time.leap(14 * MINUTE);
    expect([replies.asked.length, told().length]).toEqual([5, 1]);
    expect(told()[0]).toContain('the breaker is open, its receiver answered 429; the next try is in 15 min');
  });

  test('what waits has no try counted and is worked off a quarter of an hour later, in its order, each once, also when Belay and its database are killed meanwhile; its runbook begins [S5-DG-22]', async () => {
    const { replies, send, until, breaker, status, kill, live, example } = await holding();
    const incidents = await openIncidents(example());
    closing.push(async () => incidents.close());
    replies.answers(() => 503);
    await send('1');
    await until(async () => (await breaker())?.state === 'open');
    const opened = await breaker();
    for (const id of ['2', '3']) await send(id);
    for (let n = 0; n < 8; n += 1) await incidents.pass(MINUTE / 4);
    expect((await incidents.incidents()).map((one) => [one.trigger, one.runbook])).toEqual([['replies-stopped', 'llm-down']]);
    kill();
    await postgres.kill();
    await postgres.restart();
    await live();
    expect(await breaker()).toEqual(opened);
    await example().time.leap(12 * MINUTE);
    expect([replies.asked.length, await status()]).toEqual([5, expect.objectContaining({ waiting: 3, delivered: 0 })]);
    replies.answers(() => 202);
    await example().time.leap(MINUTE);
    await until(async () => (await status()).waiting === 0);
    expect(replies.taken).toEqual(['1', '2', '3']);
    // The one that failed before had its five tries; those that came later have had none.
    expect(replies.asked.slice(5).map(({ attempt }) => attempt)).toEqual(['6', '1', '1']);
    expect((await breaker())?.state).toBe('half-open');
    await example().time.leap(31_000);
    await until(async () => (await breaker())?.state === 'closed');
  });
});
