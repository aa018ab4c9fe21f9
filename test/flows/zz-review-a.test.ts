import { describe, expect, it } from 'vitest';
import { stepsOf } from '../../src/domain/ir.ts';
import { BelayError } from '../../src/domain/errors.ts';
import { moveTarget } from '../world/fakes/action.ts';
import { DurableDisk } from '../world/fakes/durable-disk.ts';
import { KillSwitch } from '../world/fakes/kill-switch.ts';
import { createFakeTime } from '../world/fakes/time.ts';
import { BAD_RELEASE, breach, breachOf, GOOD_RELEASE, START, viewOf } from '../world/scenes/deploy.ts';
import { deployRunbook } from '../world/scenes/runbook.ts';
import { ANA, BOB, scene, waits, openApproval } from './zz-review-scene.ts';
const log = (...a: unknown[]) => console.log(...a.map((x) => (typeof x === 'string' ? x : JSON.stringify(x))));
const without = (id: string) => { const r = deployRunbook(); return { ...r, phases: [{ ...r.phases[0]!, steps: stepsOf(r).filter((s) => s.id !== id) }] }; };
const patched = (id: string, change: object, base = deployRunbook()) => ({ ...base, phases: [{ ...base.phases[0]!, steps: stepsOf(base).map((s) => (s.id === id ? ({ ...s, ...change } as typeof s) : s)) }] });
const grant = async (one: Awaited<ReturnType<typeof scene>>, key: string, who = ANA, id = 'INC-1') => { const i = (await one.world.incidents.load(id))!; const a = openApproval(i); return one.commands.approve(who, { incident: id, approval: a.id, planHash: a.planHash, decision: 'grant', key }); };

