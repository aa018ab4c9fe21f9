// Whatever answers at the socket: samples within their bounds, or a dead reading with its reason.
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { containerIn, listedIn, samplesOf } from '../../../src/adapters/docker/containers.ts';
import { createDockerReader } from '../../../src/adapters/docker/index.ts';
import { createHttp } from '../../../src/adapters/http/index.ts';
import { systemTime } from '../../../src/adapters/system/index.ts';
import type { Batch } from '../../../src/domain/signal.ts';
import { becomesSamplesOrReason, odd, word } from '../odd.ts';

const ID = 'c5c072657895569d53ed1466049d524e7759b815277effb780d49a56b4822d09';
const LIST = [{ Id: ID, Names: ['/shop', '/old/alias'] }];
const SHOP = { RestartCount: 2, State: { Running: true, ExitCode: 0, FinishedAt: '0001-01-01T00:00:00Z' }, Config: { Labels: {} } };

type Answers = (url: string, response: ServerResponse) => void;

async function reading(answers: Answers, timeoutMs = 2_000): Promise<Batch> {
  const folder = mkdtempSync(path.join(tmpdir(), 'belay-docker-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const socket = path.join(folder, 'd.sock');
  const asked: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    asked.push(request.method);
    answers(request.url ?? '', response);
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve())));
  onTestFinished(() => server.closeAllConnections());
  const spec = { id: 'box', driver: 'docker', socket, everyMs: 1_000, timeoutMs } as const;
  const batch = await createDockerReader(spec, { http: createHttp({ allow: [] }), time: systemTime }).read(
    new AbortController().signal,
    {},
  );
  // A reading changes nothing.
  expect(new Set(asked)).toEqual(new Set(['GET']));
  return batch;
}

const json =
  (list: unknown, one: unknown): Answers =>
  (url, response) =>
    void response.end(JSON.stringify(url.startsWith('/containers/json') ? list : one));

describe('what answers at the socket', () => {
  test('and speaks as the engine does is read', async () => {
    expect(await reading(json(LIST, SHOP))).toMatchObject({
      alive: true,
      samples: expect.arrayContaining([expect.objectContaining({ name: 'container_restarts', total: 2 })]),
    });
  });

  test('and removes a container between two answers tells of one less', async () => {
    const batch = await reading((url, response) =>
      url.startsWith('/containers/json')
        ? void response.end(JSON.stringify(LIST))
        : void response.writeHead(404).end('{"message":"No such container"}'),
    );
    expect(batch).toMatchObject({ alive: true });
    expect(batch.samples).toContainEqual(expect.objectContaining({ name: 'containers', value: 0 }));
  });

  const many = Array.from({ length: 201 }, (_, index) => ({ Id: `${index}`.padStart(12, '0'), Names: [`/c${index}`] }));
  test.each<readonly [string, Answers, RegExp]>([
    [
      'refuses',
      (_url, response) => void response.writeHead(403).end('{"message":"denied by\\u0000 proxy"}'),
      /answered 403: denied by\uFFFD proxy$/,
    ],
    ['is no JSON', (_url, response) => void response.end('<html>'), /is not JSON: it begins with "<html>"/],
    ['is empty', (_url, response) => void response.end(), /the answer is empty/],
    ['is no list', json({}, SHOP), /is not a list/],
    ['lists no ids', json([{ Names: ['/x'] }], SHOP), /container 0 of the list has no id/],
    ['lists ids that are paths', json([{ Id: '../../images/x', Names: [] }], SHOP), /has no id/],
    ['lists too many', json(many, SHOP), /201 containers, more than 200/],
    ['knows no state', json(LIST, {}), /container shop: State is missing/],
    ['counts backwards', json(LIST, { ...SHOP, RestartCount: -1 }), /RestartCount is not a number/],
    ['has an exit code of text', json(LIST, { ...SHOP, State: { Running: true, ExitCode: '0' } }), /ExitCode is not a number/],
    ['does not say whether it runs', json(LIST, { ...SHOP, State: { ExitCode: 0 } }), /Running is neither/],
    ['never ends its answer', () => undefined, /no answer within \d+ ms/],
    ['is longer than 8 MiB', (_url, response) => void response.end(`["${'x'.repeat(8 * 1024 * 1024)}"]`), /longer than 8388608 bytes/],
  ])('and %s is a dead reading', async (what, answers, reason) => {
    expect(await reading(answers, what.startsWith('never') ? 300 : 20_000)).toMatchObject({
      alive: false,
      samples: [],
      reason: expect.stringMatching(reason),
    });
  });
});

test('ten thousand answers become finite samples with short, plain labels, one of each series, or a sentence', () => {
  const text = odd(word('unhealthy', 'acme', 'web.1.abc', 'abc'));
  const labels = odd(
    fc.record({ 'com.docker.compose.service': text, 'com.docker.swarm.task.name': text, 'com.docker.swarm.task.id': text, org: text }),
  );
  const state = fc.record({
    Running: odd(fc.boolean()),
    Restarting: odd(fc.boolean()),
    ExitCode: odd(fc.constantFrom(0, 1, 137, 143)),
    OOMKilled: odd(fc.boolean()),
    FinishedAt: odd(fc.constantFrom('0001-01-01T00:00:00Z', '2026-11-27T14:39:12.998602026Z', 'soon')),
    Health: odd(fc.record({ Status: text })),
  });
  const one = fc.record({ RestartCount: odd(fc.nat()), State: odd(state), Config: odd(fc.record({ Labels: labels })) });
  const listed = fc.record({
    Id: odd(fc.constantFrom(ID, `${ID.slice(0, 60)}0000`)),
    Names: odd(fc.array(odd(word('/shop', '/a/b')), { maxLength: 2 })),
  });
  becomesSamplesOrReason(
    fc.uniqueArray(fc.tuple(listed, one), { maxLength: 3, selector: ([first]) => JSON.stringify(first.Id) }),
    (pairs) => {
      const list = listedIn(pairs.map(([first]) => first));
      const containers = list.map((first, index) => containerIn(pairs[index]?.[1], first, 'org'));
      return samplesOf(containers, { at: 5_000, exitsAfter: 1, wanted: ['a\u0000b'] });
    },
  );
}, 60_000);
