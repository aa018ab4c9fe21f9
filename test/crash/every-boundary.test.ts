// The deploy scenario killed at every boundary it has (before and after each checkpoint, commit, journal line, act, message and file),
// then started again: the same end, each outside effect once, the chain whole. In process, over the engine's fake, in virtual time.
import { describe, expect, it } from 'vitest';
import { DurableDisk } from '../../src/adapters/virtual/durable-disk.ts';
import { createVirtualIncidentStore } from '../../src/adapters/virtual/incident-store.ts';
import { journalLinesOf } from '../../src/adapters/virtual/journal.ts';
import { KillSwitch } from '../../src/adapters/virtual/kill-switch.ts';
import { createVirtualOutbox } from '../../src/adapters/virtual/outbox.ts';
import type { VirtualTime } from '../../src/adapters/virtual/time.ts';
import { createVirtualTime } from '../../src/adapters/virtual/time.ts';
import type { Incident } from '../../src/domain/incident.ts';
import { foldLog } from '../../src/domain/incident-fold.ts';
import { verifyEvidence } from '../../src/flows/evidence.ts';
import { fakeTargetOn } from '../world/fakes/action.ts';
import { createFakeDigest } from '../world/fakes/digest.ts';
import { BAD_RELEASE, breach, breachOf, GOOD_RELEASE, outsideOf, START, startLife } from '../world/scenes/deploy.ts';

interface Ended {
  readonly disk: DurableDisk;
  readonly clock: VirtualTime;
  readonly incident: Incident;
  readonly kill: KillSwitch;
}

const STABLE = 'INC-1/INC-1/stable%231/team/oncall';
const isOver = (disk: DurableDisk): boolean =>
  outsideOf(disk).files.has('INC-1/evidence.json') && outsideOf(disk).mailbox.some((one) => one.id === STABLE);

/** One story over several lives: each is killed at its boundary, the last one runs to the end. */
async function story(armed: readonly number[]): Promise<Ended> {
  const disk = new DurableDisk();
  const clock = createVirtualTime(START, 7);
  await breach(disk, breachOf('acme', START));
  for (const armedAt of [...armed, null]) {
    const kill = new KillSwitch(armedAt);
    void startLife({ disk, clock, kill });
    await clock.advanceUntil(() => kill.dead || isOver(disk), 10 * 60_000);
    if (!kill.dead) {
      await clock.advance(120_000);
      return { disk, clock, kill, incident: await incidentOn(disk, clock) };
    }
    await clock.advance(700);
  }
  throw new Error('unreachable: the last life is never killed');
}

async function incidentOn(disk: DurableDisk, clock: VirtualTime): Promise<Incident> {
  const store = createVirtualIncidentStore({ disk, digest: createFakeDigest(), time: clock });
  const incident = await store.load('INC-1');
  if (incident === null) throw new Error('no incident');
  expect(foldLog(await store.events('INC-1'))).toEqual(incident);
  return incident;
}

/** What must be equal however often Belay died. */
function endState({ disk, incident }: Ended) {
  return {
    phase: incident.phase,
    onContingency: incident.onContingency,
    steps: Object.fromEntries(Object.entries(incident.steps).map(([id, step]) => [id, step.status])),
    contingencies: incident.contingencies.map((one) => one.step),
    clocks: Object.values(incident.clocks).map((clock) => [clock.id, clock.stoppedAt !== undefined, clock.breachedAt === undefined]),
    evidence: incident.evidence,
    automaticRollbacks: incident.automaticRollbacks,
    live: fakeTargetOn(disk, 'shop', BAD_RELEASE).value,
    effects: [...fakeTargetOn(disk, 'freeze', 'open').effects, ...fakeTargetOn(disk, 'shop', BAD_RELEASE).effects].map(
      (effect) => `${effect.by}: ${effect.to}`,
    ),
    files: [...outsideOf(disk).files.keys()].sort(),
    intents: new Set(
      journalLinesOf(disk)
        .filter((line) => line.kind === 'intent')
        .map((line) => line.key),
    ).size,
    outcomes: journalLinesOf(disk)
      .filter((line) => line.kind === 'outcome' && line.effect === 'done')
      .map((line) => line.step)
      .filter((step, index, all) => all.indexOf(step) === index),
  };
}

/** Nothing twice; the last word always; the first word too, unless it was overtaken while nobody knew whether it had arrived. */
async function expectMessagesHold({ disk, clock }: Ended): Promise<void> {
  const ids = outsideOf(disk).mailbox.map((one) => one.id);
  expect(new Set(ids).size).toBe(ids.length);
  const outbox = createVirtualOutbox({ disk, digest: createFakeDigest(), time: clock });
  for (const delivery of await outbox.ofIncident('INC-1')) {
    expect(['sent', 'superseded']).toContain(delivery.state);
    if (delivery.id === STABLE) expect(delivery.state).toBe('sent');
    expect(ids.includes(delivery.id), delivery.id).toBe(delivery.state === 'sent');
  }
}

function expectEvidenceHolds(ended: Ended): void {
  const text = outsideOf(ended.disk).files.get('INC-1/evidence.json') ?? '';
  expect(verifyEvidence(text, createFakeDigest())).toMatchObject({ problems: [] });
}

describe('killed at every boundary of the deploy scenario', () => {
  it('ends undisturbed as resolved on contingency, with the good release live and each effect done once', async () => {
    const calm = await story([]);
    expect(endState(calm)).toMatchObject({
      phase: 'resolved',
      onContingency: true,
      live: GOOD_RELEASE,
      effects: ['belay: frozen', `belay: ${GOOD_RELEASE}`],
      steps: { tell: 'done', freeze: 'done', switch: 'done', answers: 'done', watch: 'done', stable: 'done' },
      automaticRollbacks: 1,
      evidence: ['detected-at', 'trigger', 'decision', 'restored-at'],
    });
    expectEvidenceHolds(calm);
  });

  it('ends the same after one kill at each boundary', async () => {
    const calm = await story([]);
    const expected = endState(calm);
    expect(calm.kill.count).toBeGreaterThan(100);
    for (let boundary = 1; boundary <= calm.kill.count; boundary += 1) {
      const ended = await story([boundary]);
      expect(endState(ended), `killed at boundary ${boundary} (${calm.kill.passed[boundary - 1]})`).toEqual(expected);
      expectEvidenceHolds(ended);
      await expectMessagesHold(ended);
    }
  }, 120_000);

  it('ends the same after three kills at scattered boundaries', async () => {
    const calm = await story([]);
    const expected = endState(calm);
    for (let round = 0; round < 60; round += 1) {
      const kills = [1 + ((round * 37) % calm.kill.count), 1 + ((round * 53) % 40), 1 + ((round * 71) % 60)];
      const ended = await story(kills);
      expect(endState(ended), `killed at ${kills.join(', ')}`).toEqual(expected);
    }
  }, 120_000);
});
