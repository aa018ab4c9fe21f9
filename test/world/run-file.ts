// A runbook file carried out from its first step to its last by the real loader, the real flows and the real adapters, as when a person types
// `belay run`; stores, journal and engine are in memory. Its time runs faster than ours, so that half a minute of waiting is a moment.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as really } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { createCel } from '../../src/adapters/cel/index.ts';
import { createHttp, createNet } from '../../src/adapters/http/index.ts';
import { createProcesses } from '../../src/adapters/process/index.ts';
import { createDigest, systemTime } from '../../src/adapters/system/index.ts';
import { DurableDisk } from '../../src/adapters/virtual/durable-disk.ts';
import { KillSwitch } from '../../src/adapters/virtual/kill-switch.ts';
import { loadAndLint } from '../../src/config/lint.ts';
import type { Event, EventData, EventType } from '../../src/domain/event.ts';
import { openDrivers } from '../../src/drivers.ts';
import { createCommands } from '../../src/flows/commands.ts';
import { RESPOND, respondFlow } from '../../src/flows/respond.ts';
import type { World } from '../../src/flows/world.ts';
import type { Time } from '../../src/ports/time.ts';
import { TOOLS } from '../config/workspace.ts';
import { createWorld } from './scenes/deploy.ts';

export interface RunFileOptions {
  readonly yaml: string;
  /** The steps, and the headings around them; the front matter is made for them. */
  readonly steps: string;
  readonly org?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** How much faster than ours its time runs. */
  readonly speed?: number;
}

export type RunFile = Awaited<ReturnType<typeof openRunFile>>;

const front = (org: string | undefined): string => `---
belay: 1
id: by-hand
title: By hand
version: 1.0.0
lang: en
severity: P1
${org === undefined ? '' : 'inputs:\n  org: { type: org, required: true }\n'}---

# By hand

## Act

`;

/** Reads the files; nothing has been done when it resolves. */
export async function openRunFile(o: RunFileOptions) {
  const folder = mkdtempSync(path.join(tmpdir(), 'belay-run-file-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(path.join(folder, 'belay.yaml'), o.yaml);
  mkdirSync(path.join(folder, 'runbooks'));
  writeFileSync(path.join(folder, 'runbooks/by-hand.runbook.md'), front(o.org) + o.steps);
  const { system, runbooks, diagnostics, baseDir } = loadAndLint(folder, { ...TOOLS, env: o.env ?? {} });
  const errors = diagnostics.filter((one) => one.severity === 'error');
  const runbook = runbooks['by-hand']?.runbook;
  if (system === null || runbook === undefined || errors.length > 0) throw new Error(JSON.stringify(errors, null, 2));
  const [disk, kill, time] = [new DurableDisk(), new KillSwitch(), fasterTime(o.speed ?? 10)];
  const { allow } = system.network;
  const expression = createCel();
  const clock = { ofLife: () => time } as never;
  const base = createWorld({ disk, clock, kill, system, runbook });
  // What is outside has its own time.
  const drivers = openDrivers(system, {
    ...{ http: createHttp({ allow }), net: createNet({ allow }), processes: createProcesses(), time: systemTime, baseDir, expression },
    ...{ dataDir: folder, env: o.env ?? {}, say: () => undefined, digest: createDigest('key'), readings: base.readings, pause: base.pause },
  });
  const world: World = { ...base, ...drivers, expression };
  await world.engine.open({ [RESPOND]: respondFlow(world) });
  const commands = createCommands(world);
  const inputs = o.org === undefined ? {} : { org: o.org };
  return {
    world,
    plan: () => commands.plan({ runbook: 'by-hand', inputs }),
    run: async (withinMs = 60_000): Promise<Played> => {
      const { id } = await commands.startRun({ person: 'ana', roles: ['commander'] }, { runbook: 'by-hand', inputs, key: 'by-hand' });
      for (const until = Date.now() + withinMs; ; await really(20)) {
        const events = await world.incidents.events(id);
        if (events.some((one) => one.type === 'run.finished' || one.type === 'step.waiting')) return playedIn(events);
        if (Date.now() > until) throw new Error(`the run has not ended: ${JSON.stringify(playedIn(events))}`);
      }
    },
  };
}

export interface Played {
  /** `waiting`: a person was asked, and nobody answers here. */
  readonly outcome: string;
  /** `switch done`, in the order in which steps ended. */
  readonly steps: readonly string[];
  readonly events: readonly Event[];
}

function playedIn(events: readonly Event[]): Played {
  const all = <T extends EventType>(type: T): readonly EventData[T][] =>
    events.flatMap((event) => (event.type === type ? [event.data as EventData[T]] : []));
  const steps = events.flatMap((event) =>
    event.type === 'step.finished' || event.type === 'step.skipped' || event.type === 'step.undone'
      ? [`${event.data.step} ${event.type === 'step.finished' ? event.data.status : event.type.slice('step.'.length)}`]
      : [],
  );
  return { outcome: all('run.finished').at(-1)?.outcome ?? (all('step.waiting').length > 0 ? 'waiting' : 'not ended'), steps, events };
}

/** One clock, so that everything of the run agrees about the time. */
function fasterTime(speed: number): Time {
  const [start, began] = [Date.now(), performance.now()];
  const passedMs = (): number => (performance.now() - began) * speed;
  return {
    now: () => Math.round(start + passedMs()),
    monotonicMs: passedMs,
    sleep: (ms, signal) =>
      really(Math.min(ms / speed, 1_000_000_000), undefined, signal === undefined ? {} : { signal }).catch(() => undefined),
    uuid: () => crypto.randomUUID(),
  };
}
