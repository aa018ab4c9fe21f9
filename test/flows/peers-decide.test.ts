// Cases in which other tools decide or act wrongly: by the order in which alerts come, over a migration, again and again, unwatched, or
// without knowing. What Belay does in each, from the breach to its effects, over the fakes and in virtual time.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DurableDisk } from '../../src/adapters/virtual/durable-disk.ts';
import { KillSwitch } from '../../src/adapters/virtual/kill-switch.ts';
import { createVirtualTime, type VirtualTime } from '../../src/adapters/virtual/time.ts';
import type { Incident } from '../../src/domain/incident.ts';
import type { System } from '../../src/domain/system.ts';
import type { TriggerView } from '../../src/domain/trigger.ts';
import { deployActions } from '../../src/flows/actions/deploy.ts';
import { createCommands } from '../../src/flows/commands.ts';
import { listSilences } from '../../src/flows/silences.ts';
import { marksOf } from '../../src/server/marks.ts';
import { type FakeTarget, fakeTargetOn, moveTarget } from '../world/fakes/action.ts';
import {
  BAD_RELEASE,
  breach,
  breachOf,
  GOOD_RELEASE,
  type Life,
  outsideOf,
  SHOP,
  START,
  startLife,
  viewOf,
} from '../world/scenes/deploy.ts';
import { ANA, asks, play, runbookOf, withStep } from '../world/scenes/play.ts';
import { deployRunbook } from '../world/scenes/runbook.ts';

const MINUTE = 60_000;
const HEALTHY = { status: 'ok', level: 'none', bad: 0, overLimit: false } as const;
const ASKING_ORG = deployRunbook({ id: 'org-rollback', start: 'ask', inputs: { org: { type: 'org', required: true } } });
const BLIND = { known: false as const, why: 'no answer' };

const orgs = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `org-${index}`);
const shopOf = (ids: readonly string[]): System => ({
  ...SHOP,
  organizations: ids.map((id) => ({ id, name: id.toUpperCase(), lang: 'en', zone: 'UTC' })),
});
const viewsOf = (ids: readonly string[], hit: ReadonlySet<string>, at: number): readonly TriggerView[] =>
  ids.map((id) => viewOf(id, at, hit.has(id) ? {} : HEALTHY));

const incidentsOf = ({ world }: Life): Promise<readonly Incident[]> => world.incidents.list({ limit: 100 });

describe('who is told', () => {
  test('D9: every organization of a group is told of within two seconds of its own breach, also one whose breach is over at once', async () => {
    const [disk, clock, ids] = [new DurableDisk(), createVirtualTime(START, 3), orgs(60)];
    const hit = new Set<string>();
    const views = () => viewsOf(ids, hit, clock.now());
    await startLife({ disk, clock, system: shopOf(ids), views, orgRunbook: ASKING_ORG });
    for (const [index, org] of ids.slice(0, 11).entries()) {
      hit.add(org);
      const at = clock.now();
      const episode = `http-5xx/${org}/${at}`;
      await breach(disk, breachOf(org, at, { episode }));
      // Shorter than any interval of a group.
      if (index === 10) await breach(disk, breachOf(org, at + 1, { episode, from: 'breached', to: 'cleared' }));
      await clock.advance(2_000);
      const told = new Set(outsideOf(disk).mailbox.map((one) => one.id.split('/')[0]));
      expect(told.size, `after ${org}`).toBe(index + 1);
    }
  });
});

