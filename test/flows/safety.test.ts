// The verdict on a way back, from the facts of a database: each answer by its rule, and what follows for people who decide.
import { describe, expect, it } from 'vitest';
import { createVirtualDeployTarget } from '../../src/adapters/virtual/deploy-target.ts';
import type { DoStep, OnFail } from '../../src/domain/ir.ts';
import { ownSteps } from '../../src/domain/ir.ts';
import type { PlanStep } from '../../src/domain/plan.ts';
import { type DatabaseFacts, judgeDatabase, takenBack, tenfold, VERDICTS, worstVerdict } from '../../src/domain/rollback-safety.ts';
import { classify } from '../../src/domain/sql-classifier.ts';
import type { Judgement } from '../../src/domain/sql-judgement.ts';
import { safetyLines, verdictText } from '../../src/domain/text/safety-texts.ts';
import { makePlan } from '../../src/flows/plan.ts';
import { judgeSafety } from '../../src/flows/safety.ts';
import type { PinnedRunbook, World } from '../../src/flows/world.ts';
import { createFakeDatabase } from '../world/fakes/database.ts';
import { BAD_RELEASE, breach, breachOf, GOOD_RELEASE, START } from '../world/scenes/deploy.ts';
import { ANA, asks, EVE, openApproval, play } from '../world/scenes/play.ts';

const judged = (compat: Judgement['compat'], undo: Judgement['undo']): Judgement => ({
  compat,
  undo,
  findings: [{ family: 'rename', compat, undo, object: 't.c' }],
  drops: [],
});
const migration = (id: string, reversible = true) => ({ id, up: '', down: '', reversible });
const facts = (o: Partial<DatabaseFacts>): DatabaseFacts => ({
  database: 'crm',
  release: 'v1',
  applied: ['1_a', '2_b'],
  knownThere: [{ id: '1_a' }],
  known: [migration('1_a'), migration('2_b')],
  boot: 'unknown',
  revert: [],
  later: [],
  judged: new Map([['2_b', { up: judged('breaks', 'lossless'), down: judged('ok', 'lossless') }]]),
  losses: [],
  appliedThere: o.applied ?? ['1_a', '2_b'],
  ...o,
});
const ups = (up: Judgement | null, down: Judgement | null = judged('ok', 'lossless')) => ({ judged: new Map([['2_b', { up, down }]]) });
const whys = (o: Partial<DatabaseFacts>): readonly string[] => judgeDatabase(facts(o)).reasons.map((one) => one.why);
const verdict = (o: Partial<DatabaseFacts>): string => judgeDatabase(facts(o)).verdict;

