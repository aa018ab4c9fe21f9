// Prometheus remote write v1, the door's side: which request is one, how it is unpacked, what its sender is answered.
import { Columns } from '../../domain/sample-columns.ts';
import type { SampleColumns } from '../../domain/signal.ts';
import type { SourceSpec } from '../../domain/source-catalog.ts';
import type { Decoded, Received, SignalDecoder } from '../../ports/signal-source.ts';
import { mediaType, refusedWith } from './refusal.ts';
import { Room, unpackSnappy } from './snappy.ts';
import { type LeftOut, WriteRequests } from './write-request.ts';

const MOST_BYTES = 32 * 1024 * 1024;
const PATHS = ['', '/api/v1/write'];
const MESSAGE = 'prometheus.WriteRequest';

export type RemoteWriteSpec = Extract<SourceSpec, { driver: 'remote-write' }>;

/** @example createRemoteWrite({ id: 'prom', driver: 'remote-write', everyMs: 15_000, verify: 'bearer', secret: '…' }) */
export function createRemoteWrite(spec: Pick<RemoteWriteSpec, 'id' | 'everyMs'>): SignalDecoder<SampleColumns> {
  const requests = new WriteRequests();
  const room = new Room();
  return {
    id: spec.id,
    everyMs: spec.everyMs,
    decode: (request) => {
      const refused = whyNot(request);
      if (refused !== null) return refused;
      const { samples, leftOut } = requests.read(unpackSnappy(request.body, MOST_BYTES, room));
      return { samples, reply: { status: 204, headers: told(leftOut) } };
    },
  } satisfies SignalDecoder<SampleColumns>;
}

/** The statuses that senders act on: 415 makes them fall back to v1 and to snappy. */
function whyNot(request: Received): Decoded<SampleColumns> | null {
  const refused = refusal(request);
  return refused === null ? null : { ...refused, samples: new Columns() };
}

function refusal({ method, path, headers }: Received): Decoded | null {
  if (!PATHS.includes(path)) return refusedWith(404, `nothing is taken at ${path.slice(0, 100)}: remote write goes to /api/v1/write`);
  if (method !== 'POST') return refusedWith(405, 'remote write is a POST', { allow: 'POST' });
  const { type, parameters } = mediaType(headers['content-type'] ?? 'application/x-protobuf');
  if (type !== 'application/x-protobuf' || (parameters.get('proto') ?? MESSAGE) !== MESSAGE)
    return refusedWith(415, `only application/x-protobuf;proto=${MESSAGE} is taken: remote write 1.0`);
  const encoding = (headers['content-encoding'] ?? '').trim().toLowerCase();
  return encoding === 'snappy' ? null : refusedWith(415, 'only content-encoding snappy is taken');
}

/** What was left out is told, so that nothing is missing unsaid. */
function told({ stale, notFinite, histograms }: LeftOut): Readonly<Record<string, string>> {
  const parts = Object.entries({ stale, notFinite, histograms }).filter(([, count]) => count > 0);
  return parts.length === 0 ? {} : { 'x-belay-left-out': parts.map(([what, count]) => `${what}=${count}`).join(', ') };
}
