// Probes as a source of signals: every point is asked at each beat, and each answer is one result.
// How many failing points mean trouble is the trigger's business; a point that does not answer is a result, too.
import { BelayError } from '../../domain/errors.ts';
import { POINT_FORM, type ProbePoint, parsePoint } from '../../domain/probe-point.ts';
import type { Batch, Sample } from '../../domain/signal.ts';
import type { SourceSpec } from '../../domain/source-catalog.ts';
import type { Expression } from '../../ports/expression.ts';
import type { Http } from '../../ports/http.ts';
import type { Net } from '../../ports/net.ts';
import type { SignalReader } from '../../ports/signal-source.ts';
import type { Time } from '../../ports/time.ts';
import { judgeCertificate } from './certificate.ts';
import { expectationOf, type Verdict } from './expectation.ts';

export type HttpProbeSpec = Extract<SourceSpec, { driver: 'http' }>;

export interface HttpProbeDeps {
  readonly http: Http;
  readonly net: Net;
  readonly expression: Expression;
  readonly time: Pick<Time, 'now'>;
}

const LONGEST_DETAIL = 256;

/** @throws BELAY_CONFIG_INVALID for a point that is none, and for a condition that does not compile or that no point answers */
export function createHttpProbe(spec: HttpProbeSpec, deps: HttpProbeDeps): SignalReader {
  const points = spec.points.map((text) => ({ text, point: pointOf(spec.id, text) }));
  if (spec.expect !== undefined && !points.some(({ point }) => point.kind === 'http')) {
    throw new BelayError('BELAY_CONFIG_INVALID', `source ${spec.id}: expect judges answers of http, and none of its points is one.`, {
      hint: 'Remove expect, or add a point that begins with http:// or https://.',
    });
  }
  const look = looker(spec, deps);

  const ask = async ({ text, point }: (typeof points)[number], at: number, signal: AbortSignal): Promise<Sample> => {
    try {
      const { ok, detail } = await look(point, signal);
      return { kind: 'probe', point: text, at, ok, detail: plain(detail) };
    } catch (error) {
      // Refused by our own rules: nothing was measured, so there is no result.
      if (!BelayError.is(error) || error.code === 'BELAY_HTTP_REFUSED') throw error;
      return { kind: 'probe', point: text, at, ok: false, detail: plain(error.message) };
    }
  };

  const read = async (signal: AbortSignal): Promise<Batch> => {
    const at = deps.time.now();
    try {
      return { source: spec.id, at, alive: true, samples: await Promise.all(points.map((one) => ask(one, at, signal))) };
    } catch (error) {
      if (!BelayError.is(error)) throw error;
      return { source: spec.id, at, alive: false, reason: error.message, samples: [] };
    }
  };

  return { id: spec.id, everyMs: spec.everyMs, read } satisfies SignalReader;
}

/** One look at one point. */
function looker(spec: HttpProbeSpec, { http, net, expression, time }: HttpProbeDeps) {
  const { timeoutMs } = spec;
  const judge = expectationOf(spec, expression);
  return async (point: ProbePoint, signal: AbortSignal): Promise<Verdict> => {
    switch (point.kind) {
      case 'http':
        return judge(await http.request({ method: 'GET', url: point.url, timeoutMs }, signal));
      case 'tcp':
        return { ok: true, detail: `connected in ${Math.round((await net.connect({ ...point, timeoutMs }, signal)).tookMs)} ms` };
      case 'tls': {
        const { certificate } = await net.handshake({ ...point, timeoutMs }, signal);
        return judgeCertificate(certificate, { now: time.now(), leastDays: spec.certificateDays });
      }
      case 'dns': {
        const { addresses } = await net.resolve({ name: point.name, timeoutMs }, signal);
        return { ok: true, detail: `at ${addresses.join(', ')}` };
      }
    }
  };
}

function pointOf(id: string, text: string): ProbePoint {
  const point = parsePoint(text);
  if (point === null)
    throw new BelayError('BELAY_CONFIG_INVALID', `source ${id}: ${text.slice(0, LONGEST_DETAIL)} is no point.`, {
      hint: `Write ${POINT_FORM}.`,
    });
  return point;
}

/** One line: a part of it was said by the other side. */
const plain = (text: string): string => text.slice(0, LONGEST_DETAIL).replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, '�');
