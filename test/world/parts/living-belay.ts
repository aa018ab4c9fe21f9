// A real Belay of a folder with a belay.yaml, as `belay up` starts it: begun, asked, and killed as a machine kills. It judges nothing.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createHttp } from '../../../src/adapters/http/index.ts';
import { type Client, connect } from '../../../src/cli/client.ts';
import { COMPILED } from '../compiled.ts';
import { eventually } from './shop.ts';

const MAIN = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));
const PATIENCE_MS = 30_000;

export interface LivingBelay {
  readonly folder: string;
  /** Begins a life, once the one before has ended. */
  up(): Promise<Client>;
  /** Ends it; resolves when the process is gone. */
  end(signal: NodeJS.Signals): Promise<void>;
  remove(): Promise<void>;
}

export function livingBelay(o: {
  readonly yaml: string;
  /** Beside belay.yaml: `runbooks/back.runbook.md`. */
  readonly files?: Readonly<Record<string, string>>;
  readonly databaseUrl: string;
  readonly env?: Readonly<Record<string, string>>;
}): LivingBelay {
  const folder = mkdtempSync(join(tmpdir(), 'belay-living-'));
  const dataDir = join(folder, 'data');
  for (const [name, text] of Object.entries({ ...o.files, 'belay.yaml': o.yaml })) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  let belay: ChildProcess | null = null;
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const child = belay;
    belay = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await gone;
  };
  return {
    folder,
    up: async () => {
      const env = { PATH: process.env['PATH'] ?? '', ...COMPILED, BELAY_DATABASE_URL: o.databaseUrl, ...o.env };
      const args = [MAIN, 'up', '--port', '0', '--data', dataDir];
      const child = spawn(process.execPath, args, { cwd: folder, env, stdio: ['ignore', 'ignore', 'pipe'] });
      belay = child;
      let said = '';
      child.stderr.on('data', (bytes: Buffer) => {
        said += bytes.toString('utf8');
      });
      await eventually(
        () => said,
        (text) => text.includes('Belay is up') || child.exitCode !== null,
        PATIENCE_MS,
      );
      if (!said.includes('Belay is up')) throw new Error(`belay up ended with ${child.exitCode}: ${said}`);
      return connect(dataDir, createHttp({ allow: ['127.0.0.1'] }));
    },
    end,
    remove: async () => {
      await end('SIGTERM');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
