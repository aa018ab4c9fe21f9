// Questions to Sentry's web API: where it is, who asks, of which projects, and how long an answer may take. It reads no answer.
import { jsonOf, type Patience } from '../../domain/answer.ts';
import type { SourceSpec } from '../../domain/source-catalog.ts';
import type { Http } from '../../ports/http.ts';
import type { Time } from '../../ports/time.ts';

export type SentryApiSpec = Extract<SourceSpec, { driver: 'sentry-api' }>;

export interface SentryApiDeps {
  readonly http: Http;
  readonly time: Pick<Time, 'now' | 'monotonicMs'>;
}

const MOST_BYTES = 8 * 1024 * 1024;

/** @throws Unusable */
export type Ask = (path: string, more: Readonly<Record<string, string>>) => Promise<unknown>;

/** All questions of one asking share the time limit of the source. */
export function createAsking(
  spec: SentryApiSpec,
  { http, time, patience }: SentryApiDeps & { readonly patience: Patience },
): (signal: AbortSignal) => Ask {
  const base = `${spec.url.replace(/\/+$/, '')}/api/0/organizations/${encodeURIComponent(spec.organization)}`;
  const headers = { accept: 'application/json', authorization: `Bearer ${spec.token}` };
  const chosen = [
    ...(spec.projects ?? []).map((one): [string, string] => ['project', one]),
    ...(spec.environment === undefined ? [] : [['environment', spec.environment] as [string, string]]),
  ];
  return (signal) => {
    const end = time.monotonicMs() + spec.timeoutMs;
    return async (path, more) => {
      const query = new URLSearchParams([...Object.entries(more), ...chosen]);
      const timeoutMs = Math.max(1, Math.ceil(end - time.monotonicMs()));
      const request = { method: 'GET', url: `${base}/${path}/?${query.toString()}`, headers, timeoutMs, maxBytes: MOST_BYTES } as const;
      const answer = await http.request(request, signal);
      patience.heard(answer, time.now());
      return jsonOf(answer);
    };
  };
}
