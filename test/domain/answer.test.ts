// Answers of other people's APIs: what a redirect may show of where it leads, and how far an API was read.
import { describe, expect, test } from 'vitest';
import { jsonOf, movedText, Patience, readUpTo } from '../../src/domain/answer.ts';

describe('a redirect', () => {
  test.each([
    ['https://ana:hunter2@login.test/next/page?state=hunter2#hunter2', 'answered 302: it is at https://login.test/next/page now'],
    ['//ana:hunter2@login.test/', 'answered 302: it is at //login.test/ now'],
    ['\\\\ana:hunter2@login.test\\x', 'answered 302: it is at //login.test\\x now'],
    ['/login?token=hunter2', 'answered 302: it is at /login now'],
    ['https://x.test/in/ghp_hunter2hunter2hunter2', 'answered 302: it is at https://x.test/in/••• now'],
    ['?token=hunter2', 'answered 302'],
    [undefined, 'answered 302'],
  ])('to %s says where it is now and repeats nothing that may be a token', (location, said) => {
    expect(movedText(302, location)).toBe(said);
  });

  test('is told by a reading of any API without its query', () => {
    const answer = { status: 302, headers: { location: 'https://sso.test/saml?SAMLRequest=hunter2' }, body: '' };
    expect(() => jsonOf(answer)).toThrow('answered 302: it is at https://sso.test/saml now');
  });
});

describe('what an API was read up to, or asked for,', () => {
  test('is not believed where it lies in the future: a clock was wrong then', () => {
    expect([readUpTo({ upTo: 10 }, 10), readUpTo({ upTo: 11 }, 10), readUpTo({}, 10)]).toEqual([10, undefined, undefined]);
    const patience = new Patience();
    patience.heard({ status: 429, headers: { 'retry-after': '60' } }, 100 * 3_600_000);
    expect(patience.refusal(100 * 3_600_000 + 1_000)).toMatch(/59 s more/);
    expect(patience.refusal(90 * 3_600_000)).toBeNull();
  });
});
