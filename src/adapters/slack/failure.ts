// What an error of the Slack client means for the message: did it leave or not? It decides no retry.
import { ErrorCode } from '@slack/web-api';
import { retryAfterHint } from '../../domain/delivery.ts';
import { BelayError } from '../../domain/errors.ts';

/** Connections that were never made. */
const NOT_CONNECTED = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT'];

export function failure(what: string, error: unknown): BelayError {
  if (BelayError.is(error)) return error;
  const known = error as { readonly code?: string; readonly retryAfter?: number; readonly statusCode?: number; readonly message?: string };
  const message = `slack ${what}: ${known.message ?? String(error)}`;
  const fail = (effect: 'none' | 'unknown', hint: string): BelayError =>
    new BelayError('BELAY_CHANNEL_FAILED', message, { effect, hint, cause: error });
  switch (known.code) {
    case ErrorCode.RateLimitedError:
      return fail('none', retryAfterHint((known.retryAfter ?? 1) * 1000));
    case ErrorCode.PlatformError:
      return fail('none', 'Slack refused it: check the token, its scopes, and that the bot is in the conversation.');
    case ErrorCode.HTTPError:
      return fail((known.statusCode ?? 500) < 500 ? 'none' : 'unknown', 'Slack answered with an error; see status.slack.com.');
    default:
      return fail(neverConnected(error) ? 'none' : 'unknown', 'Slack did not answer; see status.slack.com.');
  }
}

function neverConnected(error: unknown): boolean {
  for (
    let at: unknown = error;
    typeof at === 'object' && at !== null;
    at = (at as { original?: unknown; cause?: unknown }).original ?? (at as { cause?: unknown }).cause
  ) {
    const code = (at as { readonly code?: unknown }).code;
    if (typeof code === 'string' && NOT_CONNECTED.includes(code)) return true;
    const many = (at as { readonly errors?: readonly unknown[] }).errors;
    if (Array.isArray(many) && many.length > 0 && many.every(neverConnected)) return true;
  }
  return false;
}
