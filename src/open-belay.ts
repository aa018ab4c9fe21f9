// The composition root: the only file, with the registry, that knows everybody. It opens one Belay over a data directory and a folder of configuration,
// in an order that a crash at any point leaves whole, and closes it in the reverse one.
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { createArtefactFiles } from './adapters/artefact-files/index.ts';
import { createCel } from './adapters/cel/index.ts';
import type { EmbeddedPostgres } from './adapters/embedded-postgres/index.ts';
import { openEmbeddedPostgres } from './adapters/embedded-postgres/index.ts';
import type { Notice } from './adapters/engine-dbos/index.ts';
import { createDbosEngine } from './adapters/engine-dbos/index.ts';
import { createHttp, createNet } from './adapters/http/index.ts';
import type { JournalFile } from './adapters/journal-file/index.ts';
import { openJournalFile } from './adapters/journal-file/index.ts';
import type { PauseMark } from './adapters/pause-file/index.ts';
import { combinePause, createPauseFile } from './adapters/pause-file/index.ts';
import { createProcesses, createReplays } from './adapters/process/index.ts';
import { createRefusalFile } from './adapters/refusal-file/index.ts';
import { createStatusFiles } from './adapters/status-files/index.ts';
import type { Store } from './adapters/store-postgres/index.ts';
import { openStore } from './adapters/store-postgres/index.ts';
import { createDigest, systemTime } from './adapters/system/index.ts';
import { createRenderer } from './adapters/templates/index.ts';
import type { OpenedBelay, OpenOptions } from './cli/wiring.ts';
import { withClock } from './domain/clock-skew.ts';
import { BelayError } from './domain/errors.ts';
import { openDrivers } from './drivers.ts';
import { certify } from './flows/certify.ts';
import { createCommands } from './flows/commands.ts';
import { createDetector } from './flows/detect.ts';
import { EACH_LANE, eachLaneFlow } from './flows/each/lane.ts';
import { EXPIRE, expireFlow } from './flows/expire.ts';
import { startForwarding } from './flows/forward.ts';
import { breakerLine } from './flows/line-breaker.ts';
import { startLoops } from './flows/loops.ts';
import { withStability } from './flows/releases.ts';
import { RESPOND, respondFlow } from './flows/respond.ts';
import { wakeAll } from './flows/wake.ts';
import type { World } from './flows/world.ts';
import type { DeployTarget } from './ports/deploy-target.ts';
import type { Digest } from './ports/digest.ts';
import type { Engine } from './ports/engine.ts';
import type { PauseSwitch } from './ports/pause.ts';
import { type OpenedSources, openSources } from './registry.ts';
import { type OpenedSettings, servedFlags } from './registry-settings.ts';
import type { Listening } from './server/app.ts';
import { createServer, type ServerDeps } from './server/app.ts';
import { createAuth } from './server/auth.ts';
import { openRefusals } from './server/refusals.ts';

/** How long the first look at the sources may take before runs are resumed all the same. */
const SIGHT_MS = 2_000;

/** @throws BELAY_STORE_UNAVAILABLE, BELAY_STORE_UNSUPPORTED, BELAY_STORE_LOCKED, BELAY_SERVER_RUNNING, BELAY_AUDIT_UNAVAILABLE */
export async function openBelay(o: OpenOptions): Promise<OpenedBelay> {
  // 0711: the store's own user must be able to walk through to its folder; what is secret inside is 0600.
  mkdirSync(o.dataDir, { recursive: true, mode: 0o711 });
  const closers: Closers = [];
  try {
    return await openAll(o, closers);
  } catch (error) {
    await closeAll(closers, o.say);
    throw error;
  }
}

/** What an earlier Belay that was killed has left on servers for trying; nobody waits for that. */
function sweepThrownAway({ databases = {} }: World, onTrouble: (error: unknown) => void): void {
  for (const { sweep } of Object.values(databases)) sweep?.().catch(onTrouble);
}

type Closers = (() => Promise<unknown>)[];

