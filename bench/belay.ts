// One real `belay up` for the bench: the first-rollback example with its service and its traffic, plus the runbook of the bench.
// It speaks to it as any client does.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createHttp } from '../src/adapters/http/index.ts';
import { type Client, connect } from '../src/cli/client.ts';
import { ensureShop, ensureTraffic } from '../src/cli/demo/scene.ts';
import { prepareStory, stopStory } from '../src/cli/demo/story.ts';
import { livingServer } from '../src/cli/server-file.ts';
import { makePlace } from './place.ts';
import { SLOW_RUNBOOK } from './slow-runbook.ts';

export interface Scene {
  /** Starts it and waits until it listens. @returns the seconds that took. */
  up(): Promise<number>;
  stop(): Promise<void>;
  kill(): Promise<void>;
  killStore(): Promise<void>;
  /** Without the data, and stopped: as if it had never run. */
  empty(): Promise<void>;
  readonly pid: number;
  readonly client: Client;
  remove(): Promise<void>;
}

const PATIENCE_MS = 60_000;
const LOOK_MS = 5;

export async function makeScene(): Promise<Scene> {
  const home = makePlace();
  const story = await prepareStory(home.dir, { scenario: 'deploy', mode: 'reset' });
  writeFileSync(path.join(story.dir, 'runbooks', 'slow.runbook.md'), SLOW_RUNBOOK);
  const { url } = await ensureShop(story);
  await ensureTraffic({ ...story, port: Number(new URL(url).port) });
  const http = createHttp({ allow: ['127.0.0.1'] });
  let data = makePlace();
  let child: ChildProcess | null = null;
  const ended = async (signal: NodeJS.Signals): Promise<void> => {
    const ending = child;
    child = null;
    if (ending === null || ending.exitCode !== null || ending.signalCode !== null) return;
    const gone = new Promise((resolve) => ending.once('exit', resolve));
    ending.kill(signal);
    await gone;
  };
  return {
    up: async () => {
      const startedAt = performance.now();
      child = start(path.join(data.dir, 'data'), story.dir, url);
      await listening(child, path.join(data.dir, 'data'));
      return (performance.now() - startedAt) / 1000;
    },
    stop: () => ended('SIGTERM'),
    kill: () => ended('SIGKILL'),
    killStore: () => data.killStore(),
    empty: async () => {
      await ended('SIGTERM');
      await data.remove();
      data = makePlace();
    },
    get pid() {
      return child?.pid ?? 0;
    },
    get client() {
      return connect(path.join(data.dir, 'data'), http);
    },
    remove: async () => {
      await ended('SIGKILL');
      await stopStory(story);
      await data.remove();
      await home.remove();
    },
  };
}

function start(dataDir: string, configDir: string, shopUrl: string): ChildProcess {
  const main = path.join(path.dirname(import.meta.dirname), 'src', 'main.ts');
  const argv = ['--disable-warning=ExperimentalWarning', main, 'up', '--data', dataDir, '--config', configDir, '--port', '0'];
  const log = openSync(logOf(dataDir), 'a');
  const child = spawn(process.execPath, argv, { stdio: ['ignore', log, log], env: { ...process.env, SHOP_URL: shopUrl } });
  closeSync(log);
  return child;
}

const logOf = (dataDir: string): string => `${dataDir}.log`;

async function listening(child: ChildProcess, dataDir: string): Promise<void> {
  const until = performance.now() + PATIENCE_MS;
  for (;;) {
    const server = livingServer(dataDir);
    if (server !== null && server.pid === child.pid && server.port !== 0) return;
    if (child.exitCode !== null)
      throw new Error(`belay up ended with ${child.exitCode}: ${readFileSync(logOf(dataDir), 'utf8').slice(-1_000)}`);
    if (performance.now() > until) throw new Error(`belay up does not listen after ${PATIENCE_MS / 1000} s`);
    await sleep(LOOK_MS);
  }
}
