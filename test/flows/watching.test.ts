// What counts as watched: only time in which somebody looked and nothing failed. And what a passing check says about the incident.
import { describe, expect, it } from 'vitest';
import { DurableDisk } from '../../src/adapters/virtual/durable-disk.ts';
import { KillSwitch } from '../../src/adapters/virtual/kill-switch.ts';
import { createVirtualTime } from '../../src/adapters/virtual/time.ts';
import type { Probe } from '../../src/ports/probe.ts';
import { moveTarget } from '../world/fakes/action.ts';
import { breach, breachOf, GOOD_RELEASE, START } from '../world/scenes/deploy.ts';
import { ANA, play, runbookOf, STEP, withStep } from '../world/scenes/play.ts';

const BLIND = { known: false as const, why: 'no answer' };
const BAD = { known: true as const, values: { status: 500, ok: 4, tried: 10, latencyMs: 1, found: false } };

describe('a watch', () => {
  it('that nothing disturbs takes its time and little more', async () => {
    const one = await play();
    await breach(one.disk, breachOf('acme', START));
    await one.until((incident) => incident.phase === 'resolved');
    const watch = (await one.incident()).steps['watch'];
    const took = (watch?.endedAt ?? 0) - (watch?.startedAt ?? 0);
    expect(took).toBeGreaterThanOrEqual(10_000);
    expect(took).toBeLessThan(11_000);
    expect(watch?.detail).toMatchObject({ result: 'pass', watchedMs: 10_000, blind: 0 });
  });

  it('does not count the time in which Belay was down, and watches that much longer', async () => {
    const disk = new DurableDisk();
    const clock = createVirtualTime(START, 3);
    const kill = new KillSwitch();
    const runbook = withStep('watch', { forMs: 1_800_000 });
    const first = await play({ disk, clock, kill, runbook });
    await breach(disk, breachOf('acme', START));
    await first.until((incident) => incident.phase === 'watching');
    await clock.advance(300_000);
    kill.kill();
    await clock.advance(1_500_000);
    const second = await play({ disk, clock, runbook });
    const back = clock.now();
    await second.until((incident) => incident.phase === 'resolved', 3_600_000);
    expect(clock.now() - back).toBeGreaterThan(1_400_000);
    const detail = (await second.incident()).steps['watch']?.detail;
    expect(detail?.['watchedMs']).toBeGreaterThanOrEqual(1_797_000);
  });

  it('asks people when it could not be watched in twice its time', async () => {
    const disk = new DurableDisk();
    const clock = createVirtualTime(START, 3);
    const kill = new KillSwitch();
    const first = await play({ disk, clock, kill });
    await breach(disk, breachOf('acme', START));
    await first.until((incident) => incident.phase === 'watching');
    kill.kill();
    await clock.advance(1_800_000);
    const second = await play({ disk, clock });
    await second.until((incident) => incident.tasks['watch'] !== undefined, 60_000);
    const incident = await second.incident();
    expect(incident.phase).toBe('watching');
    expect(incident.tasks['watch']?.ask).toMatch(/^watched for \d+ of 10000 ms$/);
  });

  it('does not take a stretch without an answer of its probe for a pass', async () => {
    const one = await play();
    await breach(one.disk, breachOf('acme', START));
    await one.until((incident) => incident.phase === 'watching');
    let blind = true;
    one.wrapProbe((probe) => ({ measure: async (args, o) => (blind ? BLIND : probe.measure(args, o)) }));
    await one.clock.advance(9_500);
    blind = false;
    const seeing = one.clock.now();
    await one.until((incident) => incident.steps['watch']?.endedAt !== undefined, 60_000);
    expect(one.clock.now() - seeing).toBeGreaterThanOrEqual(7_000);
    const detail = (await one.incident()).steps['watch']?.detail;
    expect(detail?.['result']).toBe('pass');
    expect(detail?.['watchedMs']).toBeLessThan(10_000);
    expect(detail?.['blind']).toBeGreaterThan(5);
  });

  it('takes a probe that answers without proof yet for watched time, and passes once it proves', async () => {
    const one = await play();
    await breach(one.disk, breachOf('acme', START));
    await one.until((incident) => incident.phase === 'watching');
    const started = one.clock.now();
    const evaluate = one.world.expression.evaluate;
    one.world.expression.evaluate = (source, names, values) =>
      one.clock.now() - started < 8_000 ? { ok: false, why: 'too little traffic yet' } : evaluate(source, names, values);
    await one.until((incident) => incident.phase === 'resolved', 60_000);
    expect(one.clock.now() - started).toBeLessThan(12_000);
  });

  it('that fails and passes when watched again ends the incident', async () => {
    const one = await play();
    await breach(one.disk, breachOf('acme', START));
    await one.until((incident) => incident.phase === 'watching');
    let bad = true;
    one.wrapProbe((probe) => ({ measure: async (args, o) => (bad ? BAD : probe.measure(args, o)) }));
    await one.until((incident) => incident.tasks['watch'] !== undefined);
    expect((await one.incident()).phase).toBe('responding');
    bad = false;
    await one.commands.answer(ANA, { incident: 'INC-1', step: 'watch', choice: 'again', key: 'k' });
    await one.until((incident) => incident.phase === 'resolved', 60_000);
    expect((await one.all('phase.entered')).map((data) => data.to).slice(-2)).toEqual(['mitigated', 'resolved']);
  });
});

