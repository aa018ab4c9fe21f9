// The fields that every step knows, kept by the kinds that can keep them: times for people, limits of time, another attempt, and the key of an
// act that must not be done twice.
import { describe, expect, it } from 'vitest';
import { createCel } from '../../src/adapters/cel/index.ts';
import { DurableDisk } from '../../src/adapters/virtual/durable-disk.ts';
import { KillSwitch } from '../../src/adapters/virtual/kill-switch.ts';
import { createVirtualTime } from '../../src/adapters/virtual/time.ts';
import { BelayError } from '../../src/domain/errors.ts';
import type { CallStep, ManualStep, Runbook, Step } from '../../src/domain/ir.ts';
import { bareRunbook } from '../../src/domain/ir.ts';
import type { JsonObject } from '../../src/domain/json.ts';
import { linkRunbook } from '../../src/domain/link-runbooks.ts';
import { fakeTargetOn } from '../world/fakes/action.ts';
import { BAD_RELEASE, SHOP, START } from '../world/scenes/deploy.ts';
import { ANA, play, runbookOf, STEP } from '../world/scenes/play.ts';

const MINUTE = 60_000;
const QUIET = { start: 'ask', evidence: [], clocks: {} } as const;
const steps = (...own: readonly Step[]): Runbook => runbookOf(() => own, QUIET);
const manual: ManualStep = { ...STEP, kind: 'manual', id: 'look', title: 'Look', checks: [], count: 1, answers: {} };
const rest = (more: object = {}): Step => ({ ...STEP, kind: 'wait', id: 'rest', title: 'Rest', forMs: 1, ...more }) as Step;
const forWindow = (more: object = {}): Step => ({ ...STEP, kind: 'wait', id: 'rest', title: 'Rest', window: 'night', ...more }) as Step;
const freeze = (more: object = {}): Step =>
  ({
    ...STEP,
    kind: 'do',
    id: 'freeze',
    title: 'Freeze',
    do: 'deploy.freeze',
    with: { target: 'shop' },
    verify: [],
    irreversible: 'it is',
    ...more,
  }) as Step;

async function started(runbook: Runbook) {
  const one = await play({ runbook });
  (one.world as { expression: unknown }).expression = createCel();
  await one.commands.startRun(ANA, { runbook: runbook.id, inputs: {}, key: 'k' });
  const ended = async (): Promise<string> => {
    await one.clock.advanceUntil(async () => (await one.all('run.finished')).length > 0);
    const [end] = await one.all('run.finished');
    return `${end?.outcome}: ${end?.reason}`;
  };
  const at = (): number => Math.round((one.clock.now() - START) / 1_000);
  return { ...one, ended, at };
}

function withCall(call: Partial<CallStep>, inside: readonly Step[]): Runbook {
  const outer = steps({ ...STEP, kind: 'call', id: 'back', title: 'Back', runbook: bareRunbook('inner'), with: {}, ...call } as Step);
  const inner = { ...steps(...inside), id: 'inner' };
  const linked = linkRunbook(outer, (id) => (id === 'inner' ? inner : undefined));
  if (!linked.ok) throw new Error(JSON.stringify(linked.problems));
  return linked.runbook;
}

describe('within', () => {
  it.each([
    ['a manual step', manual],
    [
      'an approval',
      {
        ...STEP,
        kind: 'approve',
        id: 'look',
        title: 'Look',
        from: ['commander'],
        min: 1,
        fourEyes: false,
        show: [],
        onTimeout: 'escalate',
      },
    ],
    [
      'a choice',
      { ...STEP, kind: 'choose', id: 'look', title: 'Look', arms: { a: { title: 'A', human: true }, b: { title: 'B', human: true } } },
    ],
  ] as const)('of %s escalates once when nobody has done it, and stops nothing', async (_name, step) => {
    const one = await started(steps({ ...step, withinMs: 5 * MINUTE, who: 'commander' } as Step));
    await one.clock.advance(4 * MINUTE);
    expect((await one.all('escalation.fired')).filter(({ why }) => why.includes('late'))).toEqual([]);
    await one.clock.advance(20 * MINUTE);
    expect((await one.all('escalation.fired')).filter(({ why }) => why.includes('late'))).toEqual([
      { to: 'commander', why: 'look is late' },
    ]);
    expect(await one.all('run.finished')).toEqual([]);
  });

  it('is kept when the step was done in time', async () => {
    const one = await started(steps({ ...manual, withinMs: 5 * MINUTE } as Step, rest({ forMs: 20 * MINUTE })));
    await one.until((incident) => incident.tasks['look'] !== undefined);
    await one.commands.answer(ANA, { incident: 'INC-1', step: 'look', key: '1' });
    expect(await one.ended()).toBe('done: ');
    expect(await one.all('escalation.fired')).toEqual([]);
  });
});

