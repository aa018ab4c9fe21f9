// Programs, processes and lock files of this host behind ports.
export { createProcesses } from './processes.ts';
export { createReplays, type ReplayCall, type ReplaySaid } from './replays.ts';
