// Clocks and promises of an incident: what stops them, what starts them, and what never rings once it is over.
import { describe, expect, it } from 'vitest';
import type { ClockSpec } from '../../src/domain/ir.ts';
import { breach, breachOf, SHOP, START } from '../world/scenes/deploy.ts';
import { ANA, play, runbookOf, withStep } from '../world/scenes/play.ts';

const clock = (change: Partial<ClockSpec>): ClockSpec => ({ from: 'declared', budgetMs: 120_000, until: [], warn: 0.8, ...change });

describe('a clock', () => {
  it('stops as met when its phase is entered, and never rings afterwards', async () => {
    const system = { ...SHOP, clocks: { restore: clock({ until: ['phase.mitigated'] }) } };
    const one = await play({ system, runbook: withStep('watch', { forMs: 300_000 }) });
    await breach(one.disk, breachOf('acme', START));
    await one.until((incident) => incident.phase === 'watching');
    await one.clock.advance(200_000);
    const incident = await one.incident();
    expect(incident.phase).toBe('watching');
    expect(incident.clocks['restore']?.stoppedAt).toBe(incident.mitigatedAt);
    expect(incident.clocks['restore']?.breachedAt).toBeUndefined();
    expect((await one.all('clock.stopped')).find((data) => data.clock === 'restore')).toEqual({
      clock: 'restore',
      met: true,
      by: 'phase.mitigated',
    });
    expect((await one.world.incidents.timers('INC-1')).map((timer) => timer.id)).not.toContain('clock:restore:breach');
  });

  it('stops when the step that its `until` names has ended well', async () => {
    const system = { ...SHOP, clocks: { frozen: clock({ until: ['step:freeze'] }) } };
    const one = await play({ system });
    await breach(one.disk, breachOf('acme', START));
    await one.until((incident) => incident.steps['freeze']?.status === 'done');
    expect((await one.incident()).clocks['frozen']?.stoppedAt).toBe((await one.incident()).steps['freeze']?.endedAt);
  });

  it('that starts with a phase starts there, once, and rings when its time is over', async () => {
    const system = { ...SHOP, clocks: { watchLimit: clock({ from: 'phase.mitigated', budgetMs: 20_000 }) } };
    const one = await play({ system, runbook: withStep('watch', { forMs: 60_000 }) });
    await breach(one.disk, breachOf('acme', START));
    await one.until((incident) => incident.clocks['watchLimit']?.breachedAt !== undefined);
    const incident = await one.incident();
    expect(incident.clocks['watchLimit']?.startedAt).toBe(incident.mitigatedAt);
    expect((await one.all('clock.started')).filter((data) => data.clock === 'watchLimit')).toHaveLength(1);
  });
});

describe('after the incident is resolved', () => {
  it('nobody is called for an update that was promised while it was open', async () => {
    const one = await play({ runbook: runbookOf((steps) => steps.slice(0, -1)) });
    await breach(one.disk, breachOf('acme', START));
    await one.until((incident) => incident.phase === 'resolved');
    expect((await one.world.incidents.timers('INC-1')).map((timer) => timer.kind)).toEqual(['contingency']);
    await one.clock.advance(1_200_000);
    expect(await one.all('escalation.fired')).toEqual([]);
  });

  it('its open measure still calls its owner when it expires, and one that was closed calls nobody', async () => {
    const expiring = withStep('freeze', { contingency: { owner: 'commander', expiresMs: 600_000 } });
    const open = await play({ runbook: expiring });
    await breach(open.disk, breachOf('acme', START));
    await open.until((incident) => incident.phase === 'resolved');
    await open.clock.advance(700_000);
    expect((await open.all('escalation.fired')).map((data) => data.to)).toEqual(['commander']);
    const closed = await play({ runbook: expiring });
    await breach(closed.disk, breachOf('acme', START));
    await closed.until((incident) => incident.phase === 'resolved');
    await closed.commands.closeContingency(ANA, { incident: 'INC-1', step: 'freeze', note: 'thawed by hand', key: 'k' });
    expect(await closed.world.incidents.timers('INC-1')).toEqual([]);
    await closed.clock.advance(700_000);
    expect(await closed.all('escalation.fired')).toEqual([]);
  });
});
