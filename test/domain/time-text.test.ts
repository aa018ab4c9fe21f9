import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDateTime, formatDuration, formatShare, formatTime } from '../../src/domain/time-text.ts';

describe('spans and instants as text', () => {
  it.each([
    [0, '0 ms'],
    [350, '350 ms'],
    [2_400, '2.4 s'],
    [59_700, '1 min'],
    [60_000, '1 min'],
    [90_000, '1 min 30 s'],
    [900_000, '15 min'],
    [3_599_600, '1 h'],
    [5_400_000, '1 h 30 min'],
    [172_800_000, '2 days'],
    [604_800_000, '7 days'],
    [176_400_000, '2 days 1 h'],
    [-90_000, '-1 min 30 s'],
  ])('says %i ms as %s', (ms, text) => {
    expect(formatDuration(ms, 'en')).toBe(text);
  });

  it('uses the decimal sign and the words of the language', () => {
    expect(formatDuration(2_400, 'pt-BR')).toBe('2,4 s');
    expect(formatDuration(604_800_000, 'pt-BR')).toBe('7 dias');
    expect(formatShare(0.0123, 'pt-BR')).toBe('1,23 %');
  });

  it('never shows a longer span as the shorter text of a smaller one', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10_000_000_000 }), (ms) => {
        expect(formatDuration(ms, 'en')).not.toMatch(/NaN|undefined|\b60 s$|\b60 min$|\b24 h$/);
      }),
    );
  });

  it('shows an instant in the given zone only', () => {
    const at = Date.parse('2026-03-01T02:05:09Z');
    expect(formatTime(at, { lang: 'en', zone: 'UTC' })).toBe('02:05 UTC');
    expect(formatDateTime(at, { lang: 'en', zone: 'America/Sao_Paulo' })).toBe('2026-02-28 23:05:09 GMT-3');
  });
});
