// The embedded store from outside: one call that ends with a Postgres that answers, whatever the last life left behind.
import type { Binaries } from './binaries.ts';
import { findBinaries } from './binaries.ts';
import { createCluster, isCreated } from './cluster.ts';
import type { Layout } from './layout.ts';
import { layOut } from './layout.ts';
import type { Owner } from './owner.ts';
import { ownerFor } from './owner.ts';
import type { Answer } from './postmaster.ts';
import { ask, findRunning, startServer, stopServer, urlOf } from './postmaster.ts';
import { isAlive } from './process-table.ts';
import { withStartLock } from './start-lock.ts';

export type ProgressPhase = 'relocated' | 'creating' | 'starting' | 'attached' | 'ready' | 'lost';
export interface EmbeddedPostgresOptions {
  readonly dataDir: string;
  /** Where the socket's folder goes; must be short. Default: /run for root, else the temporary directory. */
  readonly runtimeDir?: string;
  /** Under whom Postgres runs when we are root. Default: postgres, else nobody. */
  readonly user?: { readonly uid: number; readonly gid: number };
  /** `detail` is a path, for `lost` what went wrong. */
  readonly onProgress?: (phase: ProgressPhase, detail: string) => void;
  /** For tests of missing packages. */
  readonly findBinaries?: () => Binaries;
}

export interface EmbeddedPostgres {
  /** For the database `belay`, which the engine's migration creates. */
  readonly url: string;
  /** Of the server that runs now: it is started again, under another number, when it dies. */
  readonly pid: number;
  /** True when it already ran, left by a life that was killed or shared with a living one. */
  readonly attached: boolean;
  /** Where the cluster really lies. */
  readonly dataDir: string;
  readonly version: string;
  /**
   * Stops it, after everybody of this process has closed their connections. Left running, with `false`, when another process uses it.
   */
  readonly stop: () => Promise<boolean>;
}

/** @throws BELAY_STORE_UNSUPPORTED, BELAY_STORE_LOCKED, BELAY_STORE_UNAVAILABLE */
export async function openEmbeddedPostgres(o: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const binaries = (o.findBinaries ?? findBinaries)();
  const owner = ownerFor(o.user);
  const layout = layOut(o, binaries, owner);
  if (layout.isRelocated) o.onProgress?.('relocated', layout.root);
  const { answer, attached } = await withStartLock(layout.root, () => attachOrStart(layout, owner, o));
  o.onProgress?.(attached ? 'attached' : 'ready', layout.cluster);
  const keeper = new Keeper(layout, owner, o, answer.pid);
  return {
    url: urlOf(layout, 'belay'),
    get pid() {
      return keeper.pid;
    },
    attached,
    dataDir: layout.cluster,
    version: answer.version,
    stop: () => keeper.stop(),
  };
}

const LOOK_MS = 500;

/** Starts the server again when it dies (killed for memory, say) while we live. */
class Keeper {
  pid: number;
  readonly #layout: Layout;
  readonly #owner: Owner;
  readonly #o: EmbeddedPostgresOptions;
  readonly #timer: NodeJS.Timeout;
  #reviving: Promise<void> | null = null;
  #stopping: Promise<boolean> | null = null;

  constructor(layout: Layout, owner: Owner, o: EmbeddedPostgresOptions, pid: number) {
    this.#layout = layout;
    this.#owner = owner;
    this.#o = o;
    this.pid = pid;
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
    this.#timer.unref();
  }

  stop(): Promise<boolean> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<boolean> {
    clearInterval(this.#timer);
    await this.#reviving;
    return withStartLock(this.#layout.root, () => stopUnlessUsed(this.#layout, this.pid));
  }

  #look(): void {
    if (this.#stopping !== null || this.#reviving !== null || isAlive(this.pid)) return;
    this.#reviving = this.#revive().finally(() => {
      this.#reviving = null;
    });
  }

  /** A failure is told and tried again at the next look. */
  async #revive(): Promise<void> {
    this.#o.onProgress?.('lost', `process ${this.pid} is gone`);
    try {
      const { answer } = await withStartLock(this.#layout.root, () => attachOrStart(this.#layout, this.#owner, this.#o));
      this.pid = answer.pid;
      this.#o.onProgress?.('ready', this.#layout.cluster);
    } catch (error) {
      this.#o.onProgress?.('lost', error instanceof Error ? error.message : String(error));
    }
  }
}

async function attachOrStart(
  layout: Layout,
  owner: Owner,
  o: EmbeddedPostgresOptions,
): Promise<{ readonly answer: Answer; readonly attached: boolean }> {
  if (!isCreated(layout)) {
    o.onProgress?.('creating', layout.cluster);
    await createCluster(layout, owner);
  }
  const running = await findRunning(layout);
  if (running !== null) return { answer: running, attached: true };
  o.onProgress?.('starting', layout.cluster);
  return { answer: await startServer(layout, owner), attached: false };
}

/** Sessions that were just closed need a moment to vanish. */
const GOODBYE_TRIES = 20;

async function stopUnlessUsed(layout: Layout, pid: number): Promise<boolean> {
  for (let tries = 1; ; tries += 1) {
    const answer = await ask(layout);
    if (answer === null || answer.others === 0) break;
    if (tries === GOODBYE_TRIES) return false;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await stopServer(pid);
  return true;
}
