// Alembic with its libraries, from Debian's packages unpacked in the clone, and what it needs of the environment. It knows no migration.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { ALEMBIC } from '../../../scripts/lanes.ts';
import { findPart } from '../../../scripts/parts.ts';

export interface AlembicPart {
  readonly file: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Why it cannot run here, or how it does. */
export function findAlembic(): AlembicPart | string {
  const found = findPart(ALEMBIC);
  if (found === null) return `there is no Alembic (Debian: ${ALEMBIC.packages.join(' ')})`;
  const root = path.join(path.dirname(found.file), '../..');
  const lib = path.join(root, 'usr/lib');
  const triple = existsSync(lib) ? readdirSync(lib).filter((name) => name.endsWith('-linux-gnu')) : [];
  const env = {
    PATH: '/usr/local/bin:/usr/bin:/bin',
    PYTHONPATH: path.join(lib, 'python3/dist-packages'),
    LD_LIBRARY_PATH: triple.map((name) => path.join(lib, name)).join(':'),
    PYTHONDONTWRITEBYTECODE: '1',
  };
  const tried = spawnSync(found.file, ['--version'], { env, encoding: 'utf8' });
  const driver = spawnSync('/usr/bin/python3', ['-c', 'import psycopg2'], { env, encoding: 'utf8' });
  const failed = [tried, driver].find((one) => one.status !== 0);
  return failed === undefined
    ? { file: found.file, env }
    : `Alembic does not run here: ${String(failed.error ?? failed.stderr)
        .trim()
        .slice(-300)}`;
}