describe('one organization or everybody', () => {
  /** They break in one moment; that they did is told in any order, one after the other or at once. */
  const arrivals = (hit: readonly string[]) =>
    fc.record({
      order: fc.shuffledSubarray([...hit], { minLength: hit.length, maxLength: hit.length }),
      gapsMs: fc.array(fc.constantFrom(0, 0, 200, 700, 1_500), { minLength: hit.length, maxLength: hit.length }),
      seed: fc.nat(1_000),
    });

  async function told(
    ids: readonly string[],
    o: { readonly order: readonly string[]; readonly gapsMs: readonly number[]; readonly seed: number },
  ) {
    const [disk, clock] = [new DurableDisk(), createVirtualTime(START, o.seed)];
    const hit = new Set(o.order);
    const views = () => viewsOf(ids, hit, clock.now());
    const life = await startLife({ disk, clock, system: shopOf(ids), views, orgRunbook: ASKING_ORG });
    for (const [index, org] of o.order.entries()) {
      await breach(disk, breachOf(org, START, { episode: `http-5xx/${org}/${START}` }));
      await clock.advance(o.gapsMs[index] ?? 0);
    }
    await clock.advance(2 * MINUTE);
    const incidents = await incidentsOf(life);
    return {
      scopes: incidents.map((one) => (one.scope.orgs === 'all' ? 'all' : one.scope.orgs.join())).toSorted(),
      effects: fakeTargetOn(disk, 'shop', BAD_RELEASE).effects.map((effect) => effect.to),
    };
  }

  test('D16: a breach of six of twenty is one incident of everybody and one rollback, in whatever order it is told', async () => {
    const ids = orgs(20);
    await fc.assert(
      fc.asyncProperty(arrivals(ids.slice(3, 9)), async (o) => {
        expect(await told(ids, o)).toEqual({ scopes: ['all'], effects: [GOOD_RELEASE] });
      }),
      { numRuns: 40 },
    );
  }, 60_000);

  test('D16: a breach of three of twenty is three incidents and no rollback of everybody, in whatever order it is told', async () => {
    const ids = orgs(20);
    await fc.assert(
      fc.asyncProperty(arrivals(['org-2', 'org-7', 'org-11']), async (o) => {
        expect(await told(ids, o)).toEqual({ scopes: ['org-11', 'org-2', 'org-7'], effects: [] });
      }),
      { numRuns: 40 },
    );
  }, 60_000);
});

const guardOf = (made: { readonly guards: readonly { readonly guard: string }[] } | undefined, id: string) =>
  made?.guards.find((one) => one.guard === id);

describe('a rollback that makes it worse', () => {
  test('D18: over a migration that cannot be taken back Belay does not act: guard G2 says so, and people are asked', async () => {
    const one = await play();
    const shop = one.world.targets['shop'];
    if (shop === undefined) throw new Error('no target');
    shop.restorable = async (ref) => (ref === GOOD_RELEASE ? { ok: false, why: 'one-way' } : { ok: true, artefact: ref });
    const [rollback] = deployActions(one.world.targets);
    one.wrapAction('deploy.rollback', () => ({ impossible: (args) => (rollback as NonNullable<typeof rollback>).impossible(args) }));
    await breach(one.disk, breachOf('acme', START));
    await one.until(asks);
    await one.clock.advance(30 * MINUTE);
    const [made] = await one.all('decision.made');
    expect(made).toMatchObject({ choice: 'ask', reason: 'guard G2' });
    expect(guardOf(made, 'G2')).toMatchObject({ answer: 'fail', reason: 'G2.not-restorable' });
    expect(JSON.stringify(guardOf(made, 'G2'))).toContain('a later release that has run says that nothing before it can run any more');
    expect([...one.shop.effects, ...one.freeze.effects]).toEqual([]);
    // And once more when the clock ran out while nobody answered.
    expect(outsideOf(one.disk).mailbox.map((mail) => mail.plain.split('\n')[0])).toEqual([
      'INC-1 (P1) waits for you',
      'INC-1 (P1): clock mitigate has run out',
    ]);
  });
});