describe('a verify', () => {
  it('whose check says `for` passes only once it has held that long without a break', async () => {
    const checks = [{ probe: 'http', with: { url: 'http://shop/' }, expect: 'ok == tried', forMs: 10_000 }];
    const one = await play({ runbook: withStep('answers', { checks, timeoutMs: 60_000 }) });
    const looks: number[] = [];
    one.wrapProbe(
      (probe): Partial<Probe> => ({
        measure: async (args, o) => {
          looks.push(one.clock.now());
          // The sixth look breaks the run of good ones.
          return looks.length === 6 ? BAD : probe.measure(args, o);
        },
      }),
    );
    await breach(one.disk, breachOf('acme', START));
    await one.until((incident) => incident.mitigatedAt !== undefined, 120_000);
    const answers = (await one.incident()).steps['answers'];
    expect(looks.length).toBeGreaterThan(15);
    expect((answers?.endedAt ?? 0) - (looks[6] ?? 0)).toBeGreaterThanOrEqual(10_000);
    expect((answers?.endedAt ?? 0) - (answers?.startedAt ?? 0)).toBeLessThan(18_000);
  });

  it('mitigates also when somebody else had done already what the steps would have done', async () => {
    const one = await play({ runbook: runbookOf((steps) => steps.filter((step) => step.id !== 'freeze')) });
    let looks = 0;
    one.wrapAction('deploy.rollback', (action) => ({
      observe: async (args) => {
        looks += 1;
        if (looks === 2) moveTarget(one.shop, GOOD_RELEASE, 'by hand');
        return action.observe(args);
      },
    }));
    await breach(one.disk, breachOf('acme', START));
    await one.until((incident) => incident.phase === 'resolved', 120_000);
    expect((await one.incident()).steps['switch']?.status).toBe('noop');
  });
});

describe('a wait', () => {
  it('for a condition leaves a few rows of history an hour, and ends soon after it holds', async () => {
    const wait = { ...STEP, kind: 'wait' as const, id: 'rest', title: 'Rest', until: 'tried == ok' };
    const one = await play({ runbook: runbookOf((steps) => [wait, ...steps]) });
    let holds = false;
    const { evaluate } = one.world.expression;
    one.world.expression.evaluate = (source, names, values) =>
      source === wait.until ? { ok: true, value: holds } : evaluate(source, names, values);
    await breach(one.disk, breachOf('acme', START));
    await one.until((incident) => incident.steps['rest']?.status === 'running');
    const before = one.rows();
    await one.clock.advance(3_600_000);
    expect(one.rows() - before).toBeLessThanOrEqual(7);
    holds = true;
    const from = one.clock.now();
    await one.until((incident) => incident.steps['rest']?.status === 'done');
    expect(one.clock.now() - from).toBeLessThanOrEqual(60_000);
  });

  it('fails at its deadline when the condition never holds', async () => {
    const wait = { ...STEP, kind: 'wait' as const, id: 'rest', title: 'Rest', until: 'tried == ok', timeoutMs: 90_000 };
    const one = await play({ runbook: runbookOf((steps) => [wait, ...steps]) });
    const { evaluate } = one.world.expression;
    one.world.expression.evaluate = (source, names, values) =>
      source === wait.until ? { ok: true, value: false } : evaluate(source, names, values);
    await breach(one.disk, breachOf('acme', START));
    await one.until((incident) => incident.steps['rest']?.endedAt !== undefined);
    const rest = (await one.incident()).steps['rest'];
    expect(rest?.status).toBe('failed');
    expect((rest?.endedAt ?? 0) - (rest?.startedAt ?? 0)).toBe(90_000);
  });
});
