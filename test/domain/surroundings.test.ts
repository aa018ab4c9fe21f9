// What an older release would meet that it never met: each answer by its rule, and what is not known counts as the worst.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Calm,
  type ConfigFacts,
  declaredFlags,
  type FlagFacts,
  isAsSeen,
  judgeConfig,
  judgeFlags,
  markOf,
  type Surroundings,
  surroundingsAsk,
  withSeen,
} from '../../src/domain/surroundings.ts';
import { safetyLines } from '../../src/domain/text/safety-texts.ts';

const flag = (o: Partial<FlagFacts> = {}): FlagFacts => ({
  ...{ flag: 'voice', now: { '': 'on' }, then: markOf({ '': 'on' }), declared: null, off: 'never' },
  ...o,
});
const flags = (o: Partial<FlagFacts>) => {
  const safety = judgeFlags('v1', [flag(o)]);
  return safety === null ? null : `${safety.verdict} ${safety.reasons.map((one) => one.why).join(' ')}`;
};
const declared = (now: object | null, there: object | null) => ({ declared: { now, there } });

describe('flags', () => {
  it('that are as they were while the release ran, or off for everybody, hinder nothing', () => {
    expect(flags({})).toBeNull();
    expect(flags({ now: { '': 'off' }, then: null })).toBeNull();
    expect(flags({ now: { '': false, acme: 0 }, then: markOf({ '': true }), ...declared({ means: 'a' }, { means: 'b' }) })).toBeNull();
    // An organization that came since has what all had.
    expect(flags({ now: { '': 'on', acme: 'on' } })).toBeNull();
    expect(judgeFlags('v1', [])).toBeNull();
  });

  it('that are on and were not, were never seen, or cannot be read come first; an off that is not known to be one is none', () => {
    expect(flags({ then: markOf({ '': 'off' }) })).toBe('flags-first flag-changed');
    expect(flags({ now: { '': 'off', acme: 'on' }, then: markOf({ '': 'off' }) })).toBe('flags-first flag-changed');
    expect(flags({ now: { '': 'variant-b' }, then: markOf({ '': 'variant-a' }) })).toBe('flags-first flag-changed');
    expect(flags({ now: { '': null }, then: markOf({ '': 'on' }) })).toBe('flags-first flag-changed');
    expect(flags({ then: null })).toBe('flags-first flag-unseen');
    expect(flags({ then: 'no mark' })).toBe('flags-first flag-changed');
    expect(flags({ trouble: 'no answer within 10 s', now: {} })).toBe('flags-first flag-unreadable');
    expect(flags({ trouble: 'no answer within 10 s', now: { '': 'off' } })).toBe('flags-first flag-unreadable');
  });

  it('whose name meant something else, or whose default was another, come first although their value is the same (Knight)', () => {
    expect(flags(declared({ means: 'RLP' }, { means: 'Power Peg' }))).toBe('flags-first flag-reused');
    expect(flags(declared({ default: false }, { default: true }))).toBe('flags-first flag-default');
    expect(flags(declared({ means: 'RLP', default: false }, { means: 'RLP', default: false }))).toBeNull();
    // The release does not read it, and says so by naming the flags that it reads.
    expect(flags({ then: null, ...declared({ means: 'new' }, null) })).toBeNull();
    expect(flags({ trouble: 'broken', ...declared({ means: 'new' }, null) })).toBe('flags-first flag-unreadable');
  });

  it('that a step turns off before the switch are said and no hindrance; after it is too late', () => {
    const changed = { then: markOf({ '': 'off' }) };
    expect(flags({ ...changed, off: 'before' })).toBe('code-only flag-off-first');
    expect(flags({ ...changed, off: 'after' })).toBe('flags-first flag-changed flag-off-late');
  });
});

describe('settings', () => {
  const config = (o: Partial<ConfigFacts>): ConfigFacts => ({
    ...{ config: 'env', restores: false, isSecret: (key: string) => key === 'API_KEY' },
    ...{ now: { PORT: 'a', API_KEY: 'k2', NEW: 'n' }, then: { PORT: 'a', API_KEY: 'k1', OLD: 'o', MODE: 'm' } },
    ...o,
  });
  const said = (o: Partial<ConfigFacts>) =>
    (judgeConfig('v1', [config(o)])?.reasons ?? []).map((one) => `${one.why} ${(one.ids ?? []).join(' ')}`.trim());

  it('are told by what was added, removed, changed and rotated; what stays as it is now lacks what was removed', () => {
    expect(said({})).toEqual(['config-added NEW', 'config-lacks MODE OLD', 'config-rotated API_KEY']);
    expect(said({ now: { PORT: 'b', API_KEY: 'k1', OLD: 'o', MODE: 'm' } })).toEqual(['config-changed PORT']);
    expect(said({ now: { PORT: 'a' }, then: { PORT: 'a' } })).toEqual([]);
    expect(surroundingsAsk(judgeConfig('v1', [config({})]) ?? undefined)).toBe('config-lacks');
  });

  it('that a target brings back with the release bring back rotated secrets, and Belay asks', () => {
    expect(said({ restores: true })).toEqual(['config-added NEW', 'config-back MODE OLD', 'config-rotated-back API_KEY']);
    expect(surroundingsAsk(judgeConfig('v1', [config({ restores: true })]) ?? undefined)).toBe('config-rotated-back');
    const kept = judgeConfig('v1', [config({ now: { PORT: 'a', API_KEY: 'k2' }, then: { PORT: 'a', API_KEY: 'k1' } })]);
    expect(surroundingsAsk(kept ?? undefined)).toBeNull();
  });

  it('that nobody saw, or that cannot be read, ask', () => {
    for (const [o, why] of [
      [{ then: null }, 'config-unseen'],
      [{ then: null, restores: true }, 'config-back-unseen'],
      [{ trouble: 'line 3: no end of the quote' }, 'config-unreadable'],
    ] as const) {
      const safety = judgeConfig('v1', [config(o)]);
      expect(surroundingsAsk(safety ?? undefined)).toBe(why);
      for (const lang of ['en', 'pt-BR'] as const)
        expect(safetyLines(safety ?? { verdict: 'code-only', reasons: [] }, lang)[0]).toContain('env');
    }
  });
});

