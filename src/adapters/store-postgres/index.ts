// Belay's own store on Postgres: incidents, documents, outbox, signals, silences, decisions in shadow, and two small tables for the doors.
export { openStore, type Store } from './open-store.ts';
