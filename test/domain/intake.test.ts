// What an intake makes of a request and of an answer: pure, from tables and from any input.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addressOf, headersToKeep, idAt, isPlainRest, judgeForward, pauseAfter } from '../../src/domain/intake.ts';

describe('an answer of the receiver', () => {
  test.each([
    [200, 1, 'delivered'],
    [204, 9, 'delivered'],
    [null, 1_000, 'again'],
    [404, 1_000, 'again'],
    [401, 1_000, 'again'],
    [429, 1_000, 'again'],
    [503, 1_000, 'again'],
    [302, 1_000, 'again'],
    [500, 29, 'again'],
    [500, 30, 'doubted'],
    [422, 4, 'again'],
    [422, 5, 'doubted'],
  ] as const)('of %s at try %i means: %s', (status, tries, outcome) => {
    expect(judgeForward(status, tries)).toBe(outcome);
  });

  test('of 500 while the breaker is open is doubted from the eighth try on', () => {
    expect([7, 8].map((tries) => judgeForward(500, tries, 900_000))).toEqual(['again', 'doubted']);
    expect(judgeForward(503, 1_000, 900_000)).toBe('again');
  });

  test.each([
    [10_000, 18],
    [1_000, 30],
  ])(
    'of 500 while the breaker is open and rests but %i ms is doubted no sooner than two minutes allow, from try %i on',
    (everyMs, tries) => {
      expect([tries - 1, tries].map((one) => judgeForward(500, one, everyMs))).toEqual(['again', 'doubted']);
    },
  );

  test('that is no yes is followed by a pause that grows and has an end', () => {
    expect([1, 2, 3, 9, 1_000].map((tries) => pauseAfter(tries))).toEqual([250, 500, 1_000, 5_000, 5_000]);
    expect([5, 30].map((tries) => pauseAfter(tries, 'doubted'))).toEqual([4_000, 30_000]);
  });
});

describe('where a message goes', () => {
  test.each([
    ['http://n8n/webhook/dm-{org}', 'acme', '', 'http://n8n/webhook/dm-acme'],
    ['http://n8n/webhook/dm-{org}', 'a/b?c', '', 'http://n8n/webhook/dm-a%2Fb%3Fc'],
    ['http://n8n/hook/', '', '/messages-upsert?x=1', 'http://n8n/hook/messages-upsert?x=1'],
    ['http://n8n/hook?key=1', '', '?x=1', 'http://n8n/hook?key=1&x=1'],
  ])('%s for %j with %j is %s', (to, line, rest, address) => {
    expect(addressOf({ to }, { line, rest })).toBe(address);
  });

  test('never leaves the host and the path that belay.yaml names, whatever is asked for', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (line, path) => {
        fc.pre(isPlainRest(path));
        const url = new URL(addressOf({ to: 'https://n8n.example/webhook/dm-{org}' }, { line, rest: path }));
        return url.origin === 'https://n8n.example' && url.pathname.startsWith('/webhook/dm-');
      }),
      { numRuns: 10_000 },
    );
  });

  test.each(['/..', '/a/../b', '/%2e%2e', '/.', '//x', '/a b', '/a\n'])('takes no path such as %j', (path) => {
    expect(isPlainRest(path)).toBe(false);
  });
});

describe('what is kept of a request', () => {
  test('are its headers without those of the connection, and without the secret that is Belay’s', () => {
    const headers = { 'x-hub-signature-256': 'sha256=1', host: 'h', connection: 'close', 'content-length': '3', authorization: 'Bearer s' };
    expect(headersToKeep(headers, 'bearer')).toEqual({ 'x-hub-signature-256': 'sha256=1' });
    expect(headersToKeep(headers, 'none')).toEqual({ 'x-hub-signature-256': 'sha256=1', authorization: 'Bearer s' });
    expect(headersToKeep({ x: 'y'.repeat(17_000) }, 'none')).toBeNull();
  });

  test.each([
    [{ data: { key: { id: 'A1' } } }, 'data.key.id', 'A1'],
    [{ id: 7 }, 'id', '7'],
    [{ id: '' }, 'id', null],
    [{ id: {} }, 'id', null],
    [null, 'id', null],
    [{ id: 'x'.repeat(257) }, 'id', null],
    [{}, 'constructor.name', null],
  ])('of %j is the id at %s: %s', (json, path, id) => {
    expect(idAt(json, path)).toBe(id);
  });

  test('is an id of bounded length or none, whatever the body holds', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string(), (json, path) => {
        const id = idAt(json, path);
        return id === null || (id.length > 0 && id.length <= 256);
      }),
      { numRuns: 10_000 },
    );
  });
});
