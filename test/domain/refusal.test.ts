// What is kept of refused requests: few, short, without secrets, and a flood as a number.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { masked } from '../../src/domain/mask.ts';
import { bodyText, REFUSALS, type Refusal, withRefusal } from '../../src/domain/refusal.ts';

const MINUTE = 60_000;
const refusal = (at: number, o: Partial<Refusal> = {}): Refusal => ({
  source: 'hooks',
  at,
  status: 400,
  reason: 'no JSON',
  method: 'POST',
  path: '',
  bytes: 3,
  body: 'abc',
  more: 0,
  ...o,
});

describe('refusals', () => {
  test('of a flood are five a minute and a number, and another status is not lost among them', () => {
    let kept: readonly Refusal[] = [];
    for (let n = 0; n < 1_000; n += 1) kept = withRefusal(kept, refusal(n * 10));
    kept = withRefusal(kept, refusal(10_001, { status: 401 }));
    expect(kept).toHaveLength(REFUSALS.perMinute + 1);
    expect(kept.reduce((sum, one) => sum + one.more, 0)).toBe(995);
    kept = withRefusal(kept, refusal(10_000 + 2 * MINUTE));
    expect(kept).toHaveLength(REFUSALS.perMinute + 2);
  });

  test('are at most so many, the newest, and none older than a week', () => {
    let kept: readonly Refusal[] = [];
    for (let n = 0; n < 500; n += 1) kept = withRefusal(kept, refusal(n * MINUTE));
    expect([kept.length, kept[0]?.at]).toEqual([REFUSALS.perSource, 499 * MINUTE]);
    kept = withRefusal(kept, refusal(490 * MINUTE + REFUSALS.keepMs));
    expect(kept).toHaveLength(10);
  });
});

describe('a secret', () => {
  test.each([
    ['{"apikey": "hunter22-long", "state":"open"}', '{"apikey": "•••", "state":"open"}'],
    ['{"user_password":"a\\"b","n":1}', '{"user_password":"•••","n":1}'],
    ['{"access_token":12345,"n":1}', '{"access_token":"•••","n":1}'],
    ['user=ana&senha=abc123&n=1', 'user=ana&senha=•••&n=1'],
    ['Authorization: Bearer abc.def.ghi\nHost: a', 'Authorization: •••\nHost: a'],
    ['token: Bearer hunter2, n: 1', 'token: •••, n: 1'],
    ['Cookie: a=hunter2; b=abc123', 'Cookie: •••'],
    ['sent with bearer abcdefgh', 'sent with bearer •••'],
    ['postgres://ana:hunter2@db/x', 'postgres://ana:•••@db/x'],
    ['redis://:hunter2@cache:6379/0', 'redis://:•••@cache:6379/0'],
    ['{"url":"x","k":"whsec_abcdefghijklmnop"}', '{"url":"x","k":"•••"}'],
    ['-----BEGIN RSA PRIVATE KEY-----\nabc', '•••'],
    [`login with password="hunter2" and pwd='abc123'`, `login with password="•••" and pwd='•••'`],
    [String.raw`{"log":"{\"password\":\"hunter2\",\"n\":1}"}`, String.raw`{"log":"{\"password\":\"•••\",\"n\":1}"}`],
    ['{"headers":[["X-Api-Key","hunter2"],["Host","a"]]}', '{"headers":[["X-Api-Key","•••"],["Host","a"]]}'],
    ['{"key":"http.authorization","value":{"stringValue":"hunter2"},"n":1}', '{"key":"http.authorization","value":"•••","n":1}'],
    ['{"cookies":{"a":"}","b":["hunter2"]},"n":1}', '{"cookies":"•••","n":1}'],
    ['{"total_tokens": 512}', '{"total_tokens": "•••"}'],
    ['{"dbPass":"hunter2","compass":"north","author":"ana"}', '{"dbPass":"•••","compass":"north","author":"ana"}'],
    ['payload=%7B%22senha%22%3A%22hunter2%22%7D&n=1', 'payload=%7B%22senha%22%3A%22•••%22%7D&n=1'],
    ['<password>hunter2</password>', '<password>•••</password>'],
    ['run --password hunter2 now', 'run --password ••• now'],
  ])('in %s is masked', (text, shown) => {
    expect(masked(text)).toBe(shown);
  });

  test('that belay.yaml names is masked wherever it stands, and one that begins before the cut leaves nothing of itself', () => {
    expect(masked('x s3cr3t-of-ours y', ['s3cr3t-of-ours'])).toBe('x ••• y');
    const body = `${'x'.repeat(REFUSALS.bodyChars - 20)}{"token":"${'k'.repeat(100)}"}`;
    expect(bodyText(new TextEncoder().encode(body), [])).not.toContain('kkkk');
  });

  test('that the end of what is read cuts in two leaves nothing of its first half, also where most of the rest was masked', () => {
    const secret = 'ours, and long: k1k2k3k4';
    const filled = (before: string): Uint8Array =>
      new TextEncoder().encode(
        `${before}${'€'.repeat((2 * REFUSALS.bodyChars - new TextEncoder().encode(before).length - 20) / 3)} ${secret}`,
      );
    expect(bodyText(filled(''), [secret])).not.toContain('ours');
    expect(
      bodyText(new TextEncoder().encode(`{"token":"${'x'.repeat(2 * REFUSALS.bodyChars - 40)}","url":"redis://:hunter22@db"}`), []),
    ).not.toContain('hunt');
  });

  test.each([
    'password.',
    'password ',
    'password"',
    'token:[',
    'token=\\"',
    'a.',
    'eyJ-',
    'eyJaaaaaaaa.',
    '<token ',
    '://:',
    'bearer ',
    '-----BEGIN A',
  ])('is looked for in a body of nothing but %j without keeping the door for long', (part) => {
    const began = performance.now();
    bodyText(new TextEncoder().encode(part.repeat(40_000 / part.length)), ['s3cr3t']);
    expect(performance.now() - began).toBeLessThan(500);
  });
});

test('a password is hidden whatever strangers write before it', () => {
  const words = fc.constantFrom(
    'password',
    'token',
    '"',
    '\\"',
    "'",
    ':',
    '=',
    ',',
    ' ',
    '{',
    '}',
    '[',
    ']',
    '<',
    '>',
    '--',
    '%22',
    '://',
    '@',
    'a',
    '.',
    '\n',
  );
  fc.assert(
    fc.property(fc.array(words, { maxLength: 40 }), (parts) => {
      expect(masked(`${parts.join('')}{"type":"token","password":"hunter2x"}`)).not.toContain('hunter2x');
    }),
    { numRuns: 10_000 },
  );
}, 30_000);

test('a body is kept as text of a bounded length without control characters, or not at all', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat({ max: 200 }), (bytes, times) => {
      const whole = new Uint8Array(bytes.length * times);
      for (let n = 0; n < times; n += 1) whole.set(bytes, n * bytes.length);
      const text = bodyText(whole, ['abcd']);
      if (text === null) return;
      expect(text.length).toBeLessThanOrEqual(REFUSALS.bodyChars);
      expect(text).not.toMatch(/(?![\n\t])[\p{Cc}\p{Cs}]/u);
    }),
    { numRuns: 10_000 },
  );
  expect(bodyText(Uint8Array.from([0x1f, 0x8b, 8, 0, 0xff, 0xfe, 0x80]), [])).toBeNull();
}, 30_000);
