// A real Postgres inside Belay's data directory, started, found again and stopped by Belay.
export type { EmbeddedPostgres, EmbeddedPostgresOptions, ProgressPhase } from './open.ts';
export { openEmbeddedPostgres } from './open.ts';
