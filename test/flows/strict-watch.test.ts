// A watch with `strict`: the runbook's triggers at a part of their limits, as long as the step runs, and what follows when one is passed.
import { describe, expect, it } from 'vitest';
import type { Runbook } from '../../src/domain/ir.ts';
import { strictChecks } from '../../src/domain/strict.ts';
import { SHOP } from '../world/scenes/deploy.ts';
import { CEL } from '../world/scenes/fan-out.ts';
import { ANA, play, STEP } from '../world/scenes/play.ts';
import { deployRunbook } from '../world/scenes/runbook.ts';

const watching = (strict: number): Runbook =>
  deployRunbook({
    id: 'watching',
    inputs: { org: { type: 'org', required: true } },
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
            mode: 'all',
            strict,
            checks: [{ probe: 'http', with: { url: 'http://shop/' }, expect: 'tried == 10' }],
          },
        ],
      },
    ],
  });

/** The share of failures that the traffic proves at least. */
async function watched(strict: number, lower: number) {
  const one = await play({ runbook: watching(strict), expression: CEL });
  const asked: unknown[] = [];
  (one.world.probes as Record<string, unknown>)['metric'] = {
    measure: async (args: unknown) => {
      asked.push(args);
      const values = { value: lower * 1.5, lower, upper: lower * 2, bad: 1, all: 100, growing: false };
      return { known: true, values, interval: { lower, upper: lower * 2 } };
    },
  };
  await one.commands.startRun(ANA, { runbook: 'watching', inputs: { org: 'acme' }, key: 'k' });
  await one.until((incident) => incident.isRunning === false);
  return { asked, status: (await one.incident()).steps['watch']?.status };
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

  it('writes limits as expressions take them', () => {
    const [rule] = SHOP.triggers;
    const checks = (above: number) =>
      strictChecks([{ ...(rule as (typeof SHOP.triggers)[number]), scope: 'all', breach: { above, overMs: 1, stillMs: 1, forMs: 0 } }], {
        strict: 0.5,
        org: null,
      });
    expect([0.02, 10, 1e-6].map((above) => checks(above)[0]?.expect)).toEqual(['lower <= 0.01', 'lower <= 5.0', 'lower <= 0.0000005']);
    for (const above of [0.02, 10, 1e-6])
      expect(CEL.evaluate(checks(above)[0]?.expect ?? '', { lower: 'double' }, { lower: 0 })).toEqual({ ok: true, value: true });
  });
});
