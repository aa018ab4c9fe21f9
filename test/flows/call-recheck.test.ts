// After a called runbook has acted, the caller goes on: Belay's own guards judge a run before its first act, and once.
import { expect, it } from 'vitest';
import { DurableDisk } from '../../src/adapters/virtual/durable-disk.ts';
import type { Runbook, Step } from '../../src/domain/ir.ts';
import { bareRunbook, stepsOf } from '../../src/domain/ir.ts';
import { linkRunbook } from '../../src/domain/link-runbooks.ts';
import { fakeTargetOn } from '../world/fakes/action.ts';
import { BAD_RELEASE, breach, breachOf, GOOD_RELEASE, START, viewOf } from '../world/scenes/deploy.ts';
import { play, STEP } from '../world/scenes/play.ts';
import { deployRunbook } from '../world/scenes/runbook.ts';

function freezingAfter(): Runbook {
  const [tell, freeze, ...rest] = stepsOf(deployRunbook()) as [Step, Step, ...Step[]];
  const stable = rest.at(-1) as Step;
  const phase = (steps: readonly Step[]) => [{ id: 'all', title: 'All', text: '', steps }];
  const called = deployRunbook({ id: 'roll-back', clocks: {}, evidence: [] });
  const body = { ...called, phases: phase(rest.slice(0, -1).map((step) => ({ ...step, evidence: [] }))) };
  const call = { ...STEP, kind: 'call', id: 'back', title: 'Roll the shop back', runbook: bareRunbook('roll-back'), with: {} } as const;
  const outer = { ...deployRunbook({ evidence: [] }), phases: phase([tell, call, freeze, stable]) };
  const linked = linkRunbook(outer, (id) => (id === 'roll-back' ? body : undefined));
  if (!linked.ok) throw new Error(JSON.stringify(linked.problems));
  return linked.runbook;
}

const HEALED = { status: 'cleared', level: 'none', overLimit: false, bad: 0, value: 0 } as const;

it('a caller that acts after what it called is not asked to prove again what its own run has just changed', async () => {
  const disk = new DurableDisk();
  const isBack = (): boolean => fakeTargetOn(disk, 'shop', BAD_RELEASE).value === GOOD_RELEASE;
  const views = () => ['acme', 'globex', 'initech'].map((org) => viewOf(org, START, isBack() ? HEALED : {}));
  const one = await play({ disk, runbook: freezingAfter(), views });
  await breach(one.disk, breachOf('acme', START));
  await one.until((incident) => incident.phase === 'resolved' || Object.keys(incident.approvals).length > 0);
  const incident = await one.incident();
  expect(incident.approvals).toEqual({});
  expect(incident.steps['freeze']?.status).toBe('done');
});
