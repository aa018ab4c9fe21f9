// Files that an incident leaves behind: evidence export and post-mortem. Written whole or not at all.
export interface Artefacts {
  /** Writes under the data directory's `incidents/<incident>/`; returns the absolute path. Atomic (rename), fsynced. */
  write(incident: string, name: string, content: string): Promise<string>;
  read(incident: string, name: string): Promise<string | null>;
}
