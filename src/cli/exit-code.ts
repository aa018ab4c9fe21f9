// How a command ends: the exit code and the sentence of every kind of failure. The codes themselves stand in domain/errors.ts.
import type { Effect, ErrorCode, ExitCode } from '../domain/errors.ts';
import { BelayError, EXIT } from '../domain/errors.ts';

/** Ctrl-C: this terminal lets go, the run goes on in the engine. */
export class Detached extends Error {
  override readonly name = 'Detached';
}

export interface Trouble {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string | null;
  readonly exitCode: ExitCode;
  readonly effect: Effect;
}

export function troubleOf(error: unknown): Trouble {
  if (BelayError.is(error)) {
    const { code, message, effect, exitCode } = error;
    return { code, message: sentence(message), hint: error.hint ?? null, exitCode, effect };
  }
  const fault = systemFault(error);
  if (fault !== null) return fault;
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {
    code: 'BELAY_INTERNAL',
    message,
    hint: 'This is a bug in Belay. Please report it, with these lines and the command that you typed.',
    exitCode: EXIT.bug,
    effect: 'unknown',
  };
}

/** What the operating system refuses is the user's to mend, not a bug of ours. */
function systemFault(error: unknown): Trouble | null {
  const { code, message } = (error ?? {}) as { readonly code?: unknown; readonly message?: string };
  const about = (of: ErrorCode, hint: string): Trouble => troubleOf(new BelayError(of, message ?? String(code), { hint }));
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return about('BELAY_DISK_FULL', 'Make room on that disk, then type the same command again.');
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return about('BELAY_USAGE', 'Type it as the user that may read and write there, or name another place (--data, --config, --out).');
    case 'EISDIR':
    case 'ENOTDIR':
      return about('BELAY_USAGE', 'Name a file where a file is wanted, and a folder where a folder is.');
    default:
      return null;
  }
}

function sentence(message: string): string {
  // A file or an id that comes first keeps its own spelling.
  const first = /^[a-z]+[ ,]/.test(message) ? message.charAt(0).toUpperCase() + message.slice(1) : message;
  return /[.!?:…)"\]]$|\n/.test(first) ? first : `${first}.`;
}
