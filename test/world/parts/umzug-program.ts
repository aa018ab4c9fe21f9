// The program of a release that keeps its migrations with Umzug, and remembers them in a table as Sequelize does.
export const UMZUG_PROGRAM = `
const { Umzug } = require('umzug');
const pg = require('pg');
(async () => {
  const client = new pg.Client({ connectionString: process.env.DATABASE_URL });
  await client.connect();
  await client.query('create table if not exists "SequelizeMeta" (name text primary key)');
  const storage = {
    logMigration: ({ name }) => client.query('insert into "SequelizeMeta" values ($1)', [name]),
    unlogMigration: ({ name }) => client.query('delete from "SequelizeMeta" where name = $1', [name]),
    executed: async () => (await client.query('select name from "SequelizeMeta" order by name')).rows.map((row) => row.name),
  };
  const umzug = new Umzug({ migrations: { glob: 'migrations/*.cjs' }, context: client, storage, logger: undefined });
  const ok = await umzug.runAsCLI();
  await client.end();
  process.exit(ok ? 0 : 1);
})();
`;