describe('a limit of time', () => {
  it('ends a choice that nobody makes, by the policy of the step', async () => {
    const arms = { a: { title: 'A', human: true }, b: { title: 'B', human: true } };
    const one = await started(
      steps({ ...STEP, kind: 'choose', id: 'way', title: 'Way', arms, timeoutMs: 10 * MINUTE, fail: { then: 'continue' } } as Step, rest()),
    );
    expect(await one.ended()).toBe('done: ');
    expect((await one.incident()).steps['way']?.status).toBe('failed');
    expect((await one.incident()).tasks).toEqual({});
    expect(one.at()).toBeGreaterThanOrEqual(600);
  });

  it('ends a wait, a watch that proves nothing, and a snapshot that never comes', async () => {
    const waits = await started(steps(rest({ forMs: 60 * MINUTE, timeoutMs: 5 * MINUTE })));
    expect(await waits.ended()).toContain('failed: rest: its time was over');
    expect(waits.at()).toBeLessThan(310);
    const check = { probe: 'http', with: { url: 'http://shop/' }, expect: 'ok == tried' };
    const watch = {
      ...STEP,
      kind: 'watch',
      id: 'watch',
      title: 'W',
      forMs: 60_000,
      everyMs: 1_000,
      timeoutMs: 70_000,
      mode: 'all',
      strict: 1,
      checks: [check],
    };
    const blind = await play({ runbook: steps(watch as Step) });
    blind.wrapProbe(() => ({ measure: async () => ({ known: false, why: 'away' }) }));
    await blind.commands.startRun(ANA, { runbook: 'deploy-rollback', inputs: {}, key: 'k' });
    await blind.until((incident) => incident.steps['watch']?.status === 'failed');
    expect((await blind.incident()).steps['watch']?.detail).toMatchObject({ result: 'inconclusive' });
    expect(blind.clock.now() - START).toBeLessThan(90_000);
    const collect = {
      ...STEP,
      kind: 'collect',
      id: 'snap',
      title: 'S',
      timeoutMs: 20_000,
      from: [{ probe: 'http', with: {}, evidence: 'logs' }],
    };
    const silent = await play({ runbook: steps(collect as Step) });
    silent.wrapProbe(() => ({ measure: () => new Promise(() => undefined) }));
    await silent.commands.startRun(ANA, { runbook: 'deploy-rollback', inputs: {}, key: 'k' });
    await silent.until((incident) => incident.steps['snap']?.status === 'done');
    expect((await silent.incident()).steps['snap']?.detail).toEqual({ collected: 0, missing: 1 });
  });

  it('of a call is for all of what it calls', async () => {
    const one = await started(
      withCall({ timeoutMs: 10 * MINUTE }, [rest({ forMs: 8 * MINUTE }), rest({ id: 'more', forMs: 8 * MINUTE }), rest({ id: 'last' })]),
    );
    expect(await one.ended()).toContain('failed: back: back.last: the time for it is over');
    expect((await one.incident()).steps['back.last']).toBeUndefined();
  });
});

describe('a wait for a window', () => {
  // 03:00 UTC on a Monday is where the scene begins.
  const night = {
    id: 'night',
    zone: 'UTC',
    at: [195],
    weekdays: [1],
    monthDays: [...Array(32).keys()],
    months: [...Array(13).keys()],
    eitherDay: false,
    until: { minute: 300 },
  };
  const run = async (step: Step) => {
    const one = await play({ runbook: steps(step), system: { ...SHOP, windows: [night] } });
    await one.commands.startRun(ANA, { runbook: 'deploy-rollback', inputs: {}, key: 'k' });
    return one;
  };

  it('rests until it opens, and goes on in the second', async () => {
    const one = await run(forWindow());
    await one.until((incident) => incident.steps['rest']?.status === 'done');
    expect(new Date((await one.incident()).steps['rest']?.endedAt ?? 0).toISOString()).toMatch(/^2025-03-10T03:15:0/);
  });

  it('ends by the policy of the step where it does not open in time', async () => {
    const one = await run(forWindow({ timeoutMs: 5 * MINUTE }));
    await one.until((incident) => incident.steps['rest']?.status === 'failed');
    expect((await one.incident()).steps['rest']?.detail).toEqual({ window: 'night', message: 'the window night did not open in time' });
  });
});