describe('the verdict', () => {
  it('is code alone where the release knows everything, or can run with the rest', () => {
    expect(verdict({ knownThere: [{ id: '1_a' }, { id: '2_b' }] })).toBe('code-only');
    expect(verdict(ups(judged('ok', 'loses-new')))).toBe('code-only');
    expect(whys(ups(judged('ok', 'loses-new')))).toEqual(['ahead', 'runs-on-new']);
  });

  it('asks where the code would stand before a schema that it may not know, whatever its tool says at the start', () => {
    expect(whys({})).toEqual(['ahead', 'breaks', 'not-taken-back']);
    expect(whys(ups(judged('maybe', 'lossless')))).toEqual(['ahead', 'may-break', 'not-taken-back']);
    expect(whys({ ...ups(judged('ok', 'lossless')), boot: 'refuses' })).toEqual(['ahead', 'refuses-boot', 'not-taken-back']);
    expect(whys({ boot: 'starts-blindly' })).toEqual(['ahead', 'breaks', 'boots-blindly', 'not-taken-back']);
    for (const boot of ['refuses', 'starts-blindly', 'unknown'] as const) expect(verdict({ boot })).toBe('down-lossy');
  });

  it('goes by what is lost where the database is taken back first', () => {
    const revert = ['2_b'];
    expect(verdict({ revert })).toBe('down-lossless');
    const loss = (count: number | null) => ({ losses: [{ database: 'crm', object: 't.c', count }] });
    expect(verdict({ revert, ...loss(0) })).toBe('down-lossless');
    expect(verdict({ revert, ...loss(7) })).toBe('down-lossy');
    expect(verdict({ revert, ...loss(null) })).toBe('down-lossy');
    expect(verdict({ revert, ...ups(judged('breaks', 'lossless'), judged('maybe', 'gone')) })).toBe('down-lossy');
    expect(verdict({ revert, ...ups(judged('breaks', 'gone')) })).toBe('restore');
    expect(verdict({ revert, known: [migration('1_a'), migration('2_b', false)] })).toBe('roll-forward-only');
  });

  it('is no where the release needs what the database has lost already, or would lose by a step that goes one too far', () => {
    const needs = { knownThere: [{ id: '1_a' }, { id: '2_b' }] };
    const lost = { ...needs, applied: ['1_a'] };
    expect(verdict(lost)).toBe('roll-forward-only');
    expect(judgeDatabase(facts(lost)).reasons).toEqual([{ why: 'lacking', database: 'crm', ids: ['2_b'], release: 'v1' }]);
    expect(verdict({ ...needs, revert: ['2_b'] })).toBe('roll-forward-only');
    expect(whys({ ...needs, revert: ['2_b'] })).toEqual(['lacking', 'taken-back']);
    expect(whys({ knownThere: [{ id: '0_z' }, { id: '1_a' }] })).toEqual(['ahead', 'lacking', 'breaks', 'not-taken-back']);
    expect(verdict({ knownThere: null, release: null, applied: ['1_a'] })).not.toBe('roll-forward-only');
    expect(safetyLines(judgeDatabase(facts(lost)), 'en')).toEqual(['crm: v1 needs 2_b, which the database would not have']);
    expect(safetyLines(judgeDatabase(facts(lost)), 'pt-BR')).toEqual(['crm: v1 precisa de 2_b, que o banco não teria']);
  });

  it('is no milder where a step takes back a part alone: what would have to go as well counts, with its loss', () => {
    const partly = {
      applied: ['1_a', '2_b', '3_c'],
      known: [migration('1_a'), migration('2_b', false), migration('3_c')],
      revert: ['3_c'],
      judged: new Map([
        ['2_b', { up: judged('breaks', 'gone'), down: judged('ok', 'lossless') }],
        ['3_c', { up: judged('ok', 'lossless'), down: judged('ok', 'lossless') }],
      ]),
    };
    expect(verdict(partly)).toBe('roll-forward-only');
    expect(verdict({ ...partly, revert: [] })).toBe('roll-forward-only');
    expect(verdict({ ...partly, known: [migration('2_b'), migration('3_c')] })).toBe('restore');
    expect(takenBack(facts(partly))).toEqual(['3_c', '2_b']);
    const fine = new Map([...partly.judged, ['2_b', { up: judged('ok', 'loses-new'), down: judged('ok', 'lossless') }] as const]);
    expect(takenBack(facts({ ...partly, judged: fine }))).toEqual(['3_c']);
    expect(verdict({ ...partly, judged: fine })).toBe('down-lossless');
  });

  it('takes what cannot be read for the worst that it may be', () => {
    expect(verdict({ revert: ['2_b'], ...ups(null) })).toBe('restore');
    expect(verdict({ revert: ['2_b'], ...ups(judged('ok', 'lossless'), null) })).toBe('restore');
    expect(verdict({ revert: ['2_b'], judged: new Map() })).toBe('restore');
    expect(verdict({ ...ups(classify(null)) })).toBe('restore');
    expect(worstVerdict(['code-only', 'restore', 'down-lossy'])).toBe('restore');
  });

  it('says why a program is not known, where that is known, in both languages', () => {
    const why = 'its tool was not heard on scratch';
    const known = [migration('1_a'), { ...migration('2_b'), untold: why }];
    for (const safety of [judgeDatabase(facts({ known, ...ups(null) })), judgeDatabase(facts({ known, revert: ['2_b'], ...ups(null) }))]) {
      expect(safety.reasons).toContainEqual({ why: 'opaque', database: 'crm', ids: ['2_b'], said: why });
      for (const lang of ['en', 'pt-BR'] as const) expect(safetyLines(safety, lang).join('\n')).toContain(`(${why})`);
    }
  });

  it('counts in powers of ten, so that a plan is the same plan while rows come in', () => {
    expect([1, 10, 11, 100, 1_342, 1_343, 10_000].map(tenfold)).toEqual([10, 10, 100, 100, 10_000, 10_000, 10_000]);
  });

  it('has words in both languages for each answer and each reason', () => {
    const { reasons } = judgeDatabase(facts({ boot: 'starts-blindly', ...ups(null, null) }));
    for (const lang of ['en', 'pt-BR'] as const) {
      for (const one of VERDICTS) expect(verdictText(one, lang)).toMatch(/\w/);
      for (const line of safetyLines({ verdict: 'restore', reasons }, lang)) expect(line).toMatch(/^crm: .*(2_b|v1)/);
    }
  });
});

