// Under which user Postgres runs: it refuses root, so root lends it another one, who must be able to reach every path it needs.
import { readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { BelayError } from '../../domain/errors.ts';

/** Null: as we are. */
export type Owner = { readonly uid: number; readonly gid: number; readonly name: string } | null;

export function ownerFor(configured?: { readonly uid: number; readonly gid: number }): Owner {
  if (process.getuid?.() !== 0) return null;
  if (configured !== undefined) return { ...configured, name: `uid ${configured.uid}` };
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  for (const name of ['postgres', 'nobody']) {
    const user = users.find((fields) => fields[0] === name);
    if (user !== undefined) return { name, uid: Number(user[2]), gid: Number(user[3]) };
  }
  throw new BelayError(
    'BELAY_STORE_UNSUPPORTED',
    'Postgres refuses to run as root, and this system has neither a user "postgres" nor "nobody"',
    {
      hint: 'Run Belay under an ordinary user, or set BELAY_DATABASE_URL.',
    },
  );
}

/** Every folder above and the path itself may be passed through by that user. Access lists are not read: modes decide. */
export function canTraverse(path: string, owner: Owner): boolean {
  if (owner === null) return true;
  for (let at = path; ; at = dirname(at)) {
    const seen = statSync(at, { throwIfNoEntry: false });
    if (seen !== undefined) {
      const bit = seen.uid === owner.uid ? 0o100 : seen.gid === owner.gid ? 0o010 : 0o001;
      if ((seen.mode & bit) === 0) return false;
    }
    if (at === dirname(at)) return true;
  }
}
