// Triggers in shadow: what Belay would have done is kept, once, and nothing else happens, however often it dies.
import { describe, expect, it } from 'vitest';
import { DurableDisk } from '../../src/adapters/virtual/durable-disk.ts';
import { createVirtualIncidentStore } from '../../src/adapters/virtual/incident-store.ts';
import { KillSwitch } from '../../src/adapters/virtual/kill-switch.ts';
import { createVirtualShadowStore } from '../../src/adapters/virtual/shadow-store.ts';
import { createVirtualSignalStore } from '../../src/adapters/virtual/signal-store.ts';
import { createVirtualTime } from '../../src/adapters/virtual/time.ts';
import type { ShadowDecision } from '../../src/domain/shadow.ts';
import type { System } from '../../src/domain/system.ts';
import { judgeShadows } from '../../src/flows/shadow.ts';
import { fakeTargetOn } from '../world/fakes/action.ts';
import { createFakeDigest } from '../world/fakes/digest.ts';
import { BAD_RELEASE, breach, breachOf, GOOD_RELEASE, outsideOf, SHOP, START, startLife, viewOf } from '../world/scenes/deploy.ts';
import { type Play, play } from '../world/scenes/play.ts';
import { deployRunbook } from '../world/scenes/runbook.ts';

const [RULE] = SHOP.triggers;
if (RULE === undefined) throw new Error('the shop has no trigger');
/** The trigger of the shop in shadow, and the same one armed beside it. */
const SHADOW: System = { ...SHOP, triggers: [{ ...RULE, mode: 'shadow' }] };
const BOTH: System = {
  ...SHOP,
  triggers: [
    { ...RULE, mode: 'shadow' },
    { ...RULE, id: 'armed-5xx' },
  ],
};

const HEALTHY = { status: 'ok', level: 'none', bad: 0, overLimit: false, episode: null } as const;
const episodeIn = (scope: string): string => `http-5xx/${scope}/${START}`;
/** Everybody in breach, each in its own episode. */
const everybody = () => SHOP.organizations.map(({ id }) => viewOf(id, START, { episode: episodeIn(id) }));

async function expectNothingElse({ disk, clock }: Pick<Play, 'disk' | 'clock'>): Promise<void> {
  expect(await createVirtualIncidentStore({ disk, digest: createFakeDigest(), time: clock }).list()).toEqual([]);
  expect(outsideOf(disk).mailbox).toEqual([]);
  expect([fakeTargetOn(disk, 'shop', BAD_RELEASE).effects, fakeTargetOn(disk, 'freeze', 'open').effects]).toEqual([[], []]);
  expect(await createVirtualSignalStore({ disk }).unanswered()).toEqual([]);
}

const keptOn = (disk: DurableDisk): Promise<readonly ShadowDecision[]> => createVirtualShadowStore({ disk }).decisions({});
const answersOf = (one: ShadowDecision | undefined) => Object.fromEntries((one?.guards ?? []).map(({ guard, answer }) => [guard, answer]));