describe('a change that is taken back alone', () => {
  const known = { c1: ['1_a'], c2: ['1_a', '2_b'], c3: ['1_a', '2_b', '3_c'], c4: ['1_a', '2_b', '3_c'] };
  const judge = async (commit: string, applied: readonly string[] = known.c4) => {
    const crm = createFakeDatabase({ target: 'shop', known, applied });
    const releases = Object.keys(known).map((ref, at) => ({ ref, createdAt: at }));
    const step = {
      id: 'revert',
      kind: 'do',
      title: '',
      effect: 'change',
      action: 'deploy.revert',
      args: { target: 'shop', commit },
    } as const;
    return (await judgeSafety({ databases: { crm }, targets: { shop: createVirtualDeployTarget({ releases, now: () => 0 }) } }, [step]))
      ?.safety;
  };

  it('is judged by the migrations that it brought, although later ones stay', async () => {
    const safety = await judge('c2');
    expect(safety?.reasons).toContainEqual({ why: 'ahead', database: 'crm', ids: ['2_b'], release: 'revert(c2)' });
    expect(safety?.reasons.some(({ ids }) => ids?.includes('3_c') === true)).toBe(false);
    expect(safety?.verdict).not.toBe('code-only');
  });

  it('is code alone where it brought none, or none that the database has', async () => {
    const same = { verdict: 'code-only', reasons: [{ why: 'same-schema', database: 'crm', release: 'revert(c4)' }] };
    expect(await judge('c4')).toEqual(same);
    expect((await judge('c3', ['1_a', '2_b']))?.verdict).toBe('code-only');
  });

  it('that is built anew as a whole commit is judged as the release that it will be', async () => {
    const crm = createFakeDatabase({ target: 'shop', known: { ...known, 'commit-c2': known.c2 }, applied: known.c4 });
    const releases = Object.keys(known).map((ref, at) => ({ ref, createdAt: at }));
    const world = { databases: { crm }, targets: { shop: createVirtualDeployTarget({ releases, now: () => 0 }) } };
    const args = { target: 'shop', commit: 'c2' };
    const built = { id: 'anew', kind: 'do', title: '', effect: 'change', action: 'deploy.commit', args, desired: 'commit-c2' } as const;
    const safety = (await judgeSafety(world, [built]))?.safety;
    expect(safety?.reasons).toContainEqual({ why: 'ahead', database: 'crm', ids: ['3_c'], release: 'commit-c2' });
    expect(safety?.verdict).not.toBe('code-only');
    // A service that is made anew names no target: what it builds is judged as well, and only where it is built.
    const connect = { ...built, action: 'service.connect', args: { service: 'shop' }, desired: 'built from a repository' } as const;
    const on = (target: string) => judgeSafety(world, [{ ...connect, builds: [{ target, release: 'commit-c2' }] }]);
    expect(await on('shop')).toMatchObject({ safety: { verdict: safety?.verdict, reasons: safety?.reasons } });
    expect(await on('desk')).toBeNull();
  });

  it.each(['c1', 'gone'])('is the worst where nobody can tell what it brought (%s)', async (commit) => {
    expect(await judge(commit)).toMatchObject({ verdict: 'roll-forward-only', reasons: [{ why: 'unreadable' }] });
  });
});

