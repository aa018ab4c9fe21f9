// Measures the real process of `belay up`: start, memory, the way from an approval to the next step, resume after SIGKILL.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Event } from '../src/domain/event.ts';
import type { Incident } from '../src/domain/incident.ts';
import { makeScene, type Scene } from './belay.ts';
import type { Measure } from './measure.ts';
import { memoryMiB } from './process-tree.ts';

const ROUNDS = 5;
const SETTLE_MS = 8_000;
const SAMPLES = 5;
const LOOK_MS = 20;
const PATIENCE_MS = 30_000;

export const belayStart: Measure = {
  name: 'belay up: start',
  how: `examples/first-rollback with its service and traffic; from the start of the Node process to a door that listens, ${ROUNDS} times in an empty directory and again in the used one.`,
  run: () =>
    inScene(async (scene) => {
      const cold: number[] = [];
      const warm: number[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        cold.push(await scene.up());
        await scene.stop();
        warm.push(await scene.up());
        await scene.empty();
      }
      return [
        { name: 'cold start to ready', unit: 's', samples: cold },
        { name: 'warm start to ready', unit: 's', samples: warm, aim: 2 },
      ];
    }),
};

export const belayMemory: Measure = {
  name: 'belay up: memory',
  how: `Sum of the proportional set sizes of the Node process and its Postgres: idle is ${SETTLE_MS / 1000} s after the start, watching a service every second; busy is while ${ROUNDS} runs are started, approved and carried through.`,
  run: () =>
    inScene(async (scene) => {
      await scene.up();
      await sleep(SETTLE_MS);
      const idle: number[] = [];
      for (let sample = 0; sample < SAMPLES; sample += 1) {
        idle.push(memoryMiB(scene.pid));
        await sleep(500);
      }
      const busy: number[] = [];
      const sampling = setInterval(() => busy.push(memoryMiB(scene.pid)), 250);
      try {
        for (let round = 0; round < ROUNDS; round += 1) await carriedThrough(scene);
      } finally {
        clearInterval(sampling);
      }
      return [
        { name: 'idle tree', unit: 'MiB', samples: idle, aim: 250 },
        { name: 'busy tree', unit: 'MiB', samples: busy },
      ];
    }),
};

export const belayApproval: Measure = {
  name: 'belay up: approval to the next step',
  how: `An incident waits for an approval; from the HTTP request that grants it to the next step.started of its log, ${ROUNDS * 2} times.`,
  run: () =>
    inScene(async (scene) => {
      await scene.up();
      const samples: number[] = [];
      for (let round = 0; round < ROUNDS * 2; round += 1) samples.push(await carriedThrough(scene));
      return [{ name: 'approval to the next step', unit: 'ms', samples }];
    }),
};

export const belayResume: Measure = {
  name: 'belay up: resume after kill -9',
  how: `Belay is killed while an incident's second of four steps waits 400 ms, and started again at once, ${ROUNDS} times alone and ${ROUNDS} times together with its Postgres: from the start of the new process to the first event that the resumed run writes, and to the door.`,
  run: () =>
    inScene(async (scene) => {
      await scene.up();
      const alone = [];
      for (let round = 0; round < ROUNDS; round += 1) alone.push(await killAndResume(scene, false));
      const both = [];
      for (let round = 0; round < ROUNDS; round += 1) both.push(await killAndResume(scene, true));
      return [
        { name: 'Belay killed, Postgres lives: to the first resumed step', unit: 's', samples: alone.map(({ stepS }) => stepS), aim: 3 },
        { name: 'Belay killed, Postgres lives: to the door', unit: 's', samples: alone.map(({ doorS }) => doorS) },
        { name: 'both killed: to the first resumed step', unit: 's', samples: both.map(({ stepS }) => stepS), aim: 3 },
        { name: 'both killed: to the door', unit: 's', samples: both.map(({ doorS }) => doorS) },
      ];
    }),
};

/** A whole run. @returns ms from its approval to the next step. */
async function carriedThrough(scene: Scene): Promise<number> {
  const id = await declared(scene);
  const approvedAt = await approved(scene, id);
  await over(scene, id);
  return (await firstStepAfter(scene, id, approvedAt)) - approvedAt;
}

async function killAndResume(scene: Scene, isStoreKilled: boolean): Promise<{ readonly stepS: number; readonly doorS: number }> {
  const id = await declared(scene);
  await approved(scene, id);
  await eventually(async () => (await eventsOf(scene, id)).find((event) => event.type === 'step.started' && event.data.step === 'two'));
  // The instant that it waits for is remembered by now, and past when Belay is back: the resumed run goes on at once.
  await sleep(150);
  await scene.kill();
  if (isStoreKilled) await scene.killStore();
  const startedAt = Date.now();
  const doorS = await scene.up();
  await over(scene, id);
  const first = (await eventsOf(scene, id)).find((event) => event.at >= startedAt && event.type.startsWith('step.'));
  return { stepS: ((first?.at ?? Number.NaN) - startedAt) / 1000, doorS };
}

async function declared(scene: Scene): Promise<string> {
  const { incident } = await scene.client.post<{ incident: Incident }>('/v1/runs', { runbook: 'bench-slow' }, randomUUID());
  return incident.id;
}

/** @returns when it was asked for. */
async function approved(scene: Scene, id: string): Promise<number> {
  const waiting = await eventually(async () => {
    const { incident } = await scene.client.get<{ incident: Incident }>(`/v1/incidents/${id}`);
    return Object.values(incident.approvals).find((approval) => approval.state === 'open');
  });
  // Long enough for the run to be at rest: what is measured is not the end of its asking.
  await sleep(200);
  const at = Date.now();
  const body = { decision: 'grant', planHash: waiting.planHash };
  await scene.client.post(`/v1/incidents/${id}/approvals/${encodeURIComponent(waiting.id)}`, body, randomUUID());
  return at;
}

/** Written up: only then another incident of the same runbook may begin. */
async function over(scene: Scene, id: string): Promise<void> {
  await eventually(async () => (await eventsOf(scene, id)).find((event) => event.type === 'postmortem.drafted'));
}

async function firstStepAfter(scene: Scene, id: string, at: number): Promise<number> {
  const event = (await eventsOf(scene, id)).find((one) => one.type === 'step.started' && one.at >= at);
  return event?.at ?? Number.NaN;
}

async function eventsOf(scene: Scene, id: string): Promise<readonly Event[]> {
  return (await scene.client.get<{ events: readonly Event[] }>(`/v1/incidents/${id}/events`)).events;
}

async function eventually<T>(look: () => Promise<T | undefined>): Promise<T> {
  const until = performance.now() + PATIENCE_MS;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > until) throw new Error(`what the bench waits for did not come in ${PATIENCE_MS / 1000} s`);
    await sleep(LOOK_MS);
  }
}

async function inScene<T>(work: (scene: Scene) => Promise<T>): Promise<T> {
  const scene = await makeScene();
  try {
    return await work(scene);
  } finally {
    await scene.remove();
  }
}
