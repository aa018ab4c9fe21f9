// Owns having n8n once a machine: installed by npm into its own folder, with its SQLite compiled for the Node that runs. Refuses to start it.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { folderOf, isBuilt, N8N } from './heavy-parts.ts';

/** The reader of tables that it pins comes from a place of its maker's, which is no registry: an older one stands in. */
const MANIFEST = { private: true, dependencies: { n8n: N8N.version }, overrides: { xlsx: '0.18.5' } };
const LONGEST_MS = 30 * 60_000;

/** Null when it is there, else why it cannot be had. */
export function buildN8n(): string | null {
  if (isBuilt(N8N)) return null;
  const folder = folderOf(N8N);
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'package.json'), `${JSON.stringify(MANIFEST, null, 2)}\n`);
  const programs = path.dirname(process.execPath);
  const headers = existsSync(path.join(programs, '../include/node/node.h')) ? [`--nodedir=${path.dirname(programs)}`] : [];
  const steps = [
    ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'],
    ['rebuild', 'sqlite3', '--ignore-scripts=false', '--loglevel=error', ...headers],
  ];
  const env = { ...process.env, PATH: `${programs}${path.delimiter}${process.env['PATH'] ?? ''}` };
  for (const args of steps) {
    const done = spawnSync('npm', args, { cwd: folder, env, encoding: 'utf8', timeout: LONGEST_MS, stdio: ['ignore', 'ignore', 'pipe'] });
    if (done.status !== 0) return `npm ${args[0]} failed: ${done.stderr?.split('\n')[0] ?? 'npm did not run'}`;
  }
  return isBuilt(N8N) ? null : `npm left no ${N8N.proof.join(', or no ')}`;
}
