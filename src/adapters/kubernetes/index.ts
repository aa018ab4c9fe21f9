// Pods of a Kubernetes namespace as a source of signals: listed through the API server with a token, and never changed. It judges nothing;
// what cannot be read is a dead reading with its reason, in which the token never stands.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { deadBatch, jsonOf, Patience, Unusable } from '../../domain/answer.ts';
import { BelayError } from '../../domain/errors.ts';
import type { Batch, Cursor } from '../../domain/signal.ts';
import type { SourceSpec } from '../../domain/source-catalog.ts';
import type { Http } from '../../ports/http.ts';
import type { SignalReader } from '../../ports/signal-source.ts';
import type { Time } from '../../ports/time.ts';
import { MOST_PODS, type Pod, pageIn, samplesOf } from './pods.ts';

export { createKubernetesTarget } from './target.ts';

export type KubernetesSpec = Extract<SourceSpec, { driver: 'kubernetes' }>;

/** Where a pod finds what its service account may use. */
const IN_CLUSTER = '/var/run/secrets/kubernetes.io/serviceaccount';
const MOST_BYTES = 16 * 1024 * 1024;
const PAGE = 250;
/** An end is told a bit after it happened; what was counted is known by its id. */
const OVERLAP_MS = 60_000;

interface KubernetesDeps {
  readonly http: Http;
  readonly time: Pick<Time, 'now' | 'monotonicMs'>;
  readonly baseDir: string;
}

/** @example createKubernetesReader({ id: 'crm', driver: 'kubernetes', url: 'https://kubernetes.default.svc', namespace: 'crm', everyMs: 10_000, timeoutMs: 10_000 }, { http, time, baseDir }) */
export function createKubernetesReader(spec: KubernetesSpec, { http, time, baseDir }: KubernetesDeps): SignalReader {
  const patience = new Patience();
  const pods = `${spec.url.replace(/\/+$/, '')}/api/v1/namespaces/${encodeURIComponent(spec.namespace)}/pods`;

  const listed = async (
    key: { readonly token: string; readonly ca?: string },
    at: number,
    signal: AbortSignal,
  ): Promise<readonly Pod[]> => {
    const end = time.monotonicMs() + spec.timeoutMs;
    const headers = { accept: 'application/json', authorization: `Bearer ${key.token}` };
    const all: Pod[] = [];
    for (let next = ''; ; ) {
      const query = new URLSearchParams({
        limit: String(PAGE),
        ...(spec.selector === undefined ? {} : { labelSelector: spec.selector }),
        ...(next === '' ? {} : { continue: next }),
      });
      const timeoutMs = Math.max(1, Math.ceil(end - time.monotonicMs()));
      const ca = key.ca === undefined ? {} : { ca: key.ca };
      const answer = await http.request(
        { method: 'GET', url: `${pods}?${query.toString()}`, headers, timeoutMs, maxBytes: MOST_BYTES, ...ca },
        signal,
      );
      patience.heard(answer, at);
      const page = pageIn(jsonOf(answer), spec.org);
      all.push(...page.pods);
      if (all.length > MOST_PODS) throw new Unusable(`more than ${MOST_PODS} pods: choose some by selector`);
      if (page.next === '' || page.pods.length === 0) return all;
      next = page.next;
    }
  };

  const read = async (signal: AbortSignal, from: Cursor): Promise<Batch> => {
    const at = time.now();
    const refusal = patience.refusal(at);
    if (refusal !== null) return deadBatch(spec.id, at, `${spec.url}: ${refusal}`);
    let token = '';
    try {
      const key = await keyOf(spec, baseDir);
      token = key.token;
      const endsAfter = from['endsAfter'] ?? at;
      const samples = samplesOf(await listed(key, at, signal), { at, endsAfter });
      return { source: spec.id, at, alive: true, samples, cursor: { endsAfter: Math.max(endsAfter, at - OVERLAP_MS) } };
    } catch (error) {
      if (error instanceof Unusable) return deadBatch(spec.id, at, `${spec.url}: ${error.message}`, [token]);
      if (BelayError.is(error)) return deadBatch(spec.id, at, error.message, [token]);
      throw error;
    }
  };

  return { id: spec.id, everyMs: spec.everyMs, read } satisfies SignalReader;
}

/** A token that is written needs no file; one in a file is renewed under us. @throws Unusable */
async function keyOf(spec: KubernetesSpec, baseDir: string): Promise<{ readonly token: string; readonly ca?: string }> {
  const tokenFile = spec.tokenFile ?? `${IN_CLUSTER}/token`;
  const caFile = spec.caFile ?? (spec.token === undefined && spec.tokenFile === undefined ? `${IN_CLUSTER}/ca.crt` : undefined);
  const token = (spec.token ?? (await textOf(path.resolve(baseDir, tokenFile)))).trim();
  if (token === '' || /[^\x21-\x7e]/.test(token)) throw new Unusable('its token is empty, or holds characters that no token has');
  return { token, ...(caFile === undefined ? {} : { ca: await textOf(path.resolve(baseDir, caFile)) }) };
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new Unusable(`${file} cannot be read (${code}): outside of a cluster write token, or tokenFile, and caFile`);
  }
}
