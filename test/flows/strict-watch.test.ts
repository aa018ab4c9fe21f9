// A watch with `strict`: the runbook's triggers at a part of their limits, as long as the step runs, and what follows when one is passed.
import { describe, expect, it } from 'vitest';
import { DurableDisk } from '../../src/adapters/virtual/durable-disk.ts';
import { KillSwitch } from '../../src/adapters/virtual/kill-switch.ts';
import { createVirtualTime } from '../../src/adapters/virtual/time.ts';
import type { Runbook } from '../../src/domain/ir.ts';
import { strictOverlay } from '../../src/domain/strict.ts';
import { SHOP, START } from '../world/scenes/deploy.ts';
import { CEL } from '../world/scenes/fan-out.ts';
import { ANA, type Play, play, STEP } from '../world/scenes/play.ts';
import { deployRunbook } from '../world/scenes/runbook.ts';

const watching = (strict: number, mode: 'all' | 'any' = 'all', orgs = true): Runbook =>
  deployRunbook({
    id: 'watching',
    inputs: { org: { type: 'org', required: orgs } },
    clocks: {},
    evidence: [],
    start: 'ask',
    phases: [
      {
        id: 'all',
        title: 'All',
        text: '',
        steps: [
          {
            ...STEP,
            kind: 'watch',
            id: 'watch',
            title: 'Watch',
            forMs: 30_000,
            everyMs: 1_000,
            mode,
            strict,
            checks: [{ probe: 'http', with: { url: 'http://shop/' }, expect: 'tried == 10' }],
          },
        ],
      },
    ],
  });

/** The share of failures that the traffic proves at least. */
function measure(one: Play, lower: number): readonly unknown[] {
  const asked: unknown[] = [];
  (one.world.probes as Record<string, unknown>)['metric'] = {
    measure: async (args: unknown) => {
      asked.push(args);
      const values = { value: lower * 1.5, lower, upper: lower * 2, bad: 1, all: 100, growing: false };
      return { known: true, values, interval: { lower, upper: lower * 2 } };
    },
  };
  return asked;
}

async function watched(strict: number, lower: number, o: { readonly mode?: 'all' | 'any'; readonly org?: null } = {}) {
  const one = await play({ runbook: watching(strict, o.mode, o.org !== null), expression: CEL });
  const asked = measure(one, lower);
  await one.commands.startRun(ANA, { runbook: 'watching', inputs: o.org === null ? {} : { org: 'acme' }, key: 'k' });
  await one.until((incident) => incident.isRunning === false);
  const { status, detail } = (await one.incident()).steps['watch'] ?? {};
  return { asked, status, detail };
}