describe('a plan with more than one step down', () => {
  const down = (to: string): PlanStep => ({ ...STEP, id: to, action: 'db.migrateDown', args: { database: 'crm', to, from: 'v2' } });
  const STEP = { id: 'switch', kind: 'do', title: '', effect: 'change' } as const;
  const SWITCH: PlanStep = { ...STEP, action: 'deploy.rollback', args: { target: 'shop', to: 'v1' } };
  const ALL = ['1_a', '2_b', '3_c'];
  const judgePast = async (past: readonly string[], ...steps: readonly PlanStep[]) => {
    const crm = createFakeDatabase({ target: 'shop', known: { v1: ['1_a', '2_b'], v2: ALL }, applied: ALL });
    const shop = { current: async () => ({ release: 'v2' }) } as unknown as World['targets'][string];
    return (await judgeSafety({ databases: { crm }, targets: { shop } }, steps, { past: new Set(past) }))?.safety;
  };
  const judge = (...steps: readonly PlanStep[]) => judgePast([], ...steps);
  const lost = { why: 'lacking', database: 'crm', ids: ['2_b'], release: 'v1' };

  it('is judged by where the steps before the switch end, in whichever order they stand', async () => {
    for (const steps of [
      [down('2_b'), down('1_a'), SWITCH],
      [down('1_a'), down('2_b'), SWITCH],
    ]) {
      const safety = await judge(...steps);
      expect(safety?.verdict).toBe('roll-forward-only');
      expect(safety?.reasons).toContainEqual(lost);
      expect(safety?.reasons).toContainEqual({ why: 'taken-back', database: 'crm', ids: ['2_b', '3_c'] });
    }
    expect((await judge(down('2_b'), SWITCH))?.reasons).not.toContainEqual(lost);
  });

  it('by what a release knows is judged by what that takes back', async () => {
    const keep = { ...down('down'), args: { database: 'crm', keep: 'v1', from: 'v2' } };
    const safety = await judge(keep, SWITCH);
    expect(safety?.reasons).toContainEqual({ why: 'taken-back', database: 'crm', ids: ['3_c'] });
    expect(safety?.reasons).not.toContainEqual(lost);
  });

  it('counts no step that comes after the switch as done before it, and what such a step loses and leaves lacking all the same', async () => {
    const both = await judge(down('2_b'), SWITCH, down('1_a'));
    expect(both?.reasons).toContainEqual({ why: 'taken-back', database: 'crm', ids: ['3_c'] });
    expect(both?.reasons).toContainEqual({ why: 'taken-later', database: 'crm', ids: ['2_b'] });
    expect(both).toMatchObject({ verdict: 'roll-forward-only', reasons: expect.arrayContaining([lost]) });
    expect((await judge(SWITCH, down('2_b')))?.reasons).toContainEqual({ why: 'not-taken-back', database: 'crm', ids: ['3_c'] });
  });

  it('asks the release that would be live what is applied: the one that is live may know less of it', async () => {
    const crm = createFakeDatabase({ target: 'shop', known: { v1: ALL, v2: ['1_a'] }, applied: ALL });
    const shop = { current: async () => ({ release: 'v2' }) } as unknown as World['targets'][string];
    // As Alembic does it: the newest one alone is written down.
    const applied = async (by: string) => (by === 'v1' ? ALL : ['1_a', '3_c']);
    const head = { ...crm, migrations: crm.migrations === null ? null : { ...crm.migrations, applied } };
    const judged = await judgeSafety({ databases: { crm: head }, targets: { shop } }, [SWITCH]);
    expect(judged?.safety).toEqual({ verdict: 'code-only', reasons: [{ why: 'same-schema', database: 'crm', release: 'v1' }] });
  });

  it('with a condition is judged both ways, and the worse one counts: as if it were skipped, and as if it were not', async () => {
    const sure = await judge(down('2_b'), SWITCH);
    const none = await judge(SWITCH);
    const maybe = { ...down('2_b'), when: 'impact.bad' };
    const either = await judge(maybe, SWITCH);
    expect([sure?.verdict, none?.verdict]).toEqual(['restore', 'restore']);
    expect(either?.reasons[0]).toEqual({ why: 'either-way', database: 'crm', ids: ['2_b'] });
    for (const reason of [...(sure?.reasons ?? []), ...(none?.reasons ?? [])]) expect(either?.reasons).toContainEqual(reason);
    // Taken, it goes one too far; skipped, it does not: the verdict is that of the one that goes too far.
    const far = await judge({ ...down('1_a'), when: 'impact.bad' }, SWITCH);
    expect(far).toMatchObject({ verdict: 'roll-forward-only', reasons: expect.arrayContaining([lost]) });
    // Skipped, the code would stand before what it does not know; taken, nothing is left to tell.
    expect((await judge({ ...down('2_b'), when: 'impact.bad' }, SWITCH))?.reasons).toContainEqual({
      why: 'not-taken-back',
      database: 'crm',
      ids: ['3_c'],
    });
    expect(sure?.reasons.map((one) => one.why)).not.toContain('not-taken-back');
    expect(safetyLines(either ?? { verdict: 'restore', reasons: [] }, 'en')[0]).toBe(
      'crm: 2_b may be skipped, so it is judged both ways and the worse one counts',
    );
  });

  it('in a called runbook that may be skipped is judged both ways as well, and a condition elsewhere changes nothing', async () => {
    const CALL: PlanStep = { ...STEP, id: 'back', kind: 'call', when: 'impact.bad' };
    const inside = await judge(CALL, { ...down('2_b'), id: 'back.down' }, SWITCH);
    expect(inside?.reasons[0]).toEqual({ why: 'either-way', database: 'crm', ids: ['back'] });
    const other: PlanStep = { ...STEP, id: 'tell', kind: 'notify', when: 'impact.bad' };
    expect(await judge(other, down('2_b'), SWITCH)).toEqual(await judge(down('2_b'), SWITCH));
  });

  it('that a jump may lead past is judged as one with a condition, by itself and in what it is called from', async () => {
    expect(await judgePast(['2_b'], down('2_b'), SWITCH)).toEqual(await judge({ ...down('2_b'), when: 'x' }, SWITCH));
    const CALL: PlanStep = { ...STEP, id: 'back', kind: 'call' };
    const inside = await judgePast(['back'], CALL, { ...down('2_b'), id: 'back.down' }, SWITCH);
    expect(inside?.reasons[0]).toEqual({ why: 'either-way', database: 'crm', ids: ['back'] });
    expect(await judgePast(['tell'], down('2_b'), SWITCH)).toEqual(await judge(down('2_b'), SWITCH));
  });

  it('with many conditions is judged all, none, each alone and all but each: the one bad combination of a few is found', async () => {
    const steps = ['2_b', '1_a', '3_c', 'base'].map((to) => ({ ...down(to), when: 'x' }));
    const safety = await judge(...steps, { ...SWITCH, when: 'y' });
    expect(safety?.verdict).toBe('roll-forward-only');
    expect(safety?.reasons[0]).toEqual({ why: 'either-way', database: 'crm', ids: ['2_b', '1_a', '3_c', 'base', 'switch'] });
    // The code alone, and the database alone.
    expect(safety?.reasons).toContainEqual({ why: 'not-taken-back', database: 'crm', ids: ['3_c'] });
    expect(safety?.reasons).toContainEqual({ why: 'taken-back', database: 'crm', ids: ['1_a', '2_b', '3_c'] });
  });

  it('is no code alone where the code can run on it and a step after the switch throws away what came with it', () => {
    const fine = ups(judged('ok', 'loses-new'));
    expect(verdict(fine)).toBe('code-only');
    const later = { ...fine, later: ['2_b'] };
    expect(verdict(later)).toBe('down-lossless');
    expect(verdict({ ...later, losses: [{ database: 'crm', object: 't.c', count: 7 }] })).toBe('down-lossy');
    expect(whys(later)).toEqual(['ahead', 'runs-on-new', 'taken-later']);
    expect(takenBack(facts({ later: ['2_b'] }))).toEqual(['2_b']);
    expect(safetyLines(judgeDatabase(facts(later)), 'pt-BR')).toContain('crm: 2_b são desfeitas depois do código');
  });
});

