// Addresses as steps of a browser name them, and which origins a customer's browser may ask.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addressFits, OPENED, ORIGIN, originsOf } from '../../src/domain/browser-step.ts';

test.each<readonly [string, string, boolean]>([
  ['/painel', 'https://app.example/painel', true],
  ['/painel', 'https://app.example/painel?day=1', false],
  ['/painel*', 'https://app.example/painel?day=1#top', true],
  ['/painel', 'https://evil.example/painel/', false],
  ['https://app.example/*', 'https://app.example/painel', true],
  ['https://app.example/*', 'https://app.example.evil/painel', false],
  ['*/rows*', 'https://app.example/api/rows?page=2', true],
  ['/a*b*c', 'http://x/a-c-b', false],
  ['/a*b*c', 'http://x/a-b-b-c', true],
  ['/aba*ba', 'http://x/aba', false],
  ['*', '', true],
])('the pattern %s over the address %s is %j', (pattern, address, fits) => {
  expect(addressFits(pattern, address)).toBe(fits);
});

test('a pattern that is the address itself fits, one with a star in place of any part of it, too, and neither takes long', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '.', '/', '?'), maxLength: 40 });
  fc.assert(
    fc.property(text, text, text, (before, part, after) => {
      const address = `http://x/${before}${part}${after}`;
      expect(addressFits(address, address)).toBe(true);
      expect(addressFits(`http://x/${before}*${after}`, address)).toBe(true);
      expect(addressFits(`/${before}*${after}`, address)).toBe(true);
    }),
    { numRuns: 10_000 },
  );
  const began = performance.now();
  expect(addressFits(`${'*a'.repeat(1_000)}!`, `http://x/${'a'.repeat(100_000)}`)).toBe(false);
  expect(performance.now() - began).toBeLessThan(1_000);
});

test('what is opened and what is declared may be asked, with its port; a host that only a run would know, or one behind a name, is no host', () => {
  const steps = [
    { does: 'open', url: 'https://app.example/login?next={run}' },
    { does: 'open', url: 'http://app.example:8080/x' },
    { does: 'click' },
  ];
  expect(originsOf(steps, ['https://app.example:443', 'https://cdn.example'])).toEqual([
    'https://app.example',
    'http://app.example:8080',
    'https://cdn.example',
  ]);
  const opened = ['http://a/{run}', 'https://a:1', 'http://{saved.host}/', 'http://a@evil/', 'file:///etc/passwd', 'javascript:alert(1)'];
  expect(opened.map((one) => OPENED.test(one))).toEqual([true, true, false, false, false, false]);
  expect(['https://a', 'https://a:1', 'https://a/', 'https://*', 'a'].map((one) => ORIGIN.test(one))).toEqual([
    true,
    true,
    false,
    true,
    false,
  ]);
});
