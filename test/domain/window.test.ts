// Maintenance windows against the calendar: days, nights over midnight, cron, and the two nights of the year in which clocks are changed.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cronOf } from '../../src/config/windows.ts';
import { type WindowSpec, windowState } from '../../src/domain/window.ts';

const ALL = {
  monthDays: Array.from({ length: 31 }, (_, n) => n + 1),
  months: Array.from({ length: 12 }, (_, n) => n + 1),
  eitherDay: false,
};
const EVERY_DAY = [0, 1, 2, 3, 4, 5, 6];
const at = (text: string): number => Date.parse(text);
const minutes = (clock: string): number => Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3));
const daily = (from: string, to: string, zone = 'UTC', weekdays = EVERY_DAY): WindowSpec => ({
  id: 'w',
  zone,
  ...ALL,
  weekdays,
  at: [minutes(from)],
  until: { minute: minutes(to) },
});
const shown = (spec: WindowSpec, now: string) => {
  const { open, opensAt, closesAt } = windowState(spec, at(now));
  const iso = (one: number | null): string | null => (one === null ? null : new Date(one).toISOString().slice(0, 16));
  return [open, iso(opensAt), iso(closesAt)];
};

test.each<readonly [string, WindowSpec, string, readonly unknown[]]>([
  ['before it', daily('02:00', '04:00'), '2026-03-03T01:00Z', [false, '2026-03-03T02:00', '2026-03-03T04:00']],
  ['at its first moment', daily('02:00', '04:00'), '2026-03-03T02:00Z', [true, '2026-03-03T02:00', '2026-03-03T04:00']],
  ['at its end, which is the next one', daily('02:00', '04:00'), '2026-03-03T04:00Z', [false, '2026-03-04T02:00', '2026-03-04T04:00']],
  ['after midnight', daily('22:00', '02:00'), '2026-03-03T01:00Z', [true, '2026-03-02T22:00', '2026-03-03T02:00']],
  ['all of one day', daily('00:00', '24:00', 'UTC', [2]), '2026-03-03T23:59Z', [true, '2026-03-03T00:00', '2026-03-04T00:00']],
  ['all day and the next', daily('00:00', '24:00', 'UTC', [2, 3]), '2026-03-03T23:59Z', [true, '2026-03-03T00:00', '2026-03-05T00:00']],
  ['always open', daily('00:00', '24:00'), '2026-03-03T23:59Z', [true, '2026-03-03T00:00', '2026-03-11T00:00']],
  ['nearly always', daily('00:01', '24:00'), '2026-03-03T23:59Z', [true, '2026-03-03T00:01', '2026-03-04T00:00']],
  [
    'of a Sunday, in its own zone',
    daily('22:00', '23:00', 'America/Sao_Paulo', [0]),
    '2026-03-02T01:30Z',
    [true, '2026-03-02T01:00', '2026-03-02T02:00'],
  ],
  [
    'on a leap day',
    { ...daily('00:00', '01:00'), months: [2], monthDays: [29] },
    '2027-03-01T00:00Z',
    [false, '2028-02-29T00:00', '2028-02-29T01:00'],
  ],
  ['on a day that there is not', { ...daily('00:00', '01:00'), months: [2], monthDays: [30] }, '2026-03-01T00:00Z', [false, null, null]],
  // Clocks jump from 02:00 to 03:00 on 2026-03-29, and go back from 03:00 to 02:00 on 2026-10-25.
  [
    'that begins in the hour that is not there',
    daily('02:30', '05:00', 'Europe/Berlin'),
    '2026-03-29T00:59Z',
    [false, '2026-03-29T01:00', '2026-03-29T03:00'],
  ],
  ['that ends in it', daily('01:00', '02:30', 'Europe/Berlin'), '2026-03-29T00:30Z', [true, '2026-03-29T00:00', '2026-03-29T01:00']],
  [
    'that lies in it altogether, so that there is none that day',
    daily('02:10', '02:50', 'Europe/Berlin'),
    '2026-03-28T02:00Z',
    [false, '2026-03-30T00:10', '2026-03-30T00:50'],
  ],
  [
    'over the hour that is there twice',
    daily('01:00', '04:00', 'Europe/Berlin'),
    '2026-10-25T01:30Z',
    [true, '2026-10-24T23:00', '2026-10-25T03:00'],
  ],
  [
    'that ends in that hour: the first time',
    daily('01:00', '02:30', 'Europe/Berlin'),
    '2026-10-25T00:31Z',
    [false, '2026-10-26T00:00', '2026-10-26T01:30'],
  ],
])('a window is seen right %s', (_, spec, now, state) => {
  expect(shown(spec, now)).toEqual(state);
});

