// How a request is refused: for good with a reason, or with a status of HTTP that makes its sender try another form.
import { BelayError } from '../../domain/errors.ts';
import type { Decoded } from '../../ports/signal-source.ts';

/** What can never be taken. */
export const malformed = (what: string): BelayError =>
  new BelayError('BELAY_INPUT_INVALID', what, { hint: 'Nothing of the request was counted. See docs/sources/README.md.' });

/** Answered and not delivered: not even a sign of life. */
export const refusedWith = (status: number, why: string, headers: Readonly<Record<string, string>> = {}): Decoded => ({
  samples: [],
  silent: true,
  reply: { status, headers: { 'content-type': 'text/plain; charset=utf-8', ...headers }, body: `${why}\n` },
});

/** `application/x-protobuf;proto=a.B` → its type and parameters, in lower case but for the values. */
export function mediaType(header: string): { readonly type: string; readonly parameters: ReadonlyMap<string, string> } {
  const [type = '', ...rest] = header.split(';');
  const parameters = rest.map((part): [string, string] => {
    const equals = part.indexOf('=');
    return equals === -1 ? [part.trim().toLowerCase(), ''] : [part.slice(0, equals).trim().toLowerCase(), part.slice(equals + 1).trim()];
  });
  return { type: type.trim().toLowerCase(), parameters: new Map(parameters) };
}
