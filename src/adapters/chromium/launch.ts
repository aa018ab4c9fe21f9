// Starts a Chromium and ends it with everything that it started. Its profile is named after the Belay that made it, so that what a killed
// Belay left behind is found and swept by the next one. A browser whose pipe breaks ends by itself.
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'puppeteer-core';
import { BelayError } from '../../domain/errors.ts';
import type { Lang } from '../../domain/system.ts';
import type { Processes } from '../../ports/process.ts';
import type { Time } from '../../ports/time.ts';

export interface Started {
  readonly browser: Browser;
  end(): Promise<void>;
}

export interface StartOptions {
  readonly path: string;
  /** Host → the address behind it. No other name or address exists for this browser. */
  readonly hosts: readonly (readonly [string, string])[];
  readonly lang: Lang;
  readonly sandboxed: boolean;
}

interface Ground {
  readonly processes: Pick<Processes, 'self' | 'inspect'>;
  readonly time: Pick<Time, 'sleep'>;
}

const START_MS = 20_000;
const CLOSE_MS = 2_000;
const PREFIX = 'belay-browser-';
const PATHS = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export async function start(o: StartOptions, { processes, time }: Ground): Promise<Started> {
  const { launch } = await driver();
  await sweep(processes);
  const self = await processes.self();
  const profile = await mkdtemp(join(tmpdir(), `${PREFIX}${self.pid}-${/^\w+$/.test(self.start) ? self.start : ''}-`));
  try {
    const browser = await launch({
      executablePath: o.path,
      pipe: true,
      userDataDir: profile,
      // Tokens of sources, targets and channels stand in our environment: nothing of it goes along.
      env: { PATH: PATHS, HOME: profile, TMPDIR: profile, LANG: 'C.UTF-8' },
      args: argsOf(o),
      timeout: START_MS,
      handleSIGINT: false,
      handleSIGTERM: false,
      handleSIGHUP: false,
      downloadBehavior: { policy: 'deny' },
      defaultViewport: { width: 1280, height: 800 },
    });
    return { browser, end: () => ended(browser, profile, time) };
  } catch (cause) {
    await removed(profile);
    throw new BelayError('BELAY_PROCESS_FAILED', `${o.path} did not start: ${firstLines(cause)}`, {
      hint: 'Start it by hand as the user of Belay, with --headless --dump-dom about:blank, and see what it says.',
      cause,
    });
  }
}

function argsOf({ hosts, lang, sandboxed }: StartOptions): string[] {
  const rules = [...hosts.map(([host, address]) => `MAP ${host} ${address}`), 'MAP * ~NOTFOUND'];
  return [
    ...(sandboxed ? [] : ['--no-sandbox']),
    `--host-resolver-rules=${rules.join(', ')}`,
    '--no-proxy-server',
    '--disable-quic',
    '--force-webrtc-ip-handling-policy=disable_non_proxied_udp',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--disable-gpu',
    // The list below its address bar is a page with a process of its own, made anew for each window: half of what a window costs.
    '--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup,WebUIOmniboxFullPopup',
    '--disable-dev-shm-usage',
    '--renderer-process-limit=2',
    '--js-flags=--max-old-space-size=512',
    '--disk-cache-size=33554432',
    `--lang=${lang}`,
    `--accept-lang=${lang}`,
  ];
}

async function driver(): Promise<{ readonly launch: typeof import('puppeteer-core')['default']['launch'] }> {
  try {
    const { default: puppeteer } = await import('puppeteer-core');
    return { launch: (options) => puppeteer.launch(options) };
  } catch (cause) {
    throw new BelayError('BELAY_PROCESS_FAILED', 'puppeteer-core, which drives the browser, is not installed beside Belay', {
      hint: 'Type: npm install puppeteer-core@24.43.1',
      cause,
    });
  }
}

/** Puppeteer quotes all that Chromium printed. */
const firstLines = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n').slice(0, 4).join(' ').slice(0, 400);

async function ended(browser: Browser, profile: string, time: Pick<Time, 'sleep'>): Promise<void> {
  const child = browser.process();
  const over = new AbortController();
  await Promise.race([browser.close().catch(() => undefined), time.sleep(CLOSE_MS, over.signal)]);
  over.abort();
  const isOver = child === null || child.exitCode !== null || child.signalCode !== null;
  if (!isOver && child.pid !== undefined) killed(-child.pid);
  endProcessesOf(profile);
  await removed(profile);
}

function killed(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ESRCH' && code !== 'EPERM') throw error;
  }
}

const removed = (folder: string): Promise<void> => rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });

/** Profiles of a Belay that lives no more, and the browsers that still have one. */
async function sweep(processes: Pick<Processes, 'inspect'>): Promise<void> {
  for (const name of readdirSync(tmpdir())) {
    const [, pid, owner] = /^belay-browser-(\d+)-(\w*)-\w+$/.exec(name) ?? [];
    if (pid === undefined || owner === undefined) continue;
    const folder = join(tmpdir(), name);
    const seen = await processes.inspect(Number(pid));
    if ((seen !== null && (owner === '' || seen.start === owner)) || !isOurs(folder)) continue;
    endProcessesOf(folder);
    await removed(folder);
  }
}

/** The folder of temporary files is everybody's. */
function isOurs(folder: string): boolean {
  const seen = lstatSync(folder, { throwIfNoEntry: false });
  return seen?.isDirectory() === true && (process.getuid === undefined || seen.uid === process.getuid());
}

/** Where there is a /proc; elsewhere a browser whose pipe is broken ends by itself. */
function endProcessesOf(profile: string): void {
  for (const pid of pidsIn('/proc')) if (commandOf(pid).includes(`--user-data-dir=${profile}`)) killed(pid);
}

function pidsIn(proc: string): readonly number[] {
  try {
    return readdirSync(proc)
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    // Not Linux.
    return [];
  }
}

function commandOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    // It ended while we looked, or is somebody else's.
    return [];
  }
}
