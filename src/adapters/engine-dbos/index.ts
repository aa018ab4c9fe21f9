// The durable engine on DBOS and Postgres.
export type { DbosEngineOptions } from './engine.ts';
export { createDbosEngine } from './engine.ts';
export { migrateEngine } from './migrate.ts';
export type { Notice } from './sweep.ts';
