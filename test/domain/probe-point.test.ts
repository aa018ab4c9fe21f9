// Points of probes as people write them.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parsePoint } from '../../src/domain/probe-point.ts';

test('a point is one of four kinds, whole or not at all', () => {
  expect(parsePoint('https://shop.example/health?deep=1')).toEqual({ kind: 'http', url: 'https://shop.example/health?deep=1' });
  expect(parsePoint('tcp://db.internal:5432')).toEqual({ kind: 'tcp', host: 'db.internal', port: 5432 });
  expect(parsePoint('tls://[2001:db8::1]:443')).toEqual({ kind: 'tls', host: '[2001:db8::1]', port: 443 });
  expect(parsePoint('dns://shop.example')).toEqual({ kind: 'dns', name: 'shop.example' });
});

test.each([
  'shop.example',
  'https://',
  'ftp://shop.example',
  'tcp://shop.example',
  'tcp://shop.example:0',
  'tcp://shop.example:65536',
  'tcp://ana:secret@shop.example:5432',
  'tls://shop.example:443/path',
  'dns://shop.example:53',
  'dns://192.0.2.1',
  'TCP://shop.example:1',
  'tcp://sh op.example:1',
])('what is none of them is refused: %s', (text) => {
  expect(parsePoint(text)).toBeNull();
});

test('ten thousand texts are points with a host and a port that exist, or none', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc
      .tuple(fc.constantFrom('tcp', 'tls', 'dns', 'http', 'x'), fc.string(), fc.integer({ min: -1, max: 99_999 }))
      .map(([kind, host, port]) => `${kind}://${host}:${port}`),
    fc
      .tuple(fc.constantFrom('tcp', 'tls', 'dns'), fc.domain(), fc.nat(70_000))
      .map(([kind, host, port]) => `${kind}://${host}${kind === 'dns' ? '' : `:${port}`}`),
  );
  fc.assert(
    fc.property(text, (written) => {
      const point = parsePoint(written);
      if (point === null || point.kind === 'http') return;
      expect(point.kind === 'dns' ? point.name : point.host).toMatch(/^[\w.[\]:-]+$/);
      if (point.kind !== 'dns') expect(point.port > 0 && point.port < 65_536).toBe(true);
    }),
    { numRuns: 10_000 },
  );
});