describe('a loop of rollbacks', () => {
  const withoutFreeze = runbookOf((steps) => steps.filter((step) => step.id !== 'freeze'));

  /** Somebody puts the bad release back, and it breaks again. */
  async function deployed(
    o: { readonly disk: DurableDisk; readonly clock: VirtualTime; readonly shop: FakeTarget },
    release: string,
  ): Promise<void> {
    moveTarget(o.shop, release);
    o.shop.changedAt = o.clock.now();
    const at = o.clock.now() + 1_000;
    await breach(o.disk, breachOf('acme', at, { episode: `http-5xx/acme/${at}` }));
    await o.clock.advance(5 * MINUTE);
  }
  const byBelay = (shop: FakeTarget): readonly string[] =>
    shop.effects.filter((effect) => effect.by === 'belay').map((effect) => effect.to);

  test('D19: a deployer that puts the bad release back again and again is rolled back three times a day, and then people are asked', async () => {
    const one = await play({ runbook: withoutFreeze });
    await breach(one.disk, breachOf('acme', START));
    await one.clock.advance(5 * MINUTE);
    expect(byBelay(one.shop)).toEqual([GOOD_RELEASE]);
    for (let round = 2; round <= 6; round += 1) {
      await one.clock.advance(40 * MINUTE);
      await deployed(one, BAD_RELEASE);
      expect(byBelay(one.shop), `round ${round}`).toHaveLength(Math.min(3, round));
      // Whoever asks has an open question: the next breach joins it.
      if (round > 3) break;
    }
    const last = (await one.world.incidents.list()).find(asks);
    const [made] = (await one.world.incidents.events(last?.id ?? '')).flatMap((event) =>
      event.type === 'decision.made' ? [event.data] : [],
    );
    expect(made).toMatchObject({ choice: 'ask', reason: 'guard G7' });
    expect(guardOf(made, 'G7')).toMatchObject({ answer: 'fail', reason: 'G7.too-many-today' });
  });

  test('D19: a breach in the half hour after a rollback asks, and so does one that would go back to what a rollback left', async () => {
    const [disk, clock] = [new DurableDisk(), createVirtualTime(START, 3)];
    const one = await play({ disk, clock, runbook: withoutFreeze });
    await breach(disk, breachOf('acme', START));
    await clock.advance(5 * MINUTE);
    await deployed(one, BAD_RELEASE);
    const [soon] = (await one.world.incidents.events('INC-2')).flatMap((event) => (event.type === 'decision.made' ? [event.data] : []));
    expect(soon).toMatchObject({ choice: 'ask', reason: 'guard G7' });
    expect(guardOf(soon, 'G7')).toMatchObject({ reason: 'G7.cooling-down' });
    await one.commands.cancel(ANA, { incident: 'INC-2', reason: 'seen', key: 'c' });
    one.kill.kill();

    const there = withStep('switch', { with: { target: 'shop', to: BAD_RELEASE } });
    const steps = there.phases.map((phase) => ({ ...phase, steps: phase.steps.filter((step) => step.id !== 'freeze') }));
    const next = await play({ disk, clock, kill: new KillSwitch(), runbook: { ...there, phases: steps } });
    await clock.advance(40 * MINUTE);
    await deployed(next, GOOD_RELEASE);
    const [back] = (await next.world.incidents.events('INC-3')).flatMap((event) => (event.type === 'decision.made' ? [event.data] : []));
    expect(back).toMatchObject({ choice: 'ask', reason: 'guard G7' });
    expect(guardOf(back, 'G7')).toMatchObject({ reason: 'G7.back-to-what-was-left' });
    expect(byBelay(next.shop)).toEqual([GOOD_RELEASE]);
  });
});