describe('review a', () => {
  it('01 undo clobbers a foreign deploy', async () => {
    const one = await scene({ heals: false });
    await breach(one.disk, breachOf('acme', START));
    await one.until((i) => i.tasks['answers'] !== undefined);
    moveTarget(one.shop, 'v1.2.0-hotfix');
    await one.commands.answer(ANA, { incident: 'INC-1', step: 'answers', choice: 'undo', key: 'k' });
    await one.clock.advance(120_000);
    log('01', one.shop.effects.map((e) => `${e.by}:${e.to}`), one.shop.value);
  });
  it('02 approved rollback then second breach automatically puts bad back', async () => {
    const one = await scene();
    await one.world.pause.pause('ana', 'x');
    await breach(one.disk, breachOf('acme', START));
    await one.until(waits);
    await one.commands.resume(ANA);
    await grant(one, 'k');
    await one.until((i) => i.phase === 'resolved');
    one.shop.changedAt = one.clock.now();
    await one.clock.advance(300_000);
    const at = one.clock.now();
    await breach(one.disk, breachOf('acme', at, { episode: 'ep2' }));
    await one.clock.advance(60_000);
    log('02', one.shop.effects.map((e) => `${e.by}:${e.to}`), (await one.events('INC-2')).filter((e) => e.type === 'decision.made').map((e) => (e.data as any).choice + (e.data as any).reason));
  });
  it('02b human rolled back by hand, then auto', async () => {
    const one = await scene();
    moveTarget(one.shop, GOOD_RELEASE, 'operator by hand'); one.shop.changedAt = START - 30_000;
    await breach(one.disk, breachOf('acme', START));
    await one.clock.advance(60_000);
    log('02b', one.shop.effects.map((e) => `${e.by}:${e.to}`), (await one.events('INC-1')).filter((e) => e.type === 'decision.made').map((e) => (e.data as any).choice + (e.data as any).reason));
  });
  it('03 recheck approval then conflict in the same visit', async () => {
    let calls = 0;
    const views = () => { calls += 1; return ['acme', 'globex', 'initech'].map((o) => viewOf(o, START, calls > 2 ? { level: 'suspect' } : {})); };
    const one = await scene({ runbook: without('freeze'), views });
    await breach(one.disk, breachOf('acme', START));
    await one.until(waits);
    log('03 approval', openApproval(await one.incident()).id);
    moveTarget(one.shop, 'v1.2.0-hotfix');
    await grant(one, 'k');
    await one.clock.advance(120_000);
    log('03', one.runs(), (await one.types()).slice(-6), (await one.incident()).phase, one.shop.effects);
  });
  it('04 store blip of one append kills the run', async () => {
    const one = await scene();
    const update = one.world.incidents.update; let thrown = 0;
    (one.world.incidents as any).update = (id: string, key: string, b: never) => { if (key.endsWith('switch#1:begin') && thrown++ === 0) return Promise.reject(new BelayError('BELAY_STORE_UNAVAILABLE', 'connection refused')); return update(id, key, b); };
    await breach(one.disk, breachOf('acme', START));
    await one.clock.advance(600_000);
    log('04', one.runs(), (await one.types()).slice(-4), (await one.incident()).phase, one.freeze.value, one.shop.value);
  });
  it('05 target unreachable while deciding', async () => {
    const one = await scene();
    const a = one.world.actions['deploy.rollback']!;
    const down = async () => { throw new BelayError('BELAY_TARGET_UNREACHABLE', 'shop: no pid file'); };
    (one.world.actions as any)['deploy.rollback'] = { ...a, observe: down, impossible: down, lastChange: down };
    await breach(one.disk, breachOf('acme', START));
    await one.clock.advance(600_000);
    log('05', one.runs(), await one.types(), (await one.incident()).phase);
  });
  it('06 denied incident swallows later breaches for ever', async () => {
    const one = await scene({ runbook: deployRunbook({ start: 'ask' }) });
    await breach(one.disk, breachOf('acme', START));
    await one.until(waits);
    const a = openApproval(await one.incident());
    await one.commands.approve(ANA, { incident: 'INC-1', approval: a.id, planHash: a.planHash, decision: 'deny', reason: 'no', key: 'k' });
    await one.clock.advance(3 * 86_400_000);
    const before = (await one.events()).length;
    await breach(one.disk, breachOf('globex', one.clock.now(), { episode: 'next-week' }));
    await one.clock.advance(3_600_000);
    log('06', (await one.world.incidents.list()).length, (await one.types()).slice(before), one.runs(), 'unanswered', (await one.world.signals.unanswered()).length);
    await one.commands.close(ANA, { incident: 'INC-1', key: 'c' }).catch((e) => log('06 close', String(e)));
  });
  it('07 denial in the instant of new evidence is overridden and Belay acts alone', async () => {
    let level: 'suspect' | 'act' = 'suspect';
    const views = () => ['acme', 'globex', 'initech'].map((org) => viewOf(org, START, { level, status: level === 'act' ? 'breached' : 'suspect', announced: true }));
    const one = await scene({ views });
    const suspect = breachOf('acme', START, { to: 'suspect', from: 'ok', announced: true });
    await breach(one.disk, suspect);
    await one.until(waits);
    const a = openApproval(await one.incident());
    const update = one.world.incidents.update; let denied = '';
    (one.world.incidents as any).update = async (id: string, key: string, b: never) => {
      if (key.endsWith(':overtaken') && denied === '') { denied = 'x'; const after = await one.commands.approve(ANA, { incident: 'INC-1', approval: a.id, planHash: a.planHash, decision: 'deny', reason: 'NO', key: 'k' }); denied = after.approvals[a.id]!.state; }
      return update(id, key, b);
    };
    level = 'act';
    await breach(one.disk, breachOf('acme', START + 5_000));
    await one.clock.advance(120_000);
    log('07 ana was told:', denied, 'then', one.shop.effects.map((e) => `${e.by}:${e.to}`), (await one.incident()).phase, (await one.types()).filter((t) => t.startsWith('approval')));
  });
  it('08 approval churn', async () => {
    const one = await scene({ runbook: deployRunbook({ start: 'ask' }) });
    await breach(one.disk, breachOf('acme', START));
    await one.until(waits);
    const a = openApproval(await one.incident());
    for (let n = 0; n < 20; n++) { await breach(one.disk, breachOf(`org${n}`, START + n, { episode: `e${n}` })); await one.clock.advance(3_000); }
    const i = await one.incident();
    log('08', Object.values(i.approvals).map((x) => x.state + x.planHash.slice(0, 6)));
    await one.commands.approve(ANA, { incident: 'INC-1', approval: a.id, planHash: a.planHash, decision: 'grant', key: 'k' }).catch((e) => log('08', String(e)));
  });
  it('09 belay.undo failing, then undo chosen', async () => {
    const base = deployRunbook();
    const steps = stepsOf(base);
    const undoStep = { kind: 'do' as const, id: 'back', title: 'Back', text: '', fail: { then: 'stop' as const }, meets: [], evidence: [], do: 'belay.undo', with: { steps: ['freeze'] }, verify: [] };
    const rb = { ...base, phases: [{ ...base.phases[0]!, steps: [...steps.slice(0, 3), undoStep, ...steps.slice(3)] }] };
    const one = await scene({ runbook: rb });
    const thaw = one.world.actions['deploy.thaw']!;
    (one.world.actions as any)['deploy.thaw'] = { ...thaw, act: async () => { throw new BelayError('BELAY_ACT_FAILED', 'no'); } };
    await one.world.pause.pause('ana', 'x');
    await breach(one.disk, breachOf('acme', START));
    await one.until(waits); await one.commands.resume(ANA); await grant(one, 'k');
    await one.until((i) => i.tasks['back'] !== undefined);
    await one.commands.answer(ANA, { incident: 'INC-1', step: 'back', choice: 'undo', key: 'u' });
    await one.clock.advance(60_000);
    log('09', one.runs(), (await one.types()).slice(-3));
  });
  it('10 unknown then undo leaves it', async () => {
    const one = await scene({ runbook: without('freeze') });
    const a = one.world.actions['deploy.rollback']!;
    let blind = false;
    (one.world.actions as any)['deploy.rollback'] = { ...a, act: async (x: never, o: never) => { await a.act(x, o); blind = true; throw new BelayError('BELAY_DEPLOY_TIMEOUT', 't', { effect: 'unknown' }); }, observe: async (x: never) => { if (blind) throw new BelayError('BELAY_TARGET_UNREACHABLE', 'x'); return a.observe(x); } };
    await breach(one.disk, breachOf('acme', START));
    await one.until((i) => i.tasks['switch'] !== undefined);
    blind = false;
    await one.commands.answer(ANA, { incident: 'INC-1', step: 'switch', choice: 'undo', key: 'u' });
    await one.clock.advance(60_000);
    log('10', one.shop.effects.map((e) => `${e.by}:${e.to}`), (await one.events()).filter((e) => e.type === 'run.finished').map((e) => e.data));
  });
  it('11 late landing becomes noop without contingency', async () => {
    const rb = patched('freeze', { timeoutMs: 1_000, retry: { max: 3, everyMs: 5_000, backoff: 'fixed' } });
    const one = await scene({ runbook: rb });
    const a = one.world.actions['deploy.freeze']!; let n = 0;
    (one.world.actions as any)['deploy.freeze'] = { ...a, act: async (x: never, o: never) => { n++; if (n > 1) return a.act(x, o); void one.clock.ofLife(one.kill).sleep(3_000).then(() => a.act(x, o)); throw new BelayError('BELAY_TIMEOUT', 't', { effect: 'unknown' }); } };
    await breach(one.disk, breachOf('acme', START));
    await one.until((i) => i.phase === 'resolved', 300_000);
    const i = await one.incident();
    log('11', one.freeze.effects, i.steps['freeze']?.status, i.contingencies, 'onContingency', i.onContingency, (await one.world.journal.all()).filter((l) => l.step === 'freeze').map((l) => l.kind + l.effect));
  });
  it('12 in place but checks fail, continue: no contingency', async () => {
    const rb = patched('freeze', { timeoutMs: 1_000, verify: [{ probe: 'http', with: { url: 'x' }, expect: 'ok == tried' }], fail: { then: 'continue' } });
    const one = await scene({ runbook: rb });
    await breach(one.disk, breachOf('acme', START));
    await one.until((i) => i.phase === 'resolved', 300_000);
    const i = await one.incident();
    log('12', one.freeze.value, i.steps['freeze']?.status, i.contingencies, i.onContingency);
  });
});