describe('a rollback that would lose data', () => {
  const lossy = () =>
    createFakeDatabase({ target: 'shop', known: { [BAD_RELEASE]: ['1_a', '2_b'], [GOOD_RELEASE]: ['1_a'] }, applied: ['1_a', '2_b'] });
  const withDatabase = (world: World, crm: ReturnType<typeof lossy>): void =>
    void Object.assign(world as { databases?: World['databases'] }, { databases: { crm } });

  it('is never begun alone: two people approve the plan that says so', async () => {
    const one = await play();
    withDatabase(one.world, lossy());
    await breach(one.disk, breachOf('acme', START));
    await one.until(asks);
    const approval = openApproval(await one.incident());
    const plan = (await one.world.documents.get(approval.planHash)) as { readonly safety?: { readonly verdict: string } };
    expect(plan.safety?.verdict).toBe('restore');
    expect(approval).toMatchObject({ min: 2, fourEyes: true });
    expect((await one.all('decision.made')).at(-1)).toMatchObject({ choice: 'ask', reason: 'safety: restore' });
    const grant = { incident: 'INC-1', approval: approval.id, planHash: approval.planHash, decision: 'grant' as const };
    await one.commands.approve(ANA, { ...grant, key: 'k1' });
    await one.clock.advance(60_000);
    expect(one.shop.effects).toEqual([]);
    await one.commands.approve(EVE, { ...grant, key: 'k2' });
    await one.until((incident) => incident.phase === 'resolved');
    expect(one.shop.effects.map((effect) => effect.to)).toEqual([GOOD_RELEASE]);
  });

  it('is judged with and without a step that may fail and be passed over', async () => {
    const one = await play();
    withDatabase(
      one.world,
      createFakeDatabase({ target: 'shop', known: { [BAD_RELEASE]: ['1_a'], [GOOD_RELEASE]: ['1_a'], v0: [] }, applied: ['1_a'] }),
    );
    const { runbook } = Object.values(one.world.runbooks)[0] as PinnedRunbook;
    const back = ownSteps(runbook).find((step): step is DoStep => step.kind === 'do' && step.do === 'deploy.rollback') as DoStep;
    const planned = async (fail: OnFail) => {
      const steps = [
        { ...back, fail },
        { ...back, id: 'further', with: { target: 'shop', to: 'v0' } },
      ];
      const pinned = { runbook: { ...runbook, phases: [{ id: 'do', title: '', text: '', steps }] }, irHash: 'x' };
      return (await makePlan(one.world, pinned, { inputs: {}, incident: { id: 'INC-1' }, outputs: {} })).safety;
    };
    expect((await planned({ then: 'stop' }))?.verdict).toBe('code-only');
    const unsure = await planned({ then: 'goto', step: 'further' });
    expect(unsure?.verdict).toBe('restore');
    expect(unsure?.reasons[0]).toEqual({ why: 'either-way', database: 'crm', ids: [back.id] });
  });

  it('is begun alone where the release knows what the database has', async () => {
    const one = await play();
    withDatabase(
      one.world,
      createFakeDatabase({ target: 'shop', known: { [BAD_RELEASE]: ['1_a'], [GOOD_RELEASE]: ['1_a'] }, applied: ['1_a'] }),
    );
    await breach(one.disk, breachOf('acme', START));
    await one.until((incident) => incident.phase === 'resolved');
    expect(one.shop.effects.map((effect) => effect.to)).toEqual([GOOD_RELEASE]);
  });
});
