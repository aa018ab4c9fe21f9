// What is kept of refused requests: few, short, without secrets, and a flood as a number.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bodyText, masked, REFUSALS, type Refusal, withRefusal } from '../../src/domain/refusal.ts';

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
    ['Authorization: Bearer abc.def.ghi', 'Authorization: •••'],
    ['sent with bearer abcdefgh', 'sent with bearer •••'],
    ['postgres://ana:hunter2@db/x', 'postgres://ana:•••@db/x'],
    ['{"url":"x","k":"whsec_abcdefghijklmnop"}', '{"url":"x","k":"•••"}'],
    ['-----BEGIN RSA PRIVATE KEY-----\nabc', '•••'],
  ])('in %s is masked', (text, shown) => {
    expect(masked(text)).not.toMatch(/hunter2|abc123|abcdefgh|12345|a\\"b/);
    if (!text.startsWith('Authorization')) expect(masked(text)).toBe(shown);
  });

  test('that belay.yaml names is masked wherever it stands, and one that begins before the cut leaves nothing of itself', () => {
    expect(masked('x s3cr3t-of-ours y', ['s3cr3t-of-ours'])).toBe('x ••• y');
    const body = `${'x'.repeat(REFUSALS.bodyChars - 20)}{"token":"${'k'.repeat(100)}"}`;
    expect(bodyText(new TextEncoder().encode(body), [])).not.toContain('kkkk');
  });
});

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
