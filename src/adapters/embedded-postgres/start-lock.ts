// One process at a time looks after the cluster (creates, attaches, starts, stops). A killed one blocks nobody.
import { randomUUID } from 'node:crypto';
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BelayError } from '../../domain/errors.ts';
import { isAlive, startOf } from './process-table.ts';

const PATIENCE_MS = 90_000;

export async function withStartLock<T>(root: string, work: () => Promise<T>): Promise<T> {
  const path = join(root, 'start.lock');
  const mine = join(root, `start.${randomUUID()}`);
  writeFileSync(mine, JSON.stringify({ pid: process.pid, started: startOf(process.pid) }), { mode: 0o600 });
  try {
    await acquire(mine, path);
    try {
      return await work();
    } finally {
      rmSync(path, { force: true });
    }
  } finally {
    rmSync(mine, { force: true });
  }
}

async function acquire(mine: string, path: string): Promise<void> {
  const until = performance.now() + PATIENCE_MS;
  while (!linked(mine, path)) {
    const owner = ownerOf(path);
    if (owner === null) continue;
    if (!isAlive(owner.pid) || startOf(owner.pid) !== owner.started) rmSync(path, { force: true });
    else if (performance.now() > until) {
      throw new BelayError('BELAY_STORE_LOCKED', `process ${owner.pid} has been starting the embedded Postgres for too long`, {
        hint: `Look at process ${owner.pid}; ${path} names it.`,
      });
    } else await sleep(25);
  }
}

function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function ownerOf(path: string): { readonly pid: number; readonly started: string } | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as { pid: number; started: string };
  } catch {
    // Released in between: try again.
    return null;
  }
}
