// sequelize-cli, installed once beside the unpacked packages, and how a release of its is configured for a Postgres that is reached by a socket. It
// knows no migration.
import { inPart, whyNoPart } from './npm-part.ts';

const SEQUELIZE = { name: 'sequelize', packages: ['sequelize@6.37.8', 'sequelize-cli@6.6.5'], proof: 'node_modules/.bin/sequelize-cli' };

/** Why it cannot run here, or the folder of its modules. */
export function findSequelize(): { readonly modules: string } | string {
  const why = whyNoPart(SEQUELIZE);
  return why ?? { modules: inPart(SEQUELIZE, 'node_modules') };
}

/** "use_env_variable" would lose the folder of the socket: the tool reads host, port and name of an address alone. */
export const SEQUELIZE_CONFIG = `
const url = new URL(process.env.DATABASE_URL);
const at = { host: url.searchParams.get('host') ?? url.hostname, port: Number(url.port || 5432) };
module.exports = { development: { dialect: 'postgres', username: url.username, database: url.pathname.slice(1), ...at } };
`;

export const sequelizeMigration = (up: string, down: string): string =>
  `exports.up = (queryInterface) => queryInterface.sequelize.query(${JSON.stringify(up)});\nexports.down = (queryInterface) => queryInterface.sequelize.query(${JSON.stringify(down)});\n`;