describe('a line of cron', () => {
  const ofCron = (line: string, forMs: number): WindowSpec => {
    const found = cronOf(line);
    if (found === null) throw new Error(line);
    return { id: 'w', zone: 'UTC', ...found, until: { afterMs: forMs } };
  };

  test('says when windows begin', () => {
    expect(shown(ofCron('30 2 * * 0', 7_200_000), '2026-03-08T04:00Z')).toEqual([true, '2026-03-08T02:30', '2026-03-08T04:30']);
    expect(shown(ofCron('0 */6 1,15 * *', 600_000), '2026-03-02T00:00Z')).toEqual([false, '2026-03-15T00:00', '2026-03-15T00:10']);
    expect(shown(ofCron('0 0 13 * fri', 600_000), '2026-03-03T00:00Z')).toEqual([false, '2026-03-06T00:00', '2026-03-06T00:10']);
  });

  test('that overlaps itself is open as long as one begins before the one before it is over', () => {
    expect(shown(ofCron('0 8-11 * * *', 5_400_000), '2026-03-03T10:15Z')).toEqual([true, '2026-03-03T09:00', '2026-03-03T12:30']);
  });

  test.each([
    '',
    '* * * *',
    '60 * * * *',
    '* 24 * * *',
    '* * 0 * *',
    '* * * 13 *',
    '* * * * 8',
    '5-1 * * * *',
    '*/0 * * * *',
    'a * * * *',
    '* * * * * *',
    '-1 * * * *',
    '1, * * * *',
  ])('that is none is refused: "%s"', (line) => {
    expect(cronOf(line)).toBeNull();
  });

  test('whatever is written becomes times of the day or nothing, 10 000 times', () => {
    const part = fc.oneof(fc.constantFrom('*', '*/5', '1-5', '0', '59', '1,2', '7', 'sun', '5/3'), fc.string({ maxLength: 6 }));
    fc.assert(
      fc.property(fc.array(part, { minLength: 4, maxLength: 6 }), (parts) => {
        const found = cronOf(parts.join(' '));
        if (found === null) return;
        expect(found.at.length).toBeGreaterThan(0);
        expect(found.at.every((minute) => minute >= 0 && minute < 1_440)).toBe(true);
        expect(found.weekdays.every((day) => day >= 0 && day <= 6)).toBe(true);
      }),
      { numRuns: 10_000 },
    );
  });
});

test('whatever the zone and the moment, an open window holds the moment and the next one does not, 300 times', () => {
  const zones = ['UTC', 'America/Sao_Paulo', 'Europe/Berlin', 'Asia/Kathmandu', 'Australia/Lord_Howe', 'America/New_York'];
  const arb = fc.record({
    zone: fc.constantFrom(...zones),
    from: fc.integer({ min: 0, max: 1_439 }),
    to: fc.integer({ min: 0, max: 1_440 }),
    now: fc.integer({ min: at('2026-01-01'), max: at('2028-01-01') }),
  });
  fc.assert(
    fc.property(arb, ({ zone, from, to, now }) => {
      const spec: WindowSpec = { id: 'w', zone, ...ALL, weekdays: EVERY_DAY, at: [from], until: { minute: to } };
      const { open, opensAt, closesAt } = windowState(spec, now);
      if (opensAt === null || closesAt === null) throw new Error('a window of every day comes');
      expect(opensAt <= now && now < closesAt).toBe(open);
      expect(closesAt).toBeGreaterThan(opensAt);
      // What the wall shows then, by another way.
      const wall = new Intl.DateTimeFormat('en', { timeZone: zone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(opensAt);
      const off = Math.abs(minutes(wall) - from);
      expect(Math.min(off, 1_440 - off)).toBeLessThanOrEqual(60);
    }),
    { numRuns: 300 },
  );
});