async function openAll(o: OpenOptions, closers: Closers): Promise<OpenedBelay> {
  const ground = await openGround(o, closers);
  const { world, http, detector, senders, served, whenBreached } = buildWorld(o, ground);
  // Detection sees before the engine resumes: a recovered run that asks its guards must not meet an empty memory.
  await detector.start();
  closers.push(() => detector.stop());
  await detector.settled(SIGHT_MS);
  await lookOnce(world);
  await world.engine.open({ [RESPOND]: respondFlow(world), [EACH_LANE]: eachLaneFlow(world), [EXPIRE]: expireFlow(world) });
  closers.push(() => world.engine.close());
  const loops = startLoops(world, (error) => o.say(troubleLine(error)));
  closers.push(() => loops.stop());
  whenBreached(() => loops.wakeResponder());
  await wakeAll(world);
  sweepThrownAway(world, (error) => o.say(troubleLine(error)));
  const { databaseUrl, store } = ground;
  const forwarding = startForwarding({
    intakes: world.system.intakes ?? [],
    store: store.intake,
    http,
    time: world.time,
    mayAct: () => world.engine.mayAct(),
    onError: (error) => o.say(troubleLine(error)),
    onBreaker: (turn) => o.say(breakerLine(turn)),
    onAside: ({ intake, id }, said) =>
      o.say(`intake ${intake}: the message ${id} is set aside, its receiver ${said}; intake.retry puts it back`),
  });
  closers.push(() => forwarding.stop());
  const { listening, code } = await openDoor(o, world, {
    databaseUrl,
    idempotency: store.idempotency,
    senders,
    intake: { store: store.intake, onStored: forwarding.wake },
    flags: served,
    certificates: store.certificates,
    closers,
  });
  closers.push(() => listening.close());
  return { url: listening.url, port: listening.port, loginLink: `${listening.url}/login#${code}`, close: () => closeAll(closers, o.say) };
}

/** What everything else stands on, in the order in which it must be closed last: journal, Postgres, store. */
interface Ground {
  readonly digest: Digest;
  readonly journal: JournalFile;
  readonly store: Store;
  readonly engine: Engine;
  readonly databaseUrl: string;
}

async function openGround(o: OpenOptions, closers: Closers): Promise<Ground> {
  const digest = createDigest(secretKey(o.dataDir));
  const journal = await openJournalFile({ dir: join(o.dataDir, 'journal') }, { digest, time: systemTime });
  closers.push(() => journal.close());
  const postgres = o.databaseUrl === undefined ? await openEmbedded(o) : null;
  if (postgres !== null) closers.push(() => postgres.stop());
  const databaseUrl = o.databaseUrl ?? (postgres as EmbeddedPostgres).url;
  const store = openStore({ databaseUrl, digest, time: systemTime });
  closers.push(() => store.close());
  await store.migrate();
  const onNotice = (notice: Notice): void => o.say(`engine: ${JSON.stringify(notice)}`);
  const engine = createDbosEngine({ databaseUrl, embedded: postgres !== null, version: o.version, onNotice });
  return { digest, journal, store, engine, databaseUrl };
}

/** All ports filled with adapters. Nothing runs yet. */
function buildWorld(o: OpenOptions, { digest, journal, store, engine }: Ground) {
  const time = systemTime;
  const system = withClock(o.system);
  const http = createHttp({ allow: system.network.allow });
  const deps = { http, time, processes: createProcesses(), baseDir: o.baseDir };
  const expression = createCel();
  const net = createNet({ allow: system.network.allow });
  const { sources, push, receivers } = openSources(system, { ...deps, net, expression, intake: store.intake });
  let onBreach = (): void => undefined;
  const onError = (error: unknown): void => o.say(troubleLine(error));
  const detector = createDetector({ system, store: store.signals, time, sources, onTransition: () => onBreach(), onError });
  const pause = openPause(o.dataDir, store);
  const past = { system, releases: store.releases, incidents: store.incidents, time };
  const ground = {
    ...deps,
    net,
    expression,
    digest,
    pause,
    freezes: store.freezes,
    releases: store.releases,
    stability: (id: string, target: DeployTarget): DeployTarget => withStability(id, target, past),
    readings: detector.readings,
    dataDir: o.dataDir,
    env: o.env,
    say: o.say,
    intake: store.intake,
  };
  const drivers = openDrivers(system, ground);
  const world: World = {
    system,
    runbooks: o.runbooks,
    engine,
    time,
    digest,
    journal,
    pause,
    incidents: store.incidents,
    documents: store.documents,
    partLocks: store.partLocks,
    freezes: store.freezes,
    releases: store.releases,
    outbox: store.outbox,
    signals: store.signals,
    silences: store.silences,
    shadows: store.shadows,
    certificates: store.certificates,
    readings: detector.readings,
    expression,
    renderer: createRenderer(),
    statusPage: system.statusPage === null ? null : createStatusFiles({ dir: join(o.dataDir, 'status') }),
    artefacts: createArtefactFiles({ dir: o.dataDir }),
    ...drivers,
  };
  const whenBreached = (wake: () => void): void => {
    onBreach = wake;
  };
  return { world, http, detector, senders: { push, receivers }, served: servedFlags(system, drivers.flags), whenBreached };
}

