// Any JSON that somebody sends, by the mapping of belay.yaml. It knows no sender: what a field means is what the mapping says.

import { refused } from '../../domain/received.ts';
import type { Sample } from '../../domain/signal.ts';
import type { Standing } from '../../domain/standing.ts';
import type { Expression } from '../../ports/expression.ts';
import type { SignalDecoder } from '../../ports/signal-source.ts';
import { bodiesOf, type Enveloped } from './envelope.ts';
import type { Mapped, WebhookSpec } from './mapping.ts';
import { compileMapping } from './mapping.ts';

const MOST_SAMPLES = 10_000;

/** @throws BELAY_CONFIG_INVALID when an expression of the mapping cannot be compiled */
export function createMappedWebhook(spec: WebhookSpec, { expression }: { readonly expression: Expression }): SignalDecoder {
  const mapping = compileMapping(spec, expression);
  return {
    id: spec.id,
    everyMs: spec.everyMs,
    decode: (request) => {
      if (request.method === 'GET') throw refused(`source ${spec.id} takes POST`);
      const samples: Sample[] = [];
      const standing: Standing[] = [];
      for (const enveloped of bodiesOf(request, spec.verify)) {
        for (const [index, mapped] of mapping.map(enveloped.body, request.headers).entries()) {
          if (samples.length + standing.length >= MOST_SAMPLES)
            throw refused(`source ${spec.id}: more than ${MOST_SAMPLES} samples in one request`);
          const sample = sampleOf(spec, mapped, { enveloped, index, now: request.at });
          if (sample.kind === 'value' && spec.holdMs !== undefined)
            standing.push({ ...sample, thing: 'it', until: request.at + spec.holdMs });
          else samples.push(sample);
        }
      }
      const reply = {
        status: 200,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ taken: samples.length + standing.length }),
      };
      return { samples, standing, reply };
    },
  } satisfies SignalDecoder;
}

function sampleOf(
  spec: WebhookSpec,
  mapped: Mapped,
  { enveloped, index, now }: { readonly enveloped: Enveloped; readonly index: number; readonly now: number },
): Extract<Sample, { readonly kind: 'delta' | 'value' }> {
  const at = mapped.at ?? enveloped.at ?? now;
  const { name } = spec;
  const { labels, value } = mapped;
  if (value !== null) return { kind: 'value', name, labels, at, value };
  const around = enveloped.id === null ? null : spec.each === undefined ? enveloped.id : `${enveloped.id}/${index}`;
  // An id of the whole body is the same for all of its elements.
  const ofWhole = spec.each !== undefined && !/\bitem\b/.test(spec.eventId ?? '');
  const id = mapped.id === null ? around : ofWhole ? `${mapped.id}/${index}` : mapped.id;
  return { kind: 'delta', ...(id === null ? {} : { id }), name, labels, at, delta: 1 };
}