describe('another attempt', () => {
  it('of an act begins only while the time of the step lasts, each attempt within its own', async () => {
    const retry = { max: 10, everyMs: 30_000, backoff: 'fixed', attemptMs: 5_000 };
    const one = await play({ runbook: steps(freeze({ retry, timeoutMs: 2 * MINUTE })) });
    let asked = 0;
    one.wrapAction('deploy.freeze', () => ({
      act: async () => {
        asked += 1;
        throw new BelayError('BELAY_ACT_FAILED', 'not now');
      },
    }));
    await one.commands.startRun(ANA, { runbook: 'deploy-rollback', inputs: {}, key: 'k' });
    await one.until((incident) => incident.steps['freeze']?.status === 'failed');
    expect(asked).toBe(4);
  });

  it('of a call begins from its first step, while it changed nothing', async () => {
    const retry = { max: 3, everyMs: MINUTE, backoff: 'exp' } as const;
    const refusing = { ...manual, id: 'ready', title: 'Ready?' };
    const one = await started(withCall({ retry }, [refusing]));
    for (const key of ['1', '2']) {
      await one.until((incident) => incident.tasks['back.ready'] !== undefined && incident.steps['back.ready']?.attempt === Number(key));
      await one.commands.answer(ANA, { incident: 'INC-1', step: 'back.ready', refuse: 'not yet', key });
    }
    await one.until((incident) => incident.steps['back.ready']?.attempt === 3);
    await one.commands.answer(ANA, { incident: 'INC-1', step: 'back.ready', key: '3' });
    expect(await one.ended()).toBe('done: ');
    const changed = await started(withCall({ retry }, [freeze(), refusing]));
    await changed.until((incident) => incident.tasks['back.ready'] !== undefined);
    await changed.commands.answer(ANA, { incident: 'INC-1', step: 'back.ready', refuse: 'no', key: '1' });
    expect(await changed.ended()).toContain('refused: no');
  });
});

describe('an act that must not be done twice', () => {
  it('tells the target the key that the runbook says', async () => {
    const one = await started(steps(freeze({ key: 'freeze-{incident.id}' })));
    expect(await one.ended()).toBe('done: ');
    expect(one.freeze.effects.map(({ key }) => key)).toEqual(['freeze-INC-1']);
  });

  it('is not done again after a kill in the middle of it: people are asked, unless the target honours its key', async () => {
    const story = async (armedAt: number | null, spec: JsonObject) => {
      const disk = new DurableDisk();
      const clock = createVirtualTime(START, 7);
      const life = async (kill: KillSwitch) => {
        const one = await play({ disk, clock, kill, runbook: steps(freeze()) });
        one.wrapAction('deploy.freeze', (original) => ({ spec: { ...original.spec, ...spec } as typeof original.spec }));
        return one;
      };
      const kill = new KillSwitch();
      const first = await life(kill);
      await first.commands.startRun(ANA, { runbook: 'deploy-rollback', inputs: {}, key: 'k' });
      const from = kill.count;
      kill.arm(armedAt === null ? null : from + armedAt);
      const over = async (): Promise<boolean> => {
        const { tasks, steps: seen } = await first.incident().catch(() => ({ tasks: {}, steps: {} }) as never);
        return tasks['freeze'] !== undefined || seen['freeze']?.status === 'done';
      };
      await clock.advanceUntil(async () => kill.dead || (await over()), 10 * MINUTE);
      let last = first;
      if (kill.dead) {
        last = await life(new KillSwitch());
        const { incident } = last;
        await clock.advanceUntil(async () => {
          const { tasks, steps: seen } = await incident();
          return tasks['freeze'] !== undefined || seen['freeze']?.status === 'done';
        }, 10 * MINUTE);
      }
      const { tasks } = await last.incident();
      const acts = fakeTargetOn(disk, 'freeze', 'open').effects.length;
      return { end: `${tasks['freeze'] === undefined ? 'done' : 'asked'} after ${acts}`, boundaries: kill.count - from };
    };
    for (const [spec, wanted] of [
      [{ effect: 'once' }, ['asked after 0', 'done after 1']],
      [{ effect: 'once', honoursKey: true }, ['done after 1']],
      [{ effect: 'state' }, ['done after 1']],
    ] as const) {
      const calm = await story(null, spec);
      const ends = new Set<string>();
      for (let boundary = 1; boundary <= calm.boundaries; boundary += 1) ends.add((await story(boundary, spec)).end);
      expect([...ends].sort(), JSON.stringify(spec)).toEqual(wanted);
    }
  }, 60_000);
});

describe('what people see of a rollback that did not go on', () => {
  it('is a refusal with its values where pre does not hold', async () => {
    const one = await started(
      steps({ ...manual, answers: { users: { type: 'int' } } } as Step, freeze({ pre: ['steps.look.out.users < 100'] })),
    );
    await one.until((incident) => incident.tasks['look'] !== undefined);
    await one.commands.answer(ANA, { incident: 'INC-1', step: 'look', answers: { users: 500 }, key: '1' });
    expect(await one.ended()).toContain('pre does not hold: steps.look.out.users < 100');
    expect((await one.incident()).steps['freeze']?.detail).toMatchObject({
      code: 'BELAY_GUARD_REFUSED',
      facts: { 'steps.look.out': { users: 500 } },
    });
    expect([one.freeze.value, one.shop.value]).toEqual(['open', BAD_RELEASE]);
  });
});
