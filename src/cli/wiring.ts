// What the command line is given by main: adapters behind functions, loaded only when a command needs them.
import type { PinnedRunbook } from '../flows/world.ts';
import type { System } from '../domain/system.ts';
import type { Digest } from '../ports/digest.ts';
import type { Http } from '../ports/http.ts';
import type { PauseSwitch } from '../ports/pause.ts';

export interface OpenOptions {
  readonly dataDir: string;
  readonly system: System;
  readonly runbooks: Readonly<Record<string, PinnedRunbook>>;
  /** Folder that relative paths of the configuration start from. */
  readonly baseDir: string;
  readonly port: number;
  readonly databaseUrl?: string | undefined;
  readonly version: string;
  /** One line for people about what is going on. */
  readonly say: (line: string) => void;
}

export interface OpenedBelay {
  readonly url: string;
  readonly port: number;
  readonly loginLink: string;
  close(): Promise<void>;
}

export interface Wiring {
  /** The environment, read once by main. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  openBelay(options: OpenOptions): Promise<OpenedBelay>;
  /** Loopback only: the CLI speaks to nobody else. */
  http(): Promise<Http>;
  /** The pause file of a data directory, for when no server answers: it pauses, and cannot lift what the store holds. */
  pauseFile(dataDir: string): Promise<PauseSwitch>;
  /** Hashes without a secret key: enough to verify and to pin runbooks. */
  digest(): Promise<Digest>;
}
