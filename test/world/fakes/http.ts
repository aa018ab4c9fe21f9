// HTTP in memory: routes answer by path, stay silent, break, or are not there. Allowed hosts are named as in the configuration.
import { BelayError } from '../../../src/domain/errors.ts';
import type { Http, HttpRequest } from '../../../src/ports/http.ts';

export type FakeAnswer =
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string }
  | 'silent'
  | 'reset'
  | 'nobody';

export interface FakeHttp extends Http {
  /** Every request that was sent. */
  readonly sent: readonly HttpRequest[];
}

export function createFakeHttp(o: { readonly hosts: readonly string[]; readonly answer: (request: HttpRequest) => FakeAnswer }): FakeHttp {
  const sent: HttpRequest[] = [];
  return {
    sent,
    request: async (request, signal) => {
      refuseForeign(request.url, o.hosts);
      const failed = (why: string, effect: 'none' | 'unknown') =>
        new BelayError('BELAY_HTTP_FAILED', `${request.method} ${request.url}: ${why}`, { effect });
      if (signal?.aborted === true) throw failed('it was cancelled', 'none');
      const answer = o.answer(request);
      if (answer === 'nobody') throw failed('connect ECONNREFUSED', 'none');
      sent.push(request);
      if (answer === 'silent') {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, request.timeoutMs);
          const stop = (): void => {
            clearTimeout(timer);
            resolve();
          };
          signal?.addEventListener('abort', stop, { once: true });
        });
        throw failed('no answer', 'unknown');
      }
      if (answer === 'reset') throw failed('other side closed', 'unknown');
      const body = answer.body ?? '';
      if (Buffer.byteLength(body) > (request.maxBytes ?? 1024 * 1024)) throw failed('the answer is longer than it may be', 'unknown');
      return { status: answer.status, headers: answer.headers ?? {}, body, tookMs: 1 };
    },
  } satisfies FakeHttp;
}

function refuseForeign(text: string, hosts: readonly string[]): void {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isWeb = url?.protocol === 'http:' || url?.protocol === 'https:';
  if (url === null || !isWeb || url.username !== '' || !hosts.includes(url.hostname))
    throw new BelayError('BELAY_HTTP_REFUSED', `${url?.host ?? 'it'} may not be reached`);
}
