// What Sentry and its SDKs send, as samples: webhooks of an integration, and envelopes of an SDK whose DSN points here. It keeps no event.
import { jsonIn, refused } from '../../domain/received.ts';
import type { SourceSpec } from '../../domain/source-catalog.ts';
import type { SignalDecoder } from '../../ports/signal-source.ts';
import { itemsOf, samplesOf } from './envelope.ts';
import { sampleOfHook } from './hook.ts';

export type SentrySpec = Extract<SourceSpec, { driver: 'sentry' }>;

const ENVELOPE = /^\/api\/([\w-]{1,64})\/envelope$/;
const JSON_TYPE = { 'content-type': 'application/json' };

/** @example createSentry({ id: 'sentry', driver: 'sentry', everyMs: 10_000, verify: 'hmac-sha256', secret: '…', header: 'sentry-hook-signature' }) */
export function createSentry(spec: SentrySpec): SignalDecoder {
  return {
    id: spec.id,
    everyMs: spec.everyMs,
    decode: (request) => {
      const { method, path, headers, body, at } = request;
      const project = method === 'POST' ? ENVELOPE.exec(path)?.[1] : undefined;
      if (project !== undefined) {
        const { id, items } = itemsOf(body);
        // SDKs read nothing else of the answer.
        const reply = { status: 200, headers: JSON_TYPE, body: JSON.stringify(id === null ? {} : { id }) };
        return { samples: samplesOf(items, { project, at, eventId: id }), reply };
      }
      if (method !== 'POST' || path !== '') {
        throw refused(
          `source ${spec.id} does not know ${method} ${path}`,
          'It takes POST to itself (webhooks of an integration) and to /api/<project>/envelope/ (SDKs).',
        );
      }
      const resource = headers['sentry-hook-resource'] ?? '';
      if (resource === '') throw refused('there is no sentry-hook-resource header', 'Use the webhook of an internal integration.');
      return { samples: [sampleOfHook(jsonIn(body), { resource, raw: body, at })], reply: { status: 200 } };
    },
  } satisfies SignalDecoder;
}
