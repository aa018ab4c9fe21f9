// Errors at the HTTP door: BelayError → problem+json (RFC 9457) with code, hint, exit code and effect. Bugs say "please report".
import { BelayError, CODES, type ErrorCode, EXIT } from '../domain/errors.ts';

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode;
  readonly hint?: string;
  readonly exitCode: number;
  readonly effect: 'none' | 'unknown' | 'done';
  readonly errors?: readonly { readonly path: string; readonly message: string }[];
}

/** Where the exit code alone does not say which status fits. */
const STATUS: Partial<Record<ErrorCode, number>> = {
  BELAY_NOT_FOUND: 404,
  BELAY_INPUT_INVALID: 422,
  BELAY_UNAUTHORIZED: 401,
  BELAY_FORBIDDEN: 403,
  BELAY_PAUSED: 409,
  BELAY_STORE_UNAVAILABLE: 503,
  BELAY_EVIDENCE_INVALID: 422,
  BELAY_TIMEOUT: 504,
};

const STATUS_OF_EXIT: Readonly<Record<number, number>> = {
  [EXIT.failed]: 500,
  [EXIT.usage]: 400,
  [EXIT.verification]: 422,
  [EXIT.refused]: 403,
  [EXIT.conflict]: 409,
  [EXIT.unreachable]: 502,
  [EXIT.audit]: 503,
  [EXIT.bug]: 500,
};

export function statusOf(code: ErrorCode): number {
  return STATUS[code] ?? STATUS_OF_EXIT[CODES[code]] ?? 500;
}

/** What the door shows of an error. An unknown one gives nothing away but that it is ours. */
export function problemOf(error: unknown, o: { readonly status?: number; readonly errors?: Problem['errors'] } = {}): Problem {
  if (!BelayError.is(error)) {
    const hint = 'This is a bug in Belay. Please report it with the log of the server.';
    return shape('BELAY_INTERNAL', 'Belay made a mistake while answering.', { hint, status: 500, effect: 'unknown' });
  }
  const status = o.status ?? statusOf(error.code);
  return shape(error.code, error.message, {
    status,
    effect: error.effect,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    ...(o.errors === undefined ? {} : { errors: o.errors }),
  });
}

export function problemResponse(problem: Problem, headers: Readonly<Record<string, string>> = {}): Response {
  const challenge: Record<string, string> = problem.status === 401 ? { 'www-authenticate': 'Bearer realm="belay"' } : {};
  const all = { 'content-type': 'application/problem+json', 'cache-control': 'no-store', ...challenge, ...headers };
  return new Response(JSON.stringify(problem), { status: problem.status, headers: all });
}

type Shape = Pick<Problem, 'status' | 'effect'> & Partial<Pick<Problem, 'hint' | 'errors'>>;

function shape(code: ErrorCode, detail: string, rest: Shape): Problem {
  const title = code.replace('BELAY_', '').replaceAll('_', ' ').toLowerCase();
  return { type: `urn:belay:error:${code}`, title, detail, code, exitCode: CODES[code], ...rest };
}