describe('somebody watches', () => {
  test('D20: a breach after the rollback is seen by its watch: the incident is open again, people are asked, and nothing is rolled back twice', async () => {
    const one = await play();
    await breach(one.disk, breachOf('acme', START));
    await one.until((incident) => incident.phase === 'watching');
    await one.clock.advance(4_000);
    one.wrapProbe(() => ({
      measure: async () => ({ known: true, values: { status: 500, ok: 4, tried: 10, latencyMs: 1, found: false } }),
    }));
    const broke = one.clock.now();
    await one.until((incident) => incident.tasks['watch'] !== undefined);
    expect(one.clock.now() - broke).toBeLessThanOrEqual(2_000);
    expect((await one.incident()).phase).toBe('responding');
    await one.clock.advance(30 * MINUTE);
    expect(one.shop.effects.map((effect) => effect.to)).toEqual([GOOD_RELEASE]);
    expect(outsideOf(one.disk).mailbox.filter((mail) => mail.plain.includes('Belay asks for an answer'))).toHaveLength(1);
  });

  test('D20: a breach fifty minutes after a deploy that nobody watches is rolled back, and the deploy stands beside the signal as a mark', async () => {
    const one = await play();
    const deployedAt = START - 50 * MINUTE;
    one.shop.changedAt = deployedAt;
    const span = { from: START - 60 * MINUTE, to: START };
    const { marks } = await marksOf(one.world, { trigger: 'http-5xx', org: '', ...span });
    expect(marks).toEqual([{ at: deployedAt, what: 'change', label: `shop: ${GOOD_RELEASE} → ${BAD_RELEASE}` }]);
    await breach(one.disk, breachOf('acme', START));
    await one.until((incident) => incident.phase === 'resolved');
    expect(one.shop.effects.map((effect) => effect.to)).toEqual([GOOD_RELEASE]);
  });
});

describe('what is not known', () => {
  test('D21: evidence that cannot be had now makes Belay pause and ask: nothing is acted on, and nothing is given up', async () => {
    const views = () => ['acme', 'globex', 'initech'].map((org) => viewOf(org, START, { unknown: true }));
    const one = await play({ views });
    await breach(one.disk, breachOf('acme', START));
    await one.until(asks);
    await one.clock.advance(30 * MINUTE);
    const [made] = await one.all('decision.made');
    expect(made).toMatchObject({ choice: 'ask', reason: 'guard G1' });
    expect(guardOf(made, 'G1')).toMatchObject({ answer: 'inconclusive' });
    expect([...one.shop.effects, ...one.freeze.effects]).toEqual([]);
    expect(asks(await one.incident())).toBe(true);
    expect(await one.all('run.finished')).toEqual([]);
  });

  test('D21: a check that nobody answers after the act makes the run wait for people: it takes nothing back and acts no second time', async () => {
    const one = await play();
    one.wrapProbe(() => ({ measure: async () => BLIND }));
    await breach(one.disk, breachOf('acme', START));
    await one.until((incident) => incident.tasks['answers'] !== undefined);
    await one.clock.advance(30 * MINUTE);
    expect((await one.all('check.recorded')).map((check) => check.result)).toEqual(['inconclusive']);
    expect((await one.incident()).phase).toBe('responding');
    expect(one.shop.effects.map((effect) => effect.to)).toEqual([GOOD_RELEASE]);
    expect(await one.all('run.finished')).toEqual([]);
  });
});

describe('a silence that was ended', () => {
  test('D22: silences nothing any more and is in no list, also after kill -9 in the moment of its end', async () => {
    const [disk, clock] = [new DurableDisk(), createVirtualTime(START, 3)];
    const first = await startLife({ disk, clock });
    const before = createCommands(first.world);
    const window = { trigger: 'http-5xx', org: null, until: START + 24 * 60 * MINUTE, reason: 'load test', key: 'window' };
    const { id } = await before.silence(ANA, window);
    await breach(disk, breachOf('acme', START + 1_000));
    await clock.advance(10_000);
    expect(await incidentsOf(first)).toEqual([]);
    await before.endSilence(ANA, { id });
    first.kill.kill();

    const next = await startLife({ disk, clock });
    expect(await listSilences(next.world)).toEqual([]);
    await clock.advance(1_000);
    expect((await incidentsOf(next)).map((one) => one.id)).toEqual(['INC-1']);
  });
});
