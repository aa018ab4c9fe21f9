// Runbook files as people write them, through the real loader and lint, on real targets, probes and commands: only the store, the engine and
// time are stand-ins. While real work goes on, time stands still.
import { mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createCel } from '../../../src/adapters/cel/index.ts';
import { createHttp, createNet } from '../../../src/adapters/http/index.ts';
import { createProcesses } from '../../../src/adapters/process/index.ts';
import { systemTime } from '../../../src/adapters/system/index.ts';
import type { VirtualTime } from '../../../src/adapters/virtual/time.ts';
import type { Incident } from '../../../src/domain/incident.ts';
import type { Json, JsonObject } from '../../../src/domain/json.ts';
import { openDrivers } from '../../../src/drivers.ts';
import type { World } from '../../../src/flows/world.ts';
import { lintFolder, told, workspace } from '../../config/workspace.ts';
import { ANA, play } from './play.ts';

export interface Written {
  /** belay.yaml behind its name, people and roles. */
  readonly system: string;
  readonly runbooks: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
}

export type FilesPlay = Awaited<ReturnType<typeof playFiles>>;

const HEAD = `belay: 1
name: App
people: { ana: { name: Ana, roles: [commander] }, eve: { name: Eve, roles: [commander] } }
roles: [commander]
network: { allow: ["127.0.0.1"] }
`;

/** `runbooks`: id → what stands behind its first heading. @throws what the lint says of it, where that is an error */
export async function playFiles({ system, runbooks, files = {} }: Written) {
  const texts = Object.entries(runbooks).map(([id, text]) => [`runbooks/${id}.runbook.md`, documentOf(id, text)]);
  const folder = workspace({ 'belay.yaml': HEAD + system, 'runbooks/base.runbook.md': null, ...Object.fromEntries(texts), ...files });
  const loaded = lintFolder(folder);
  if (loaded.system === null || Object.keys(loaded.runbooks).length < texts.length)
    throw new Error(JSON.stringify(loaded.diagnostics, null, 1));
  const one = await play({ system: loaded.system });
  const { world, clock } = one;
  const ground = {
    http: createHttp({ allow: ['127.0.0.1'] }),
    net: createNet({ allow: ['127.0.0.1'] }),
    expression: createCel(),
    processes: createProcesses(),
    time: systemTime,
    digest: world.digest,
    readings: world.readings,
    releases: world.releases,
    pause: world.pause,
    baseDir: folder,
    dataDir: path.join(folder, 'data'),
    env: {},
    say: () => undefined,
  };
  const drivers = openDrivers(loaded.system, ground);
  const pinned = Object.values(loaded.runbooks).map(({ runbook }) => [
    runbook.id,
    { runbook, irHash: world.digest.of(runbook as unknown as Json) },
  ]);
  const changed: Partial<World> = {
    runbooks: Object.fromEntries(pinned),
    expression: ground.expression,
    targets: busyEach(clock, drivers.targets),
    switches: busyEach(clock, drivers.switches),
    actions: busyEach(clock, drivers.actions),
    probes: busyEach(clock, drivers.probes),
    commandRunner: busy(clock, drivers.commandRunner),
    ...(drivers.databases === undefined ? {} : { databases: busyEach(clock, drivers.databases) }),
    ...{ flags: busyEach(clock, drivers.flags), configs: busyEach(clock, drivers.configs) },
  };
  Object.assign(world, changed);
  const run = async (runbook: string, inputs: JsonObject = {}): Promise<Incident> =>
    one.commands.startRun(ANA, { runbook, inputs, key: `run-${runbook}` });
  const finished = async (): Promise<{ readonly outcome: string; readonly reason: string }> => {
    await clock.advanceUntil(async () => (await one.all('run.finished')).length > 0, 3_600_000);
    const [end] = await one.all('run.finished');
    return { outcome: end?.outcome ?? '', reason: end?.reason ?? '' };
  };
  const statuses = async (): Promise<Readonly<Record<string, string>>> =>
    Object.fromEntries(Object.entries((await one.incident()).steps).map(([id, step]) => [id, step.status]));
  const plan = (runbook: string, inputs: JsonObject = {}) => one.commands.plan({ runbook, inputs });
  return { ...one, folder, told: told(loaded), run, plan, finished, statusOf: statuses };
}

function documentOf(id: string, text: string): string {
  return text.startsWith('---') ? text : `---\nbelay: 1\nid: ${id}\n---\n\n# ${id}\n\n${text}`;
}

/** Each call is real work, during which time stands still. */
function busy<T extends object>(clock: VirtualTime, thing: T): T {
  return new Proxy(thing, {
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]): unknown => {
        const answer: unknown = value.apply(target, args);
        return answer instanceof Promise ? clock.during(answer) : answer;
      };
    },
  });
}

const busyEach = <T extends object>(clock: VirtualTime, all: Readonly<Record<string, T>>): Readonly<Record<string, T>> =>
  Object.fromEntries(Object.entries(all).map(([id, one]) => [id, busy(clock, one)]));

/** Releases of an app under `service/`, oldest first, as a deployer leaves them; the last one is live. */
export function writeReleases(
  folder: string,
  releases: Readonly<Record<string, Readonly<Record<string, string>>>>,
  root = 'service',
): void {
  const service = path.join(folder, root);
  for (const [index, [release, files]] of Object.entries(releases).entries()) {
    const place = path.join(service, 'releases', release);
    mkdirSync(place, { recursive: true });
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(path.dirname(path.join(place, name)), { recursive: true });
      writeFileSync(path.join(place, name), text);
    }
    const at = new Date(Date.parse('2026-01-01T00:00:00Z') + index * 86_400_000);
    utimesSync(place, at, at);
  }
  symlinkSync(path.join('releases', Object.keys(releases).at(-1) ?? ''), path.join(service, 'current'));
}