describe('a strict watch', () => {
  it('fails at half the limit of the trigger, which an ordinary one bears, for its own organization alone', async () => {
    const strict = await watched(0.5, 0.012);
    expect(strict.status).toBe('failed');
    expect(strict.asked[0]).toEqual({ trigger: 'http-5xx', org: 'acme' });
    expect((await watched(1, 0.012)).status).toBe('done');
  });

  it('holds while nothing proves that the tighter limit is passed', async () => {
    expect((await watched(0.5, 0.009)).status).toBe('done');
  });

  it('fails with `any`, too: a check that passes is no way out of the tighter limit', async () => {
    expect((await watched(0.5, 0.012, { mode: 'any' })).status).toBe('failed');
    expect((await watched(0.5, 0.009, { mode: 'any' })).status).toBe('done');
  });

  it('records which triggers it tightened, and which it could not for want of an organization', async () => {
    expect((await watched(0.5, 0.009)).detail).toMatchObject({ tightened: ['http-5xx'], notTightened: [] });
    const everybody = await watched(0.5, 0.012, { org: null });
    expect(everybody.detail).toMatchObject({ tightened: [], notTightened: [{ trigger: 'http-5xx', why: 'no-org' }] });
    expect((await watched(1, 0.009)).detail).not.toHaveProperty('tightened');
  });

  it('keeps to the limits that belay.yaml had when it began, over a restart with an edited one', async () => {
    const [disk, clock, kill] = [new DurableDisk(), createVirtualTime(START, 3), new KillSwitch()];
    const runbook = watching(0.5);
    const first = await play({ disk, clock, kill, runbook, expression: CEL });
    measure(first, 0.009);
    await first.commands.startRun(ANA, { runbook: 'watching', inputs: { org: 'acme' }, key: 'k' });
    await first.until((incident) => incident.steps['watch']?.status === 'running');
    await clock.advance(12_000);
    kill.kill();
    const second = await play({ disk, clock, runbook, expression: CEL, system: { ...SHOP, triggers: [] } });
    const asked = measure(second, 0.012);
    await second.until((incident) => incident.isRunning === false);
    expect(asked[0]).toEqual({ trigger: 'http-5xx', org: 'acme' });
    expect((await second.incident()).steps['watch']).toMatchObject({ status: 'failed', detail: { tightened: ['http-5xx'] } });
  });

  const RULE = SHOP.triggers[0] as (typeof SHOP.triggers)[number];
  const { breach: _, ...WITHOUT_LIMIT } = RULE;
  const overlay = (triggers: readonly string[], rules: readonly (typeof RULE)[], signals = SHOP.signals) =>
    strictOverlay(triggers, { triggers: rules, signals }, { strict: 0.5, org: 'acme' });

  it('has nothing to tighten in a trigger without a limit of its own, in one that is gone, and in one that only people decide', () => {
    const people = { ...RULE, id: 'hurts', impact: { who: 'ops', ask: 'Does it hurt?' } };
    expect(overlay(['http-5xx', 'other', 'hurts'], [WITHOUT_LIMIT, people])).toEqual({
      checks: [],
      tightened: [],
      notTightened: [
        { trigger: 'http-5xx', why: 'no-limit' },
        { trigger: 'other', why: 'gone' },
        { trigger: 'hurts', why: 'people' },
      ],
    });
  });

  const SIGNAL = { by: 'org', max: 20, lateMs: 0, absentAfter: { cadences: 3 }, sources: [] } as const;

  it('tightens each trigger that one over several names, whatever round they make, but none where several must breach at once', () => {
    const made = { any: { of: ['http-5xx', 'inner', 'gone'], atLeast: 1 }, inner: { of: ['any', 'http-5xx', 'both'], atLeast: 1 } };
    const all = Object.entries({ ...made, both: { of: ['http-5xx', 'any'], atLeast: 2 } });
    const found = overlay(
      ['any'],
      [RULE, ...all.map(([id]) => ({ ...WITHOUT_LIMIT, id, signal: id }))],
      all.map(([id, o]) => ({ ...SIGNAL, id, signal: { kind: 'composite', ...o } })),
    );
    expect(found).toMatchObject({
      tightened: ['http-5xx'],
      notTightened: [
        { trigger: 'both', why: 'several' },
        { trigger: 'gone', why: 'gone' },
      ],
    });
    expect(found.checks).toEqual([
      { probe: 'metric', with: { trigger: 'http-5xx', org: 'acme' }, expect: expect.stringContaining('lower <= ') },
    ]);
  });

  it('writes limits as expressions take them', () => {
    const checks = (above: number) =>
      overlay(['http-5xx'], [{ ...RULE, scope: 'all', breach: { above, overMs: 1, stillMs: 1, forMs: 0 } }]).checks;
    expect([0.02, 10, 1e-6].map((above) => checks(above)[0]?.expect)).toEqual(['lower <= 0.01', 'lower <= 5.0', 'lower <= 0.0000005']);
    for (const above of [0.02, 10, 1e-6])
      expect(CEL.evaluate(checks(above)[0]?.expect ?? '', { lower: 'double' }, { lower: 0 })).toEqual({ ok: true, value: true });
  });
});
