// Explanations: the figures behind a decision as sentences, in both languages.
import { describe, expect, test } from 'vitest';
import { type Explanation, explainNow, silencesOn } from '../../src/domain/explanation.ts';
import type { SignalKind } from '../../src/domain/signal.ts';
import type { Silence } from '../../src/domain/silence.ts';
import { explanationLines } from '../../src/domain/text/explanations.ts';
import type { TriggerRule, TriggerView } from '../../src/domain/trigger.ts';

const RULE: TriggerRule = {
  id: 'http-5xx',
  signal: 'http.errors',
  scope: 'org',
  breach: { above: 0.02, overMs: 900_000, stillMs: 75_000, forMs: 0 },
  clear: { below: 0.01, forMs: 600_000 },
  evidence: { suspect: 1e-3, act: 1e-5 },
  gap: 'hold',
  mode: 'armed',
  rearmMs: 900_000,
};
const VIEW: TriggerView = {
  trigger: 'http-5xx',
  scope: 'acme',
  status: 'ok',
  announced: false,
  unknown: false,
  warming: false,
  episode: null,
  since: null,
  value: 3 / 140,
  bad: 3,
  all: 140,
  level: 'none',
  overLimit: true,
  watermark: 0,
  lastEvaluatedAt: 0,
};
const told = (lang: 'en' | 'pt-BR') => ({ lang, zone: 'America/Sao_Paulo', nameOf: () => 'ACME' });
const now = (view: Partial<TriggerView> = {}, rule: Partial<TriggerRule> = {}, kind: SignalKind['kind'] = 'ratio'): Explanation =>
  explainNow({ rule: { ...RULE, ...rule }, kind }, { ...VIEW, ...view });

describe('why it does not fire', () => {
  test('over the limit by chance: how many bad events would be enough to ask, and to act', () => {
    expect(explanationLines(now(), told('en'))).toEqual([
      'http-5xx (ACME) is ok.',
      'Measured: 2.14 %, 3 bad of 140 within 15 min; the limit is above 2 %.',
      'Over the limit, and not significant yet: 3 bad events; 10 are needed to ask, 13 to act alone.',
    ]);
    expect(explanationLines(now(), told('pt-BR'))[2]).toBe(
      'Acima do limite, mas ainda não significativo: 3 eventos ruins; 10 são precisos para perguntar, 13 para agir sozinho.',
    );
  });

  test('below the limit, without data, while the window fills, and in shadow', () => {
    expect(explanationLines(now({ overLimit: false, value: 0, bad: 0 }), told('en')).at(-1)).toBe('It is not beyond the limit.');
    expect(explanationLines(now({ unknown: true, value: null, overLimit: false }), told('en'))).toContain(
      'There is no fresh data: unknown is never a breach, and never the end of one.',
    );
    const lines = explanationLines(now({ warming: true }, { mode: 'shadow' }), told('en'));
    expect(lines).toContain('The window is not full yet: until then it may ask, and not act.');
    expect(lines.at(-1)).toBe('The trigger is in shadow: it is only noted.');
  });

  test('a count asks whatever chance would bring, enough that may only ask says so, and a comparison says what it may lack', () => {
    const count = { breach: { above: 1, overMs: 600_000, stillMs: 0, forMs: 0 } };
    const few = now({ value: 2, bad: 2, all: 2, level: 'suspect' }, count, 'count');
    expect(explanationLines(few, told('en')).at(-1)).toBe('More than there should be: Belay asks; 9 would be enough to act alone.');
    expect(explanationLines({ ...few, chance: 0.3 }, told('en')).join(' ')).not.toContain('chance');
    expect(explanationLines(now({ bad: 90, level: 'suspect' }), told('en')).at(-1)).toMatch(
      /^Enough to act alone, but here it may only ask/,
    );
    const vs = { with: 'others', times: 3, least: 10 } as const;
    const compared = now({ overLimit: false }, { breach: { overMs: 300_000, stillMs: 0, forMs: 0, vs } });
    expect(explanationLines(compared, told('en')).at(-1)).toMatch(/^There is nothing to compare it with yet/);
    expect(explanationLines({ ...compared, baseline: { bad: 2, all: 9_000 } }, told('en')).at(-1)).toBe('It is not beyond the limit.');
    const rule = { breach: { overMs: 300_000, stillMs: 0, forMs: 0, vs: { with: { beforeMs: 3_600_000 }, times: 4, least: 10 } } };
    const rate = now({ value: 12, bad: 60, all: 60, baseline: { bad: 0, all: 90 } }, rule, 'rate');
    expect(explanationLines(rate, told('en'))[1]).toBe(
      'Measured: 12/min within 5 min; the limit is 4 times that of the time before (there 1.5/min).',
    );
  });

  test('a quantile says how many events may be above its limit, and how many were; different users never let Belay act alone', () => {
    const rule = { ...RULE, breach: { above: 0.5, overMs: 300_000, stillMs: 0, forMs: 0 } };
    const slow = explainNow({ rule, kind: 'quantile', q: 0.99 }, { ...VIEW, value: 0.83, bad: 12, all: 800 });
    expect(explanationLines(slow, told('en'))).toEqual([
      'http-5xx (ACME) is ok.',
      'Measured: 0.83 within 5 min; the limit is above 0.5.',
      '1 % of the events may be above the limit: 12 of 800 were.',
      'Over the limit, and not significant yet: 12 bad events; 19 are needed to ask, 23 to act alone.',
    ]);
    const users = now(
      { value: 9, bad: 9, all: 9, level: 'suspect' },
      { breach: { above: 3, overMs: 600_000, stillMs: 0, forMs: 0 } },
      'distinct',
    );
    expect(explanationLines(users, told('pt-BR')).at(-1)).toContain('nunca age sozinho');
  });

  test('asked early: by what is usual for the organization, not by the window', () => {
    const lines = explanationLines(now({ status: 'suspect', since: 0, level: 'suspect', early: { usual: 0.0034 } }), told('en'));
    expect(lines.at(-1)).toBe(
      'Few events, but more bad ones than the usual 0.34 % for so long that chance would bring it about once a year: Belay asks early, and does not act alone.',
    );
  });

  test('figures are told in the unit of their kind', () => {
    const age = now({ value: 7_200, overLimit: false }, { breach: { above: 900, overMs: 1, stillMs: 1, forMs: 0 } }, 'age');
    expect(explanationLines(age, told('en'))[1]).toBe('Measured: 2 h; the limit is above 15 min.');
    const rate = now(
      { value: 12, overLimit: true, level: 'act' },
      { breach: { above: 10, overMs: 300_000, stillMs: 0, forMs: 0 } },
      'rate',
    );
    expect(explanationLines(rate, told('pt-BR'))[1]).toBe('Medido: 12/min em 5 min; o limite é acima de 10/min.');
    const vs = { with: 'others', times: 3, least: 10 } as const;
    const compared = now({}, { breach: { overMs: 300_000, stillMs: 0, forMs: 0, vs } });
    expect(explanationLines({ ...compared, baseline: { bad: 2, all: 9_000 } }, told('en'))[1]).toBe(
      'Measured: 2.14 %, 3 bad of 140 within 5 min; the limit is 3 times that of the other organizations (there 2 of 9000).',
    );
  });
});

