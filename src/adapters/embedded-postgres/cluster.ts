// Creating the cluster once. A half-made one is thrown away at the next start: only a marker on the disk says it is whole.
import { spawn } from 'node:child_process';
import { closeSync, existsSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { BelayError } from '../../domain/errors.ts';
import type { Layout } from './layout.ts';
import type { Owner } from './owner.ts';

const markerOf = (layout: Layout): string => join(layout.root, 'initialized');

export function isCreated(layout: Layout): boolean {
  return existsSync(markerOf(layout));
}

export async function createCluster(layout: Layout, owner: Owner): Promise<void> {
  rmSync(layout.cluster, { recursive: true, force: true });
  // C keeps the order of indexes the same on every host; segments of 1 MiB keep archives of a quiet store small.
  const args = [
    '--pgdata',
    layout.cluster,
    '--username=postgres',
    '--encoding=UTF8',
    '--locale=C',
    '--auth=trust',
    '--wal-segsize=1',
    '--no-instructions',
  ];
  const { code, output } = await runTool(layout, owner, 'initdb', args);
  if (code !== 0) {
    throw new BelayError(
      'BELAY_STORE_UNAVAILABLE',
      `the embedded Postgres could not be created in ${layout.cluster}: ${output.trim().slice(-600)}`,
      {
        hint: 'Check free space and rights of the data directory, or set BELAY_DATABASE_URL.',
      },
    );
  }
  mark(layout);
}

export function environment(layout: Layout): Record<string, string> {
  const libraries = layout.libraries.join(':');
  // Nothing of ours leaks in: PGDATA, PGPORT and the like would change what it does.
  return { LD_LIBRARY_PATH: libraries, DYLD_LIBRARY_PATH: libraries, PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };
}

export function identity(owner: Owner): { readonly uid?: number; readonly gid?: number } {
  return owner === null ? {} : { uid: owner.uid, gid: owner.gid };
}

function runTool(
  layout: Layout,
  owner: Owner,
  tool: string,
  args: readonly string[],
): Promise<{ readonly code: number | null; readonly output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(join(layout.native, 'bin', tool), args, {
      ...identity(owner),
      cwd: '/',
      env: environment(layout),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const keep = (chunk: Buffer): void => {
      output += chunk.toString('utf8');
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', (error) =>
      reject(new BelayError('BELAY_STORE_UNAVAILABLE', `${tool} cannot be run: ${error.message}`, { cause: error })),
    );
    child.on('close', (code) => resolve({ code, output }));
  });
}

function mark(layout: Layout): void {
  for (const [path, flags] of [
    [markerOf(layout), 'w'],
    [layout.root, 'r'],
  ] as const) {
    const file = openSync(path, flags, 0o600);
    if (flags === 'w') writeSync(file, 'initdb ended well\n');
    fsyncSync(file);
    closeSync(file);
  }
}
