// Measures the life of engine and store without the rest of Belay: start, resume after SIGKILL, and the way from a signal to the next step.
import { type Child, startChild } from './child.ts';
import type { Measure } from './measure.ts';
import { makePlace, type Place } from './place.ts';

const ROUNDS = 5;
const KILLED_AT_STEP = 'step 3';
const APPROVALS = 20;

const start = (place: Place): Child => startChild(import.meta.resolve('./engine-child.ts'), ['port', place.dir]);

export const engineStart: Measure = {
  name: 'Engine and store: start',
  how: `From the start of a Node process to an engine that takes work, ${ROUNDS} directories: empty the first time, stopped in order and started again the second.`,
  run: async () => {
    const cold: number[] = [];
    const warm: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      await inPlace(async (place) => {
        for (const samples of [cold, warm]) {
          const startedAt = performance.now();
          const child = start(place);
          await child.heard('ready');
          samples.push(seconds(startedAt));
          await child.end();
        }
      });
    }
    return [
      { name: 'cold start to ready', unit: 's', samples: cold },
      { name: 'warm start to ready', unit: 's', samples: warm, aim: 2 },
    ];
  },
};

export const engineResume: Measure = {
  name: 'Engine and store: resume after kill -9',
  how: `A run of ten steps of 100 ms is killed in its fourth step and started again at once, ${ROUNDS} times each: from the start of the new Node process to the first line of the step that it resumes with.`,
  run: async () => {
    const alone: number[] = [];
    const both: number[] = [];
    await inPlace(async (place) => {
      for (let round = 0; round < ROUNDS; round += 1) alone.push(await killAndResume(place, false));
      for (let round = 0; round < ROUNDS; round += 1) both.push(await killAndResume(place, true));
    });
    return [
      { name: 'Node process killed, Postgres lives', unit: 's', samples: alone, aim: 3 },
      { name: 'both killed', unit: 's', samples: both },
    ];
  },
};

async function killAndResume(place: Place, isStoreKilled: boolean): Promise<number> {
  const first = start(place);
  await first.heard('ready');
  const reached = first.heard(KILLED_AT_STEP);
  await first.ask('slow');
  await reached;
  await first.kill();
  if (isStoreKilled) await place.killStore();
  const startedAt = performance.now();
  const second = start(place);
  const resumedWith = await second.heard('step');
  const took = seconds(startedAt);
  if (resumedWith !== KILLED_AT_STEP) throw new Error(`killed in ${KILLED_AT_STEP}, resumed with ${resumedWith}`);
  await second.heard('slow-done');
  await second.end();
  return took;
}

export const engineApproval: Measure = {
  name: 'Engine and store: approval to the next step',
  how: `A run waits for a signal; from the call that sends it to the first line of the step behind it, ${APPROVALS} times.`,
  run: async () => {
    const samples: number[] = [];
    await inPlace(async (place) => {
      const child = start(place);
      await child.heard('ready');
      for (let round = 0; round < APPROVALS; round += 1) samples.push(await child.ask('approve'));
      await child.end();
    });
    return [{ name: 'signal to the next step', unit: 'ms', samples }];
  },
};

async function inPlace(work: (place: Place) => Promise<void>): Promise<void> {
  const place = makePlace();
  try {
    await work(place);
  } finally {
    await place.remove();
  }
}

const seconds = (since: number): number => (performance.now() - since) / 1000;
