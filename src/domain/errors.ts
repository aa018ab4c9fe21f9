// The one table of error codes, exit codes and the error type that carries them.
// Codes are stable and never reused: a retired one stays in `RETIRED`. docs/reference/errors.md lists the same codes.

export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  waiting: 3,
  verification: 4,
  refused: 5,
  conflict: 6,
  unreachable: 7,
  audit: 8,
  bug: 70,
  detached: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** code → exit code. What each means for a person stands in docs/reference/errors.md. */
export const CODES = {
  BELAY_USAGE: EXIT.usage,
  BELAY_CONFIG_INVALID: EXIT.usage,
  BELAY_RUNBOOK_INVALID: EXIT.usage,
  BELAY_INPUT_INVALID: EXIT.usage,
  BELAY_NOT_FOUND: EXIT.usage,
  BELAY_NODE_UNSUPPORTED: EXIT.usage,
  BELAY_STORE_LOCKED: EXIT.conflict,
  BELAY_STORE_UNAVAILABLE: EXIT.unreachable,
  BELAY_STORE_UNSUPPORTED: EXIT.usage,
  BELAY_CLOCK_AHEAD: EXIT.failed,
  BELAY_STORE_OLDER_THAN_JOURNAL: EXIT.conflict,
  BELAY_DISK_FULL: EXIT.audit,
  BELAY_AUDIT_UNAVAILABLE: EXIT.audit,
  BELAY_JOURNAL_TAMPERED: EXIT.audit,
  BELAY_EVIDENCE_INVALID: EXIT.verification,
  BELAY_SERVER_UNREACHABLE: EXIT.unreachable,
  BELAY_SERVER_RUNNING: EXIT.conflict,
  BELAY_TARGET_UNREACHABLE: EXIT.unreachable,
  BELAY_TARGET_CONFLICT: EXIT.conflict,
  BELAY_RELEASE_NOT_RESTORABLE: EXIT.refused,
  BELAY_DEPLOY_TIMEOUT: EXIT.failed,
  BELAY_DEPLOY_FROZEN: EXIT.refused,
  BELAY_ACT_FAILED: EXIT.failed,
  BELAY_PLAN_CHANGED: EXIT.conflict,
  BELAY_GUARD_REFUSED: EXIT.refused,
  BELAY_UNAUTHORIZED: EXIT.refused,
  BELAY_FORBIDDEN: EXIT.refused,
  BELAY_PAUSED: EXIT.refused,
  BELAY_LOCK_HELD: EXIT.conflict,
  BELAY_BACKTEST_RUNNING: EXIT.conflict,
  BELAY_CHANNEL_FAILED: EXIT.failed,
  BELAY_TEMPLATE_INVALID: EXIT.usage,
  BELAY_EXPRESSION_INVALID: EXIT.usage,
  BELAY_HTTP_REFUSED: EXIT.refused,
  BELAY_HTTP_FAILED: EXIT.unreachable,
  BELAY_PROCESS_FAILED: EXIT.failed,
  BELAY_TIMEOUT: EXIT.failed,
  BELAY_RUN_CANCELLED: EXIT.failed,
  BELAY_RUN_PARKED: EXIT.failed,
  BELAY_INTERNAL: EXIT.bug,
} as const satisfies Record<string, ExitCode>;
export type ErrorCode = keyof typeof CODES;

/** Codes that once existed. They are never given out again. */
export const RETIRED: readonly string[] = [];

/** Did the world change? `none`: retry freely. `unknown`: observe first. `done`: record and go on. */
export type Effect = 'none' | 'unknown' | 'done';

const BRAND = Symbol.for('belay.error');

export interface BelayErrorOptions {
  /** What to type or do next, as a full sentence. */
  readonly hint?: string;
  /** Default `none`. */
  readonly effect?: Effect;
  readonly cause?: unknown;
}

/**
 * The world said no. Thrown by adapters and config, caught at the engine's step boundary and at the doors.
 * @example throw new BelayError('BELAY_TARGET_UNREACHABLE', 'web: no pid file at run/web.pid', { hint: 'Start the service.' })
 */
export class BelayError extends Error {
  override readonly name = 'BelayError';
  readonly [BRAND] = true;
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly effect: Effect;

  constructor(code: ErrorCode, message: string, options: BelayErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.effect = options.effect ?? 'none';
  }

  get exitCode(): ExitCode {
    return CODES[this.code];
  }

  /** Works across copies of the package, unlike `instanceof`. */
  static is(error: unknown, code?: ErrorCode): error is BelayError {
    return typeof error === 'object' && error !== null && BRAND in error && (code === undefined || (error as BelayError).code === code);
  }
}
