// Programs, processes and lock files of this host behind ports.
export { createProcesses } from './processes.ts';