describe('what a release is known to run with', () => {
  const H = 3_600_000;
  const calm = (now: number, o: Partial<Calm> = {}): Calm => ({ now, isTroubled: false, since: 0, settleMs: 4 * H, ...o });
  const was: Surroundings = { flags: { a: '1', b: '2' }, configs: { env: { K: 'm', L: 'n' } } };
  const other: Surroundings = { flags: { b: '3' }, configs: { env: { L: 'x', K: 'm' } } };

  it('is what was seen of it first, but not in an incident, and what cannot be read now stays what it was', () => {
    expect(withSeen(null, was, calm(9))).toEqual(was);
    expect(withSeen(null, was, calm(9, { isTroubled: true }))).toBeNull();
    expect(withSeen(was, { flags: { b: '2' }, configs: { env: { L: 'n', K: 'm' } } }, calm(9))).toEqual(was);
    expect(isAsSeen(was, { flags: { b: '2' }, configs: { env: { L: 'n', K: 'm' } } })).toBe(true);
    expect(isAsSeen(was, other)).toBe(false);
  });

  it('becomes another value after hours with it alone, each in its own time, and not while or right after something was wrong', () => {
    const first = withSeen(was, other, calm(H));
    expect(first).toMatchObject(was);
    expect(withSeen(first, other, calm(5 * H - 1))).toEqual(first);
    expect(withSeen(first, other, calm(5 * H))).toEqual({ flags: { a: '1', b: '3' }, configs: other.configs });
    expect(withSeen(first, other, calm(5 * H, { isTroubled: true }))).toEqual(first);
    expect(withSeen(first, other, calm(5 * H, { since: 2 * H }))).toEqual(first);
    const changed = withSeen(first, { ...other, configs: { env: { K: 'y' } } }, calm(5 * H));
    expect(changed).toMatchObject({ flags: { b: '3' }, configs: was.configs });
    // Back to what it was: nothing waits any more. What nobody had seen with it waits, too.
    expect(withSeen(first, was, calm(2 * H))).toEqual(was);
    expect(withSeen(was, { flags: { c: '1' }, configs: {} }, calm(H))?.flags).toEqual(was.flags);
  });
});

describe('the file that says which flags a release reads', () => {
  it('is read, or told what is wrong with it', () => {
    expect(declaredFlags('{"voice":{"default":false,"means":"the new analysis"},"x":{}}')).toEqual({
      voice: { default: false, means: 'the new analysis' },
      x: {},
    });
    expect(declaredFlags('{')).toBe('it is no JSON');
    expect(declaredFlags('[]')).toBe('it is no object of flags');
    expect(declaredFlags('{"a":1}')).toBe('a is no object with default and means');
    expect(declaredFlags('{"a":{"default":[]}}')).toBe('the default of a is no text, number, true or false');
    expect(declaredFlags('{"a":{"means":1}}')).toBe('"means" of a is no text');
    expect(declaredFlags(JSON.stringify(Object.fromEntries(Array.from({ length: 2_001 }, (_, at) => [`f${at}`, {}]))))).toMatch(
      /more than/,
    );
    expect(declaredFlags('{"__proto__":{"default":"x"}}')).toEqual(JSON.parse('{"__proto__":{"default":"x"}}'));
  });

  it('never throws, whatever it holds, and what it gives is bounded', () => {
    const texts = fc.oneof(
      fc.string(),
      fc.json({ maxDepth: 2 }),
      fc.dictionary(fc.string(), fc.anything({ maxDepth: 2, maxKeys: 3 })).map((one) => JSON.stringify(one) ?? ''),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const read = declaredFlags(text);
        if (typeof read === 'string') return read.length < 300;
        return Object.values(read).every(({ default: value, means }) => String(value ?? '').length <= 500 && (means ?? '').length <= 500);
      }),
      { numRuns: 10_000 },
    );
  });
});
