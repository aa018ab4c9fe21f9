// A folder of configuration, run to its end: belay.yaml and one runbook through the real loader, its probes over real parts, on the engine,
// store and clock of the scenes. Real work is waited for; what waits for time costs none.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { createCel } from '../../../src/adapters/cel/index.ts';
import { createHttp, createNet } from '../../../src/adapters/http/index.ts';
import { createProcesses } from '../../../src/adapters/process/index.ts';
import { createDigest } from '../../../src/adapters/system/index.ts';
import { createVirtualTime, type VirtualTime } from '../../../src/adapters/virtual/time.ts';
import { loadAndLint } from '../../../src/config/lint.ts';
import type { Json, JsonObject } from '../../../src/domain/json.ts';
import { openDrivers } from '../../../src/drivers.ts';
import { createDetector } from '../../../src/flows/detect.ts';
import type { World } from '../../../src/flows/world.ts';
import type { Action } from '../../../src/ports/action.ts';
import type { Probe } from '../../../src/ports/probe.ts';
import { TOOLS } from '../../config/workspace.ts';
import { START } from './deploy.ts';
import { ANA, type Play, play } from './play.ts';

export interface FolderOptions {
  readonly yaml: string;
  /** Steps, and what else stands below the front matter. */
  readonly steps: string;
  /** Of the front matter, beside what every runbook has. */
  readonly front?: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  /** Detection itself, without its sources: people's reports are counted. */
  readonly detects?: true;
  /** The actions are real, too, and not those of the scene. */
  readonly acts?: boolean;
}

export const BELAY_YAML = `belay: 1
name: Shop
roles: [commander]
people:
  ana: { name: Ana, roles: [commander] }
organizations:
  acme: {}
  globex: {}
`;

export function folderOf({ yaml, steps, front = '', files = {}, env = {} }: FolderOptions) {
  const folder = mkdtempSync(path.join(tmpdir(), 'belay-folder-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const kept = [...steps.matchAll(/\bevidence: ([a-z][a-z0-9-]*)/g)].map((match) => match[1] ?? '');
  const evidence = kept.length === 0 ? '' : `evidence: [${kept.join(', ')}]\n`;
  const runbook = `---\nbelay: 1\nid: look\ntitle: Look\nversion: 1.0.0\nlang: en\nseverity: P2\n${evidence}${front}---\n\n# Look\n\n## Look\n\n${steps}\n`;
  for (const [name, text] of Object.entries({ ...files, 'belay.yaml': yaml, 'runbooks/look.runbook.md': runbook })) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  }
  return { folder, loaded: () => loadAndLint(folder, { ...TOOLS, env }) };
}

export interface FolderPlay extends Play {
  readonly folder: string;
  readonly clock: VirtualTime;
  /** Started by Ana; ends when the run has ended or asks. */
  run(inputs?: JsonObject): Promise<void>;
  /** What the run's step came to. */
  ended(step: string): Promise<{ readonly status: string; readonly detail: JsonObject } | null>;
  /** What `collect` kept under this name. */
  kept(evidence: string): Promise<JsonObject | null>;
}

export async function playFolder(o: FolderOptions): Promise<FolderPlay> {
  const { folder, loaded } = folderOf(o);
  const { system, runbooks, diagnostics } = loaded();
  expect(diagnostics.filter((one) => one.severity === 'error')).toEqual([]);
  const runbook = runbooks['look']?.runbook;
  if (system === null || runbook === undefined) throw new Error('the folder cannot be read');
  const clock = createVirtualTime(START, 3);
  const one = await play({ clock, system, runbook });
  const { world } = one;
  const detector =
    o.detects === undefined
      ? null
      : createDetector({
          system,
          store: world.signals,
          time: world.time,
          sources: [],
          onTransition: () => undefined,
          onError: (error) => one.trouble.push(error),
        });
  if (detector !== null) Object.assign(world, { readings: detector.readings });
  const http = createHttp({ allow: ['127.0.0.1'] });
  const expression = createCel();
  // Real time limits, and the time of the scene: a reader's patience is not what is played here.
  const time = {
    ...world.time,
    monotonicMs: () => performance.now(),
    sleep: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
  };
  const ground = { http, time, processes: createProcesses(), baseDir: folder };
  const { probes, actions } = openDrivers(system, {
    ...{ ...ground, net: createNet({ allow: ['127.0.0.1'] }), expression, digest: createDigest('key'), env: o.env ?? {} },
    ...{ readings: world.readings, pause: world.pause, dataDir: folder, say: () => undefined },
  });
  const waited = (probe: Probe): Probe => ({ ...probe, measure: (args, more) => clock.during(probe.measure(args, more)) });
  const worked = (action: Action): Action => ({
    ...action,
    observe: (args, more) => clock.during(action.observe(args, more)),
    act: (args, more) => clock.during(action.act(args, more)),
    impossible: (args) => clock.during(action.impossible(args)),
  });
  Object.assign(world as { -readonly [K in keyof World]: World[K] }, {
    expression,
    probes: Object.fromEntries(Object.entries(probes).map(([name, probe]) => [name, waited(probe)])),
    ...(o.acts === true ? { actions: Object.fromEntries(Object.entries(actions).map(([name, action]) => [name, worked(action)])) } : {}),
  });
  const ended: FolderPlay['ended'] = async (step) => (await one.all('step.finished')).findLast((event) => event.step === step) ?? null;
  const kept: FolderPlay['kept'] = async (evidence) => {
    const found = (await one.all('evidence.captured')).findLast((event) => event.evidence === evidence);
    if (found === undefined) return null;
    expect(found.sha256).toBe(world.digest.of(found.value as Json));
    return found.value as JsonObject;
  };
  const run = async (inputs: JsonObject = {}): Promise<void> => {
    await one.commands.startRun(ANA, { runbook: 'look', inputs, key: 'r1' });
    await clock.advanceUntil(async () => {
      const incident = await world.incidents.load('INC-1');
      const over = (await one.all('run.finished')).length > 0;
      return over || Object.keys(incident?.tasks ?? {}).length > 0;
    }, 12 * 3_600_000);
  };
  return { ...one, folder, clock, run, ended, kept };
}
