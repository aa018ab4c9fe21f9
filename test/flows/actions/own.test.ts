// What an answer to an action of one's own says about its effect.
import { expect, test } from 'vitest';
import { createCel } from '../../../src/adapters/cel/index.ts';
import type { OwnActionSpec } from '../../../src/domain/own-action.ts';
import { ownActions } from '../../../src/flows/actions/own.ts';
import { createFakeHttp } from '../../world/fakes/http.ts';

const SPEC: OwnActionSpec = {
  ...{ id: 'crm.freeze', params: {}, headers: {}, timeoutMs: 1_000, reached: 'json.frozen == true', desired: 'frozen' },
  observe: { get: 'http://crm.test/stages' },
  act: { method: 'POST', url: 'http://crm.test/freeze', headers: {} },
};

test.each([
  ...[400, 401, 403, 404, 405, 413, 415, 422, 429].map((status) => [status, 'BELAY_ACT_FAILED', 'none'] as const),
  ...[301, 302, 303, 307, 304, 402, 408, 409, 410, 412, 423, 425, 499, 500, 502, 503, 504].map(
    (status) => [status, 'BELAY_TIMEOUT', 'unknown'] as const,
  ),
])('an action of one’s own that is answered %i fails with %s, effect %s', async (status, code, effect) => {
  const http = createFakeHttp({
    hosts: ['crm.test'],
    answer: ({ method }) => (method === 'GET' ? { status: 200, body: '{"frozen":false}' } : { status }),
  });
  const [action] = ownActions({ specs: [SPEC], http, expression: createCel() });
  if (action === undefined) throw new Error('no action');
  const { fingerprint: expected } = await action.observe({});
  await expect(action.act({}, { expected, key: 'k', reason: 'r' })).rejects.toMatchObject({ code, effect });
});
