// What an error of `pg` or of Postgres means for the caller: nobody there, try again, or our own mistake. It retries nothing.
import { BelayError, type Effect } from '../../domain/errors.ts';

/** SQLSTATE classes and codes in which the server or the way to it is the problem, not the statement. */
const UNAVAILABLE = [/^08/, /^57P0/, /^53[023]/, /^58/, /^25P0[34]$/, /^3D000$/, /^28/];
/** The transaction was rolled back for the sake of another one; the same again may succeed. */
const COLLIDED = ['40001', '40P01'];
const DISK_FULL = '53100';
/** The server stopped a statement at its time limit or at the limit for locks: rolled back, worth telling from our own mistakes. */
const TIMED_OUT = ['57014', '55P03'];
const SYSTEM = [
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOENT',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ECONNABORTED',
  'EACCES',
];
/** `pg` gives these no code. */
const SENTENCES = [
  /^Connection terminated/,
  /^Query read timeout/,
  /timeout exceeded when trying to connect/,
  /^timeout expired/,
  /Client has encountered a connection error/,
  /Client was closed/,
  /not queryable/,
];

export function codeOf(error: unknown): string {
  const code = (error as { readonly code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
}

/** The connection is gone, or was never there. */
export function isUnavailable(error: unknown): boolean {
  const code = codeOf(error);
  if (SYSTEM.includes(code)) return true;
  if (code === DISK_FULL) return false;
  if (/^[0-9A-Z]{5}$/.test(code)) return UNAVAILABLE.some((pattern) => pattern.test(code));
  if (error instanceof AggregateError) return error.errors.some(isUnavailable);
  return error instanceof Error && SENTENCES.some((pattern) => pattern.test(error.message));
}

export function isCollision(error: unknown): boolean {
  return COLLIDED.includes(codeOf(error));
}

/** Everything that leaves this adapter: BelayErrors and Bugs as they are, the rest translated. */
export function asStoreError(error: unknown, effect: Effect): unknown {
  if (BelayError.is(error)) return error;
  const why = error instanceof Error ? error.message : String(error);
  if (codeOf(error) === DISK_FULL) {
    return new BelayError('BELAY_DISK_FULL', `the store's disk is full: ${why}`, {
      hint: 'Free space on the disk of the data directory.',
      effect,
      cause: error,
    });
  }
  if (isUnavailable(error) || isCollision(error) || TIMED_OUT.includes(codeOf(error))) {
    return new BelayError('BELAY_STORE_UNAVAILABLE', `the store did not answer: ${why}`, {
      hint: 'Check that its Postgres runs and is reachable: belay doctor',
      effect,
      cause: error,
    });
  }
  // Text that Postgres cannot hold (U+0000 in a name).
  if (['22021', '22P05'].includes(codeOf(error))) {
    return new BelayError('BELAY_INPUT_INVALID', `the store cannot hold this text: ${why}`, {
      hint: 'Remove the character U+0000.',
      cause: error,
    });
  }
  return error;
}