/** Drivers note foreign changes when they look; a first look at the start gives the first bad deploy its "before". */
async function lookOnce({ targets, switches, system }: World): Promise<void> {
  const looks = [
    ...Object.values(targets).map((target) => target.current()),
    ...Object.values(switches).flatMap((flow) => system.organizations.map((org) => flow.get(org.id))),
  ];
  // What cannot be reached now is reported by whoever needs it: a plan, a guard, `belay doctor`.
  await Promise.allSettled(looks);
}

function openPause(dataDir: string, { pauseRow }: Store): PauseSwitch {
  const store = {
    read: () => pauseRow.read(),
    set: (mark: PauseMark) => pauseRow.set(mark.who, mark.reason),
    clear: (who: string) => pauseRow.clear(who),
  };
  return combinePause({ file: createPauseFile({ dataDir }, { time: systemTime }), store }, { time: systemTime });
}

function openEmbedded(o: OpenOptions): Promise<EmbeddedPostgres> {
  return openEmbeddedPostgres({
    dataDir: o.dataDir,
    onProgress: (phase, detail) => o.say(`store: ${phase}${detail === '' ? '' : ` (${detail})`}`),
  });
}

async function openDoor(
  o: OpenOptions,
  world: World,
  parts: {
    readonly databaseUrl: string;
    readonly idempotency: Store['idempotency'];
    readonly senders: Pick<OpenedSources, 'push' | 'receivers'>;
    readonly intake: ServerDeps['intake'];
    readonly flags: OpenedSettings['flags'];
    readonly certificates: Store['certificates'];
    readonly closers: Closers;
  },
): Promise<{ readonly listening: Listening; readonly code: string }> {
  const { push, receivers } = parts.senders;
  const onTrouble = (error: unknown): void => o.say(troubleLine(error));
  const refusals = await openRefusals({ time: world.time, log: createRefusalFile({ dataDir: o.dataDir }), onTrouble });
  parts.closers.push(() => refusals.close());
  const auth = await createAuth({ dataDir: o.dataDir, people: o.system.people, roles: o.system.roles }, { time: world.time });
  const server = createServer({
    world,
    commands: createCommands(world),
    auth,
    version: o.version,
    idempotency: parts.idempotency,
    ...(push === null ? {} : { ingest: (batch) => push.push(batch) }),
    receivers,
    intake: parts.intake,
    flags: parts.flags,
    refusals,
    certify: (asked) => certify({ ...world, certificates: parts.certificates }, asked),
    replays: createReplays({
      entry: new URL(`./replay-child${extname(import.meta.url)}`, import.meta.url),
      databaseUrl: parts.databaseUrl,
      env: o.env,
    }),
    onRefused: ({ source, status, reason, times }) =>
      o.say(
        `source ${source}: ${times === 1 ? 'a request was' : `${times} requests were`} refused, the last one with ${status}: ${reason}`,
      ),
    onBug: (error) => o.say(`please report this bug: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`),
  });
  return { listening: await server.listen(o.port), code: auth.loginCode() };
}

/** Keys secrets' digests: made once for a data directory, readable by its owner alone. */
function secretKey(dataDir: string): string {
  const path = join(dataDir, 'secret.key');
  if (!existsSync(path)) {
    writeFileSync(path, randomBytes(32).toString('hex'), { mode: 0o600, flag: 'wx' });
    chmodSync(path, 0o600);
  }
  return readFileSync(path, 'utf8').trim();
}

/** Everything is closed, the last opened first; what cannot be closed is said and does not keep the rest open. */
async function closeAll(closers: Closers, say: (line: string) => void): Promise<void> {
  for (const close of closers.splice(0).reverse()) {
    try {
      await close();
    } catch (error) {
      say(troubleLine(error));
    }
  }
}

function troubleLine(error: unknown): string {
  if (BelayError.is(error)) return `${error.code}: ${error.message}${error.hint === undefined ? '' : ` ${error.hint}`}`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
