// Targets over real hosts for the tests of this folder.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createGitTarget } from '../../../src/adapters/git/index.ts';
import { createHttp } from '../../../src/adapters/http/index.ts';
import { createProcesses } from '../../../src/adapters/process/index.ts';
import { systemTime } from '../../../src/adapters/system/index.ts';
import type { TargetOptions } from '../../../src/domain/target-catalog.ts';
import { type GitHost, type GitHostOptions, startGitHost } from '../../world/parts/git-host.ts';

type Options = TargetOptions<'git'>;
const DEFAULTS = { branch: 'main', rebuildMs: 60_000, timeoutMs: 20_000, rewrite: false, hotfixBranch: false, runsReleaseHooks: false };

export function depsIn(baseDir: string, lookOnly = false) {
  const http = createHttp({ allow: ['127.0.0.1'] });
  return { time: systemTime, processes: createProcesses(), http, baseDir, ...(lookOnly ? { lookOnly } : {}) };
}

export interface Case {
  readonly host: GitHost;
  readonly baseDir: string;
  open(options?: Partial<Options>, lookOnly?: boolean): ReturnType<typeof createGitTarget>;
  close(): Promise<void>;
}

export async function startCase(options: GitHostOptions = {}): Promise<Case> {
  const host = await startGitHost(options);
  const baseDir = mkdtempSync(path.join(tmpdir(), 'belay-git-base-'));
  return {
    host,
    baseDir,
    open: (more = {}, lookOnly = false) => createGitTarget({ ...DEFAULTS, remote: host.url, ...more }, depsIn(baseDir, lookOnly)),
    close: async () => {
      await host.close();
      rmSync(baseDir, { recursive: true, force: true });
    },
  };
}
