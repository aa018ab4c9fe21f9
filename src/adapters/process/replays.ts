// Replays in a process of their own: started with an order, heard while it goes on, killed when its time or its memory is over. What a
// replay does is the business of the program that is started.
import { type ChildProcess, fork } from 'node:child_process';
import type { ReplayEnd, ReplayOrder, ReplayReports, Replays, RunningReplay } from '../../ports/replays.ts';

export interface ReplaysOptions {
  /** The program: it answers an order with messages of the kinds below. */
  readonly entry: URL;
  readonly databaseUrl: string;
  /** The server's: what a program needs of it goes along, and nothing else. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly mostMs?: number;
  readonly mostMb?: number;
}

/** What the program is sent. */
export interface ReplayCall extends ReplayOrder {
  readonly databaseUrl: string;
}

/** What the program says. */
export type ReplaySaid =
  | { readonly said: 'progress'; readonly share: number }
  | { readonly said: 'done'; readonly reports: ReplayReports }
  | { readonly said: 'failed'; readonly why: string };

const TWO_HOURS_MS = 2 * 3_600_000;
/** Of what it complained of, the end is kept. */
const TAIL_CHARACTERS = 2_000;

export function createReplays({ entry, databaseUrl, env = {}, mostMs = TWO_HOURS_MS, mostMb = 768 }: ReplaysOptions): Replays {
  return {
    mostMs,
    start: (order, onProgress) => {
      const child = fork(entry, [], {
        env: ofReplay(env),
        execArgv: [...process.execArgv, `--max-old-space-size=${mostMb}`],
        serialization: 'advanced',
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      });
      return running(child, { ...order, databaseUrl }, { mostMs, mostMb, onProgress });
    },
  } satisfies Replays;
}

/** What a program needs to run and to reach the store. Tokens of sources, targets and channels stand in the environment, too: none goes along. */
const NEEDED = /^(?:PATH|HOME|TZ|LANG|LC_\w+|TMPDIR|NODE_\w+|SSL_CERT_\w+|PG[A-Z]+|SystemRoot)$/;

function ofReplay(env: Readonly<Record<string, string | undefined>>): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => NEEDED.test(name)));
}

interface Bounds {
  readonly mostMs: number;
  readonly mostMb: number;
  readonly onProgress: (share: number) => void;
}

function running(child: ChildProcess, call: ReplayCall, { mostMs, mostMb, onProgress }: Bounds): RunningReplay {
  let end: ReplayEnd | null = null;
  let tail = '';
  const endWith = (how: ReplayEnd): void => {
    end ??= how;
    child.kill('SIGKILL');
  };
  const late = setTimeout(() => endWith({ how: 'late', mostMs }), mostMs);
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    tail = `${tail}${text}`.slice(-TAIL_CHARACTERS);
  });
  child.on('message', (message) => {
    const one = message as ReplaySaid;
    if (one.said === 'progress') onProgress(Math.min(1, Math.max(0, one.share)));
    else endWith(one.said === 'done' ? { how: 'done', reports: one.reports } : { how: 'failed', why: one.why });
  });
  child.on('error', (error) => endWith({ how: 'failed', why: error.message }));
  // A failed send is told by the end of the program.
  child.send(call, () => undefined);
  const ended = closed(child).then((code): ReplayEnd => {
    clearTimeout(late);
    return end ?? (tail.includes('heap out of memory') ? { how: 'memory', mostMb } : { how: 'failed', why: whyOf(code, tail) });
  });
  return { ended, stop: () => endWith({ how: 'stopped' }) };
}

/** A program that could not be started closes nothing. */
function closed(child: ChildProcess): Promise<string> {
  if (child.pid === undefined) return Promise.resolve('it could not be started');
  return new Promise((resolve) => {
    child.once('close', (code, signal) => resolve(`it ended with ${signal ?? code ?? 'nothing'}`));
  });
}

function whyOf(ended: string, tail: string): string {
  const lines = tail.trim().split('\n');
  const told = lines.find((line) => /^\w*Error\b/.test(line)) ?? lines.at(-1) ?? '';
  return told === '' ? ended : `${ended}: ${told}`;
}