describe('a breach of a trigger in shadow', () => {
  it('leaves no incident, no message and no act, and one decision that says what would have run as if it were armed', async () => {
    const one = await play({ system: SHADOW });
    await breach(one.disk, breachOf('acme', START));
    await one.clock.advance(60_000);
    await expectNothingElse(one);
    const kept = await keptOn(one.disk);
    expect(kept).toHaveLength(1);
    expect(kept[0]).toMatchObject({
      episode: episodeIn('acme'),
      to: 'breached',
      locality: 'global',
      runbook: 'deploy-rollback',
      choice: 'act',
      reason: '',
      joins: null,
    });
    expect(kept[0]?.guards.find(({ guard }) => guard === 'G9')).toMatchObject({ answer: 'pass', facts: { mode: 'armed', start: 'auto' } });
    expect(kept[0]?.changes.map(({ step, target, to }) => [step, target, to])).toEqual([
      ['freeze', 'freeze:shop', 'frozen'],
      ['switch', 'target:shop', GOOD_RELEASE],
    ]);
    expect(one.trouble).toEqual([]);
  });

  it('would ask, with the guard that stands in the way, when nothing was deployed lately or the runbook asks', async () => {
    const late = await play({ system: SHADOW });
    late.shop.changedAt = START - 7 * 3_600_000;
    await breach(late.disk, breachOf('acme', START));
    await late.clock.advance(5_000);
    expect((await keptOn(late.disk))[0]).toMatchObject({ choice: 'ask', reason: 'guard G2' });
    const asks = await play({ system: SHADOW, runbook: deployRunbook({ start: 'ask' }) });
    await breach(asks.disk, breachOf('acme', START));
    await asks.clock.advance(5_000);
    expect((await keptOn(asks.disk))[0]).toMatchObject({ choice: 'ask', reason: 'the runbook asks' });
  });

  it('would be refused where the runbook says never, and ask where no runbook is written for it', async () => {
    const require = [{ id: 'healthy-before', text: '', probe: 'http', with: { url: 'http://shop/' }, expect: 'ok == tried' }];
    const refused = await play({ system: SHADOW, runbook: deployRunbook({ require }) });
    await breach(refused.disk, breachOf('acme', START));
    await refused.clock.advance(5_000);
    expect((await keptOn(refused.disk))[0]).toMatchObject({ choice: 'refuse', reason: 'guard healthy-before' });
    const none = await play({ system: SHADOW, runbook: deployRunbook({ triggers: [] }) });
    await breach(none.disk, breachOf('acme', START));
    await none.clock.advance(5_000);
    expect((await keptOn(none.disk))[0]).toMatchObject({ choice: 'ask', reason: 'no runbook', runbook: null, guards: [] });
  });

  it('is decided for an announced suspicion too, and for neither a quiet one nor a clear', async () => {
    const one = await play({ system: SHADOW });
    const suspect = breachOf('acme', START, { from: 'ok', to: 'suspect', announced: true });
    await breach(one.disk, { ...suspect, announced: false, at: START - 1_000 });
    await breach(one.disk, suspect);
    await breach(one.disk, breachOf('acme', START + 1_000));
    await breach(one.disk, breachOf('acme', START + 2_000, { from: 'breached', to: 'cleared' }));
    await one.clock.advance(5_000);
    await expectNothingElse(one);
    expect((await keptOn(one.disk)).map(({ to, at }) => [to, at])).toEqual([
      ['suspect', START],
      ['breached', START + 1_000],
    ]);
  });

  it('of everybody at once is one rollback that would have been: the others join it, and are not planned again', async () => {
    const one = await play({ system: SHADOW, views: everybody });
    for (const { id } of SHOP.organizations) await breach(one.disk, breachOf(id, START));
    await one.clock.advance(5_000);
    expect((await keptOn(one.disk)).map(({ scope, choice, joins, guards }) => [scope, choice, joins, guards.length])).toEqual([
      ['acme', 'act', null, 10],
      ['globex', 'act', episodeIn('acme'), 0],
      ['initech', 'act', episodeIn('acme'), 0],
    ]);
  });

  it('counts what it would have rolled back a moment ago: within the rest of the loop guard it would ask', async () => {
    const one = await play({ system: SHADOW });
    await breach(one.disk, breachOf('acme', START));
    await one.clock.advance(60_000);
    await breach(one.disk, breachOf('acme', START + 60_000, { episode: 'http-5xx/acme/2' }));
    await one.clock.advance(5_000);
    const [, second] = await keptOn(one.disk);
    expect([second?.choice, second?.reason, answersOf(second)['G7']]).toEqual(['ask', 'guard G7', 'fail']);
  });

  it('waits for the end of a silence as an armed one would, and is not judged when it has cleared by then', async () => {
    const one = await play({ system: SHADOW });
    const until = START + 30_000;
    await one.commands.silence({ person: 'ana', roles: ['commander'] }, { trigger: null, org: null, until, reason: 'x', key: 'k' });
    await breach(one.disk, breachOf('acme', START));
    await breach(one.disk, breachOf('globex', START));
    await breach(one.disk, breachOf('globex', START + 5_000, { from: 'breached', to: 'cleared' }));
    await one.clock.advance(20_000);
    expect(await keptOn(one.disk)).toEqual([]);
    await one.clock.advance(20_000);
    expect((await keptOn(one.disk)).map(({ scope, judgedAt }) => [scope, judgedAt >= until])).toEqual([['acme', true]]);
    await expectNothingElse(one);
  });
});