describe('what is true of a breach now', () => {
  test('it is told how seldom chance would bring as much', () => {
    const lines = explanationLines(now({ status: 'breached', since: 0, value: 4 / 9, bad: 4, all: 9, level: 'act' }), told('en'));
    expect(lines[2]).toMatch(/^By chance so much comes once in 54,000 looks; /);
  });

  test('silences that hold are told with their end and their reason, those of others are not', () => {
    const silence = (id: string, o: Partial<Silence> = {}): Silence => ({
      id,
      trigger: 'http-5xx',
      org: null,
      from: 0,
      until: 3_600_000,
      by: 'ana',
      reason: 'load test',
      ended: null,
      ...o,
    });
    const all = [
      silence('SIL-1'),
      silence('SIL-2', { org: 'globex' }),
      silence('SIL-3', { trigger: 'queue' }),
      silence('SIL-4', { from: 3_000_000 }),
      silence('SIL-5', { trigger: 'other' }),
    ];
    const found = silencesOn(all, { trigger: 'http-5xx', members: ['queue'], scope: 'acme', now: 1_000 });
    expect(found.map((one) => [one.id, one.of])).toEqual([
      ['SIL-1', null],
      ['SIL-3', 'queue'],
    ]);
    const lines = explanationLines(explainNow({ rule: RULE, kind: 'ratio' }, VIEW, found), told('en'));
    expect(lines.slice(-2)).toEqual([
      'Silence SIL-1 holds until 22:00 GMT-3 (ana: load test): nobody is told, and nothing is acted on.',
      'Silence SIL-3 of queue holds until 22:00 GMT-3 (ana: load test): people are told, and Belay does not act alone.',
    ]);
    expect(explanationLines(explainNow({ rule: RULE, kind: 'ratio' }, VIEW, found), told('pt-BR')).at(-1)).toBe(
      'O silêncio SIL-3 de queue vale até 22:00 BRT (ana: load test): as pessoas são avisadas, e o Belay não age sozinho.',
    );
  });
});
