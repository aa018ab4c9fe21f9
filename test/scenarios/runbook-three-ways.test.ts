// The three kinds of rollback of one service, chosen in one runbook: the release, the database, a flag. On real folders, a real Postgres and a real
// file of flags; the judge is what each of them holds afterwards, and that the two others were left alone.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PostgresPart, startPostgres } from '../world/parts/postgres.ts';
import { playFiles, writeReleases } from '../world/scenes/files.ts';
import { ANA } from '../world/scenes/play.ts';

let postgres: PostgresPart;
beforeAll(async () => {
  postgres = await startPostgres();
}, 60_000);
afterAll(() => postgres.stop());

const SYSTEM = (url: string): string => `components: { app: { title: App } }
targets:
  app: { component: app, driver: release-directory, root: service, reload: ["true"] }
databases:
  crm: { driver: sql-files, url: "${url}", target: app, artefact: "service/releases/{release}", migrations: db }
flags:
  beta: { driver: json-file, file: service/flags.json, under: features, onUnreachable: off }
`;

const RUNBOOKS = {
  rollback: `## Decide

### What has to go back? {#what}
\`\`\`belay choose
ask: "What has to go back?"
arms:
  deploy: { title: "The release", call: back-deploy }
  database: { title: "The database", call: back-database }
  flag: { title: "A feature", call: back-flag }
\`\`\`
`,
  'back-deploy': `## Back\n\n### Release {#release}
\`\`\`belay do deploy.rollback
with: { target: app, to: "{release.previous}" }
undo: { do: deploy.activate, with: { target: app, to: "{release.current}" } }
\`\`\`
`,
  'back-database': `## Back\n\n### Migration {#migration}
\`\`\`belay do db.migrateDown
with: { database: crm, to: 1_contacts, from: v2 }
irreversible: the new column goes
\`\`\`
`,
  'back-flag': `## Back\n\n### Flag {#flag}
\`\`\`belay do flag.set
with: { flag: beta, to: off }
undo: { do: flag.set, with: { flag: beta, to: on } }
\`\`\`
`,
};

const FIRST = { 'db/1_contacts.up.sql': 'create table contact (id int)', 'db/1_contacts.down.sql': 'drop table contact' };
const SECOND = {
  ...FIRST,
  'db/2_nick.up.sql': 'alter table contact add column nick text',
  'db/2_nick.down.sql': 'alter table contact drop column nick',
};

async function goBack(arm: 'deploy' | 'database' | 'flag') {
  const url = await postgres.createDatabase(`crm_${arm}`);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`create table contact (id int, nick text); create table schema_migrations (version text);
      insert into schema_migrations values ('1_contacts'), ('2_nick')`);
    const one = await playFiles({ system: SYSTEM(url), runbooks: RUNBOOKS });
    writeReleases(one.folder, { v1: FIRST, v2: SECOND });
    const flags = path.join(one.folder, 'service/flags.json');
    writeFileSync(flags, JSON.stringify({ features: { beta: true } }));
    await one.run('rollback');
    await one.until((incident) => incident.tasks['what'] !== undefined);
    await one.commands.answer(ANA, { incident: 'INC-1', step: 'what', choice: arm, key: arm });
    expect(await one.finished()).toEqual({ outcome: 'done', reason: '' });
    const { rows } = await client.query('select version from schema_migrations order by 1');
    const read = JSON.parse(readFileSync(flags, 'utf8')) as { features: { beta: unknown } };
    return {
      live: (await one.world.targets['app']?.current())?.release,
      migrations: rows.map(({ version }: { version: string }) => version),
      beta: read.features.beta,
      steps: await one.statusOf(),
    };
  } finally {
    await client.end();
  }
}

describe('one runbook with the three kinds of rollback', () => {
  it('takes back the release, the database or a flag, by the arm that is chosen, and nothing else [S2-DE-01]', async () => {
    const both = ['1_contacts', '2_nick'];
    expect(await goBack('deploy')).toMatchObject({
      live: 'v1',
      migrations: both,
      beta: true,
      steps: { 'what-database': 'skipped', 'what-flag': 'skipped' },
    });
    expect(await goBack('database')).toMatchObject({
      live: 'v2',
      migrations: ['1_contacts'],
      beta: true,
      steps: { 'what-database.migration': 'done' },
    });
    expect(await goBack('flag')).toMatchObject({ live: 'v2', migrations: both, beta: false, steps: { 'what-flag.flag': 'done' } });
  }, 60_000);
});
