// A real PM2 for tests: the command line, installed into a folder of its own beside the unpacked packages, never a dependency (AGPL-3.0).
// Each one has a home of its own. It judges nothing.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inPart, whyNoPart } from './npm-part.ts';

const PM2 = { name: 'pm2', packages: ['pm2@7.0.4'], proof: 'node_modules/pm2/bin/pm2' } as const;
const PROGRAM = inPart(PM2, PM2.proof);

export interface Pm2Part {
  readonly home: string;
  readonly command: readonly string[];
  /** A program of its own: `code` is its JavaScript. */
  start(name: string, code: string, more?: object): void;
  run(...args: readonly string[]): string;
  stop(): void;
}

/** Null when it is there, else why it cannot be had. */
export const whyNoPm2 = (): string | null => whyNoPart(PM2);

export function createPm2(): Pm2Part {
  const home = mkdtempSync(path.join(tmpdir(), 'belay-pm2-'));
  const run = (...args: readonly string[]): string => {
    const env = { ...process.env, PM2_HOME: home, SECRET_OF_THE_PROGRAM: 'hunter2' };
    const done = spawnSync(process.execPath, [PROGRAM, ...args], { env, encoding: 'utf8', timeout: 60_000 });
    if (done.status !== 0) throw new Error(`pm2 ${args.join(' ')} ended with ${done.status}: ${done.stderr}`);
    return done.stdout;
  };
  return {
    home,
    command: [process.execPath, PROGRAM],
    start: (name, code, more = {}) => {
      const script = path.join(home, `${name}.js`);
      writeFileSync(script, code);
      const file = path.join(home, `${name}.json`);
      // However slow this machine is, an end within a minute did not last.
      writeFileSync(file, JSON.stringify({ apps: [{ name, script, min_uptime: 60_000, ...more }] }));
      run('start', file);
    },
    run,
    stop: () => {
      run('kill');
      rmSync(home, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
