// An example of `examples/` as it runs: its belay.yaml through the real loader, its sources on real parts, detection over the fake store,
// in time that the test moves. It sends nobody anything and judges nothing.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createCel } from '../../../src/adapters/cel/index.ts';
import { createHttp, createNet } from '../../../src/adapters/http/index.ts';
import { createProcesses } from '../../../src/adapters/process/index.ts';
import { DurableDisk } from '../../../src/adapters/virtual/durable-disk.ts';
import { createVirtualSignalStore } from '../../../src/adapters/virtual/signal-store.ts';
import { loadAndLint } from '../../../src/config/lint.ts';
import type { LoadedSystem } from '../../../src/config/load.ts';
import type { Sample } from '../../../src/domain/signal.ts';
import type { System } from '../../../src/domain/system.ts';
import type { Transition } from '../../../src/domain/trigger.ts';
import { createDetector, type Detector } from '../../../src/flows/detect.ts';
import type { IntakeStore } from '../../../src/ports/intake-store.ts';
import type { PushedSource } from '../../../src/ports/signal-source.ts';
import { type OpenedSources, openSources } from '../../../src/registry.ts';
import { TOOLS } from '../../config/workspace.ts';
import { environmentOf } from '../../world/example-env.ts';
import { SteppedTime } from '../../world/parts/stepped-time.ts';

export const START = Date.parse('2026-03-02T12:00:00Z');
const EXAMPLES = path.join(import.meta.dirname, '../../../examples');

/** `env`: what the test really runs; the rest has the right form and is not reached. */
export function loadExample(name: string, env: Readonly<Record<string, string>>) {
  const folder = path.join(EXAMPLES, name);
  return loadAndLint(folder, { ...TOOLS, env: { ...environmentOf(readFileSync(path.join(folder, 'belay.yaml'), 'utf8')), ...env } });
}

export interface ExampleWorld {
  readonly system: System;
  readonly time: SteppedTime;
  readonly detector: Detector;
  readonly disk: DurableDisk;
  readonly runbooks: LoadedSystem['runbooks'];
  readonly receivers: OpenedSources['receivers'];
  pass(ms: number): Promise<void>;
  /** As a sender would: a JSON body, or bytes. */
  send(source: string, body: unknown, o?: { readonly path?: string; readonly headers?: Readonly<Record<string, string>> }): Promise<number>;
  /** Through `driver: push`. */
  push(samples: readonly Sample[]): Promise<void>;
  /** Status of a trigger, and whether what was seen is enough to act on. */
  state(trigger: string, scope?: string): Promise<string>;
  /** Steps of its state so far, such as `suspect→breached`. */
  path(trigger: string, scope?: string): Promise<readonly string[]>;
  transitions(trigger: string, scope?: string): Promise<readonly Transition[]>;
  report(trigger: string, by: string, role: string, scope?: string): Promise<void>;
  /** kill -9: memory is gone, the store is not. */
  kill(): Promise<void>;
  close(): Promise<void>;
}

export interface ExampleParts {
  /** What its intakes keep. */
  readonly intake?: IntakeStore;
}

export async function openExample(
  name: string,
  env: Readonly<Record<string, string>>,
  sources?: readonly string[],
  parts: ExampleParts = {},
): Promise<ExampleWorld> {
  const loaded = loadExample(name, env);
  const errors = loaded.diagnostics.filter((one) => one.severity === 'error');
  if (loaded.system === null || errors.length > 0) throw new Error(`${name}: ${JSON.stringify(errors)}`);
  // A test of one trigger runs the sources that it needs.
  const system = { ...loaded.system, sources: loaded.system.sources.filter((one) => sources === undefined || sources.includes(one.id)) };
  const time = new SteppedTime(START);
  const disk = new DurableDisk();
  const allow = ['127.0.0.1', 'localhost'];
  let opened: OpenedSources;
  let detector: Detector;
  const begin = async (): Promise<void> => {
    opened = openSources(system, {
      http: createHttp({ allow }),
      net: createNet({ allow }),
      expression: createCel(),
      time,
      processes: createProcesses(),
      baseDir: loaded.baseDir,
      ...parts,
    });
    detector = createDetector({ system, store: createVirtualSignalStore({ disk }), time, sources: opened.sources });
    await detector.start();
    await time.settle();
  };
  await begin();
  const views = async (trigger: string, scope: string) => (await detector.readings.views(trigger)).find((one) => one.scope === scope);
  return {
    system,
    time,
    disk,
    runbooks: loaded.runbooks,
    get detector() {
      return detector;
    },
    get receivers() {
      return opened.receivers;
    },
    pass: (ms) => time.pass(ms),
    send: async (source, body, o = {}) => {
      const receiver = opened.receivers[source] as PushedSource;
      const bytes = body instanceof Uint8Array ? body : Buffer.from(JSON.stringify(body));
      const headers = { 'content-type': 'application/json', ...o.headers };
      const reply = await receiver.receive({ method: 'POST', path: o.path ?? '', headers, body: bytes, at: time.now() });
      return reply.status;
    },
    push: async (samples) => opened.push?.push({ source: opened.push.id, at: time.now(), alive: true, samples }),
    state: async (trigger, scope = '') => {
      const view = await views(trigger, scope);
      if (view === undefined) return 'never seen';
      return `${view.status}${view.unknown ? ', unknown' : ''}${view.level === 'none' ? '' : `, ${view.level}`}`;
    },
    transitions: (trigger, scope = '') => createVirtualSignalStore({ disk }).transitions({ trigger, scope }),
    path: async (trigger, scope = '') => {
      const transitions = await createVirtualSignalStore({ disk }).transitions({ trigger, scope });
      return transitions.map((one) => `${one.from}→${one.to}`);
    },
    report: async (trigger, by, role, scope = '') =>
      void (await detector.readings.report({ trigger, scope, by, roles: [role], text: 'yes' })),
    kill: async () => {
      await detector.stop();
      await begin();
    },
    close: () => detector.stop(),
  };
}
