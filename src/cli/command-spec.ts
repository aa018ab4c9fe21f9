// What a command is: how it is typed, what its help says, and where its work is. The commands themselves stand in command-table.ts.
import type { Run } from './context.ts';

export interface OptionSpec {
  readonly flags: string;
  readonly about: string;
  /** May be given several times. */
  readonly many?: true;
}

export interface CommandSpec {
  /** Name and arguments, as commander reads them. */
  readonly usage: string;
  readonly about: string;
  readonly options?: readonly OptionSpec[];
  readonly load?: () => Promise<{ readonly run: Run }>;
  readonly under?: readonly CommandSpec[];
  /** What may be typed, for the command's own help. */
  readonly examples?: readonly string[];
}