describe('what fails while judging', () => {
  const require = [{ id: 'looks-well', text: '', probe: 'http', with: { url: 'http://shop/' }, expect: 'ok < tried' }];

  it.each([
    ['fails with a bug', () => Promise.reject(new TypeError('no such field'))],
    ['never answers', () => new Promise<never>(() => undefined)],
  ])('a probe that %s makes its guard inconclusive', async (_how, measure) => {
    const one = await play({ system: SHADOW, runbook: deployRunbook({ require }) });
    one.wrapProbe(() => ({ measure }));
    await breach(one.disk, breachOf('acme', START));
    await one.clock.advance(10_000);
    const [kept] = await keptOn(one.disk);
    expect([kept?.choice, kept?.reason, answersOf(kept)['looks-well']]).toEqual(['ask', 'guard looks-well', 'inconclusive']);
    expect((kept?.judgedAt ?? Infinity) - START).toBeLessThan(10_000);
    expect(one.trouble).toEqual([]);
    await expectNothingElse(one);
  });

  it('a target that does not answer makes the guard of the change fail, and the plan unknown', async () => {
    const one = await play({ system: SHADOW });
    one.wrapAction('deploy.rollback', () => ({
      observe: () => new Promise(() => undefined),
      lastChange: () => new Promise(() => undefined),
    }));
    await breach(one.disk, breachOf('acme', START));
    await one.clock.advance(30_000);
    const [kept] = await keptOn(one.disk);
    expect([kept?.choice, kept?.reason, answersOf(kept)['G2']]).toEqual(['ask', 'guard G2', 'fail']);
    await expectNothingElse(one);
  });

  it('an armed trigger is answered while one in shadow waits for a probe that hangs', async () => {
    const runbook = deployRunbook({ require });
    const armed = deployRunbook({ id: 'armed', triggers: ['armed-5xx'], start: 'ask' });
    const one = await play({ system: BOTH, runbook, orgRunbook: armed });
    one.wrapProbe(() => ({ measure: () => new Promise<never>(() => undefined) }));
    await breach(one.disk, breachOf('acme', START));
    await one.clock.advance(1_000);
    await breach(one.disk, breachOf('acme', START + 1_000, { trigger: 'armed-5xx', episode: 'armed-5xx/acme/1' }));
    await one.clock.advance(2_000);
    expect(await keptOn(one.disk)).toEqual([]);
    expect(await one.incident()).toMatchObject({ trigger: 'armed-5xx', runbook: 'armed' });
  });

  it('a bug is told once, and its transition does not come back for ever', async () => {
    const one = await play({ system: SHADOW });
    Object.assign(one.world.readings, { health: () => Promise.reject(new TypeError('broken')) });
    await breach(one.disk, breachOf('acme', START));
    await one.clock.advance(5_000);
    expect(await keptOn(one.disk)).toMatchObject([{ choice: 'ask', reason: 'could not be judged: broken' }]);
    expect(one.trouble).toHaveLength(1);
    await expectNothingElse(one);
  });

  it('an organization that belay.yaml does not name would have been asked about', async () => {
    const orgRunbook = deployRunbook({ id: 'org-rollback', inputs: { org: { type: 'org', required: true } } });
    const views = () => [viewOf('(other)', START), viewOf('acme', START, HEALTHY)];
    const one = await play({ system: SHADOW, orgRunbook, views });
    await breach(one.disk, breachOf('(other)', START));
    await one.clock.advance(5_000);
    const reason = expect.stringMatching(/^no plan: there is no organization/) as string;
    expect(await keptOn(one.disk)).toMatchObject([{ choice: 'ask', runbook: 'org-rollback', reason }]);
  });

  it('nothing is kept by a Belay that ends meanwhile: the next one judges it', async () => {
    const one = await play({ system: SHADOW, runbook: deployRunbook({ require }) });
    one.kill.kill();
    const leaving = new AbortController();
    const world = {
      ...(await play({ disk: new DurableDisk(), clock: one.clock, system: SHADOW, runbook: deployRunbook({ require }) })).world,
    };
    const hanging = {
      ...world,
      probes: { http: { ...world.probes['http'], measure: () => new Promise(() => undefined) } },
    } as typeof world;
    await hanging.signals.commit({ slots: [], series: [], states: [], transitions: [breachOf('acme', START)] });
    const turn = judgeShadows(hanging, leaving.signal);
    await one.clock.advance(100);
    leaving.abort();
    expect(await turn).toBe(0);
    expect([await hanging.shadows.decisions({}), (await hanging.signals.unanswered()).length]).toEqual([[], 1]);
  });
});

describe('kill -9', () => {
  /** Two organizations break and one clears: a life that dies is followed by another. */
  async function story(armedAt: number | null) {
    const disk = new DurableDisk();
    const clock = createVirtualTime(START, 7);
    for (const org of ['acme', 'globex']) await breach(disk, breachOf(org, START));
    await breach(disk, breachOf('globex', START + 1_000, { from: 'breached', to: 'cleared' }));
    const kill = new KillSwitch(armedAt);
    void startLife({ disk, clock, kill, system: SHADOW, views: everybody });
    await clock.advance(5_000);
    if (kill.dead) {
      void startLife({ disk, clock, system: SHADOW, views: everybody });
      await clock.advance(5_000);
    }
    const kept = (await keptOn(disk)).map(({ judgedAt: _when, guards, ...rest }) => ({ ...rest, guards: guards.map((one) => one.answer) }));
    return { disk, clock, kill, kept };
  }

  it('at every boundary leaves the same decisions, each once, and nothing else', async () => {
    const calm = await story(null);
    expect(calm.kept.map(({ scope, choice }) => [scope, choice])).toEqual([
      ['acme', 'act'],
      ['globex', 'act'],
    ]);
    expect(calm.kill.passed).toEqual(expect.arrayContaining(['store:shadow:before', 'store:shadow:after', 'store:answered:after']));
    for (let boundary = 1; boundary <= calm.kill.count; boundary += 1) {
      const ended = await story(boundary);
      expect(ended.kept, `killed at boundary ${boundary} (${calm.kill.passed[boundary - 1]})`).toEqual(calm.kept);
      await expectNothingElse(ended);
    }
  });
});
