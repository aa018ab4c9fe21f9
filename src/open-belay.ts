// The composition root: the only file, with the registry, that knows everybody. It opens one Belay over a data directory and a folder of configuration,
// in an order that a crash at any point leaves whole, and closes it in the reverse one.
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createArtefactFiles } from './adapters/artefact-files/index.ts';
import { createCel } from './adapters/cel/index.ts';
import { createDbosEngine } from './adapters/engine-dbos/index.ts';
import { openEmbeddedPostgres } from './adapters/embedded-postgres/index.ts';
import type { EmbeddedPostgres } from './adapters/embedded-postgres/index.ts';
import { createHttp } from './adapters/http/index.ts';
import { openJournalFile } from './adapters/journal-file/index.ts';
import { combinePause, createPauseFile } from './adapters/pause-file/index.ts';
import { createProcesses } from './adapters/process/index.ts';
import { createStatusFiles } from './adapters/status-files/index.ts';
import { openStore } from './adapters/store-postgres/index.ts';
import { createDigest, systemTime } from './adapters/system/index.ts';
import { createRenderer } from './adapters/templates/index.ts';
import { BelayError } from './domain/errors.ts';
import { createActions } from './flows/actions/index.ts';
import { createCommands } from './flows/commands.ts';
import { createDetector } from './flows/detect.ts';
import { createProbes } from './flows/probes/index.ts';
import { RESPOND, respondFlow } from './flows/respond.ts';
import type { Loops } from './flows/loops.ts';
import { startLoops } from './flows/loops.ts';
import { wakeAll } from './flows/wake.ts';
import type { World } from './flows/world.ts';
import type { OpenedBelay, OpenOptions } from './cli/wiring.ts';
import { openChannels, openSources, openSwitches, openTargets } from './registry.ts';
import { createAuth } from './server/auth.ts';
import { createServer } from './server/app.ts';
import type { Listening } from './server/app.ts';

/** How long the first look at the sources may take before runs are resumed all the same. */
const SIGHT_MS = 2_000;

/** @throws BELAY_STORE_UNAVAILABLE, BELAY_STORE_UNSUPPORTED, BELAY_STORE_LOCKED, BELAY_SERVER_RUNNING, BELAY_AUDIT_UNAVAILABLE */
export async function openBelay(o: OpenOptions): Promise<OpenedBelay> {
  // 0711: the store's own user must be able to walk through to its folder; what is secret inside is 0600.
  mkdirSync(o.dataDir, { recursive: true, mode: 0o711 });
  const closers: (() => Promise<unknown>)[] = [];
  try {
    return await openAll(o, closers);
  } catch (error) {
    await closeAll(closers, o.say);
    throw error;
  }
}

async function openAll(o: OpenOptions, closers: (() => Promise<unknown>)[]): Promise<OpenedBelay> {
  const digest = createDigest(secretKey(o.dataDir));
  const time = systemTime;
  const journal = await openJournalFile({ dir: join(o.dataDir, 'journal') }, { digest, time });
  closers.push(() => journal.close());
  const postgres = o.databaseUrl === undefined ? await openEmbedded(o) : null;
  if (postgres !== null) closers.push(() => postgres.stop());
  const databaseUrl = o.databaseUrl ?? (postgres as EmbeddedPostgres).url;
  const store = openStore({ databaseUrl, digest, time });
  closers.push(() => store.close());
  await store.migrate();
  const engine = createDbosEngine({
    databaseUrl,
    embedded: postgres !== null,
    version: o.version,
    onNotice: (notice) => o.say(`engine: ${JSON.stringify(notice)}`),
  });
  const http = createHttp({ allow: o.system.network.allow });
  const processes = createProcesses();
  const { pauseRow } = store;
  const pause = combinePause(
    {
      file: createPauseFile({ dataDir: o.dataDir }, { time }),
      store: { read: () => pauseRow.read(), set: (mark) => pauseRow.set(mark.who, mark.reason), clear: (who) => pauseRow.clear(who) },
    },
    { time },
  );
  const deps = { http, time, processes, baseDir: o.baseDir };
  const { sources, push } = openSources(o.system, deps);
  let loops: Loops | null = null;
  const detector = createDetector({ system: o.system, store: store.signals, time, sources, onTransition: () => loops?.wakeResponder(), onError: (error) => o.say(troubleLine(error)) });
  const targets = openTargets(o.system, deps);
  const switches = openSwitches(o.system, deps);
  const expression = createCel();
  const world: World = {
    system: o.system,
    runbooks: o.runbooks,
    engine,
    time,
    digest,
    journal,
    pause,
    incidents: store.incidents,
    documents: store.documents,
    outbox: store.outbox,
    signals: store.signals,
    readings: detector.readings,
    expression,
    renderer: createRenderer(),
    statusPage: o.system.statusPage === null ? null : createStatusFiles({ dir: join(o.dataDir, 'status') }),
    artefacts: createArtefactFiles({ dir: o.dataDir }),
    targets,
    switches,
    channels: openChannels(o.system, { ...deps, dataDir: o.dataDir, say: o.say }),
    actions: createActions({ targets, switches, pause }),
    probes: createProbes({ http, readings: detector.readings, targets, switches }),
  };
  // Detection sees before the engine resumes: a recovered run that asks its guards must not meet an empty memory.
  await detector.start();
  closers.push(() => detector.stop());
  await detector.settled(SIGHT_MS);
  await engine.open({ [RESPOND]: respondFlow(world) });
  closers.push(() => engine.close());
  const running = startLoops(world, (error) => o.say(troubleLine(error)));
  loops = running;
  closers.push(() => running.stop());
  await wakeAll(world);
  const server = await openDoor(o, world, { idempotency: store.idempotency, push });
  closers.push(() => server.listening.close());
  return {
    url: server.listening.url,
    port: server.listening.port,
    loginLink: `${server.listening.url}/login#${server.code}`,
    close: () => closeAll(closers, o.say),
  };
}

function openEmbedded(o: OpenOptions): Promise<EmbeddedPostgres> {
  return openEmbeddedPostgres({ dataDir: o.dataDir, onProgress: (phase, detail) => o.say(`store: ${phase}${detail === '' ? '' : ` (${detail})`}`) });
}

async function openDoor(
  o: OpenOptions,
  world: World,
  parts: { readonly idempotency: ReturnType<typeof openStore>['idempotency']; readonly push: ReturnType<typeof openSources>['push'] },
): Promise<{ readonly listening: Listening; readonly code: string }> {
  const auth = await createAuth({ dataDir: o.dataDir, people: o.system.people, roles: o.system.roles }, { time: world.time });
  const server = createServer({
    world,
    commands: createCommands(world),
    auth,
    version: o.version,
    idempotency: parts.idempotency,
    ...(parts.push === null ? {} : { ingest: (batch) => (parts.push as NonNullable<typeof parts.push>).push(batch) }),
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
async function closeAll(closers: (() => Promise<unknown>)[], say: (line: string) => void): Promise<void> {
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

