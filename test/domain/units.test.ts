// Durations, percentages and rates as people write them, exactly, and back.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { durationMeant, parseDuration, parsePercent, parseRate, writeDuration, writePercent, writeRate } from '../../src/domain/units.ts';

const value = (parsed: ReturnType<typeof parseDuration>) => (parsed.ok ? parsed.value : parsed.why);

describe('durations', () => {
  test.each([
    ['500ms', 500],
    ['0s', 0],
    ['10s', 10_000],
    ['15m', 900_000],
    ['2h', 7_200_000],
    ['7d', 604_800_000],
    ['1w', 604_800_000],
  ])('%s is %d ms', (text, ms) => {
    expect(value(parseDuration(text))).toBe(ms);
  });

  test.each([
    ['2 mins', '"2 mins" is not a duration; write 2m'],
    ['15 m', '"15 m" is not a duration; write 15m'],
    ['1.5h', '"1.5h" is not a duration; write 90m'],
    ['90 seconds', '"90 seconds" is not a duration; write 90s'],
    ['0.5d', '"0.5d" is not a duration; write 12h'],
    ['15', '"15" is not a duration'],
    ['', '"" is not a duration'],
    ['soon', '"soon" is not a duration'],
    ['-5m', '"-5m" is not a duration'],
    ['1h30m', '"1h30m" is not a duration'],
    ['999999999999w', '"999999999999w" is too long'],
  ])('%s is refused, and says what may be meant', (text, why) => {
    expect(value(parseDuration(text))).toBe(why);
  });

  test('what is written is read again as the same number', () => {
    fc.assert(fc.property(fc.nat(1e12), (ms) => value(parseDuration(writeDuration(ms))) === ms));
  });

  test('what may be meant is always a duration, whatever was written', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const meant = durationMeant(text);
        return meant === null || parseDuration(meant).ok;
      }),
    );
  });
});

describe('percentages', () => {
  test.each([
    ['2%', 0.02],
    ['0.1%', 0.001],
    ['100%', 1],
    ['0%', 0],
    ['0.02', 0.02],
    ['1e-5', 1e-5],
    ['2 %', 0.02],
    ['1', 1],
  ])('%s is %d', (text, fraction) => {
    expect(value(parsePercent(text))).toBe(fraction);
  });

  test.each([
    ['200%', '200% is more than 100%'],
    ['2', '2 is more than 100% (write 2% if percent was meant)'],
    ['a lot', '"a lot" is not a percentage'],
    ['-1%', '"-1%" is not a percentage'],
    ['', '"" is not a percentage'],
  ])('%s is refused with its reason', (text, why) => {
    expect(value(parsePercent(text))).toBe(why);
  });

  test('a written percentage is read again as the same fraction', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 100_000 }),
        (thousandths) => value(parsePercent(writePercent(thousandths / 100_000))) === thousandths / 100_000,
      ),
    );
  });
});

describe('rates', () => {
  test.each([
    ['10/min', 10],
    ['10/m', 10],
    ['2/s', 120],
    ['600/h', 10],
    ['5', 5],
    ['0.5 / s', 30],
  ])('%s is %d a minute', (text, perMinute) => {
    expect(value(parseRate(text))).toBe(perMinute);
  });

  test.each(['10/fortnight', '10/ms', '/min', 'ten/min', ''])('%s is refused as a rate', (text) => {
    expect(parseRate(text).ok).toBe(false);
  });

  test('a written rate is read again as the same rate', () => {
    fc.assert(fc.property(fc.nat(1e6), (rate) => value(parseRate(writeRate(rate))) === rate));
  });
});
