// The `migrations` probe: what a database has against what a release knows.
import { beyond } from '../../domain/migrations.ts';
import type { Database } from '../../ports/database.ts';
import type { Probe } from '../../ports/probe.ts';
import { named, textOf } from '../actions/arguments.ts';
import { migrationsOf } from '../actions/database.ts';
import { probeOf } from './probe.ts';

export function migrationsProbe(databases: Readonly<Record<string, Database>>): Probe {
  return probeOf('migrations', async (args) => {
    const migrations = migrationsOf(named(databases, 'database', textOf(args, 'database')));
    const release = textOf(args, 'release');
    const [known, applied] = await Promise.all([migrations.known(release), migrations.applied(release)]);
    const missing = known.filter(({ id }) => !applied.includes(id)).length;
    const values = { revision: applied.at(-1) ?? 'base', applied: applied.length, missing, unknown: beyond(applied, known).length };
    return { known: true, values };
  });
}
