// Containers of this machine as a source of signals: what the Docker Engine says over its unix socket, asked for and never changed.
// It judges nothing; an engine that does not answer is a dead reading with its reason.
import { deadBatch, jsonOf, Unusable } from '../../domain/answer.ts';
import { BelayError } from '../../domain/errors.ts';
import type { Batch, Cursor } from '../../domain/signal.ts';
import type { SourceSpec } from '../../domain/source-catalog.ts';
import type { Http, HttpResponse } from '../../ports/http.ts';
import type { SignalReader } from '../../ports/signal-source.ts';
import type { Time } from '../../ports/time.ts';
import { type Container, containerIn, type Listed, listedIn, MOST_CONTAINERS, samplesOf } from './containers.ts';

export type DockerSpec = Extract<SourceSpec, { driver: 'docker' }>;

const MOST_BYTES = 8 * 1024 * 1024;
const AT_ONCE = 8;
/** An exit may be seen a bit after it happened; what was counted is known by its id. */
const OVERLAP_MS = 60_000;

interface DockerDeps {
  readonly http: Http;
  readonly time: Pick<Time, 'now' | 'monotonicMs'>;
}

/** @example createDockerReader({ id: 'box', driver: 'docker', socket: '/var/run/docker.sock', everyMs: 5_000, timeoutMs: 5_000 }, { http, time }) */
export function createDockerReader(spec: DockerSpec, { http, time }: DockerDeps): SignalReader {
  const { socket, containers: wanted = [], labels, org } = spec;

  const read = async (signal: AbortSignal, from: Cursor): Promise<Batch> => {
    const at = time.now();
    const end = time.monotonicMs() + spec.timeoutMs;
    const get = (path: string): Promise<HttpResponse> => {
      const timeoutMs = Math.max(1, Math.ceil(end - time.monotonicMs()));
      return http.request({ method: 'GET', url: `http://docker${path}`, socket, timeoutMs, maxBytes: MOST_BYTES }, signal);
    };
    try {
      const filters = labels === undefined ? '' : `&filters=${encodeURIComponent(JSON.stringify({ label: labels }))}`;
      const all = listedIn(jsonOf(await get(`/containers/json?all=1${filters}`)));
      const chosen = wanted.length === 0 ? all : all.filter((one) => wanted.includes(one.name));
      if (chosen.length > MOST_CONTAINERS)
        throw new Unusable(`there are ${chosen.length} containers, more than ${MOST_CONTAINERS}: choose some by containers or labels`);
      const seen = await inspected(chosen, { get, org });
      const exitsAfter = from['exitsAfter'] ?? at;
      const samples = samplesOf(seen, { at, exitsAfter, wanted });
      return { source: spec.id, at, alive: true, samples, cursor: { exitsAfter: Math.max(exitsAfter, at - OVERLAP_MS) } };
    } catch (error) {
      if (error instanceof Unusable) return deadBatch(spec.id, at, `${socket}: ${error.message}`);
      if (BelayError.is(error)) return deadBatch(spec.id, at, `${socket}: ${troubleOf(error)}`);
      throw error;
    }
  };

  return { id: spec.id, everyMs: spec.everyMs, read } satisfies SignalReader;
}

async function inspected(
  listed: readonly Listed[],
  o: { readonly get: (path: string) => Promise<HttpResponse>; readonly org: string | undefined },
): Promise<readonly Container[]> {
  const found: Container[] = [];
  for (let from = 0; from < listed.length; from += AT_ONCE) {
    const answers = await Promise.all(
      listed.slice(from, from + AT_ONCE).map(async (one) => ({ one, answer: await o.get(`/containers/${one.id}/json`) })),
    );
    for (const { one, answer } of answers) {
      // Removed since the list was made: it is not there.
      if (answer.status !== 404) found.push(containerIn(jsonOf(answer), one, o.org));
    }
  }
  return found;
}

function troubleOf({ message }: BelayError): string {
  if (/ENOENT|ECONNREFUSED/.test(message)) return `no Docker Engine answers there (${message})`;
  if (/EACCES/.test(message)) return `this user may not speak to it: add it to the group that owns the socket (${message})`;
  return message;
}
