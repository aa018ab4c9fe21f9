// What guards saw, in words: units are read, instants are left out, and nothing that is missing shows as undefined.
import { describe, expect, it } from 'vitest';
import { guardText } from '../../src/domain/event-text.ts';
import type { JsonObject } from '../../src/domain/json.ts';
import { guardFacts } from '../../src/domain/text/guard-facts.ts';

const SEEN: readonly (readonly [string, JsonObject, string, string])[] = [
  [
    'G1',
    { scope: 'acme', bad: 45, all: 900, watermark: 1_767_571_814_999, pValue: 1.23e-9 },
    'acme, 45 of 900 = 5 %, chance 1e-9',
    'acme, 45 de 900 = 5 %, acaso 1e-9',
  ],
  [
    'G2',
    { since: 1_767_571_814_999, changedWithinMs: 3_600_000, targets: [{ target: 'target:shop' }, { target: 'target:shop' }] },
    'target:shop, looked back 1 h',
    'target:shop, olhando para trás 1 h',
  ],
  ['G3', { inBreach: 3, active: 40, knownHealthy: 30, localShare: 0.5 }, '3 of 40 hit, 30 healthy', '3 de 40 atingidas, 30 saudáveis'],
  [
    'G4',
    {
      upstreams: [
        { id: 'whatsapp', healthy: false },
        { id: 'n8n', healthy: true },
        { id: 'sms', healthy: null },
      ],
    },
    'whatsapp, sms',
    'whatsapp, sms',
  ],
  [
    'G5',
    { bad: 9, all: 90, controlBad: 12, controlAll: 40_000, pValue: 0 },
    '9 of 90 = 10 %, the others: 12 of 40000 = 0.03 %, chance 0',
    '9 de 90 = 10 %, as demais: 12 de 40000 = 0,03 %, acaso 0',
  ],
  [
    'G6',
    { by: 'users', affected: 12, active: 200, limit: 0.05 },
    'users: 12 of 200 = 6 %, 5 % wanted',
    'usuários: 12 de 200 = 6 %, 5 % exigidos',
  ],
  [
    'G7',
    { lastDay: 2, perScopePerDay: 3, cooldownMs: 1_800_000, latest: 5, target: 'target:shop' },
    '2 of 3 rollbacks in 24 h, rest between two 30 min, target:shop',
    '2 de 3 rollbacks em 24 h, pausa entre dois 30 min, target:shop',
  ],
  [
    'G8',
    { watermarkAgeMs: 45_000, limitMs: 30_000, lagMs: 12, deadSources: ['shop'] },
    'silent: shop, newest data 45 s old, 30 s allowed, own delay 12 ms',
    'mudas: shop, dado mais recente 45 s de idade, 30 s permitidos, atraso próprio 12 ms',
  ],
  ['G9', { restrictions: ['frozen'], mode: 'armed' }, 'frozen', 'frozen'],
  [
    'G10',
    {
      provenance: [
        { source: 'am', kind: 'unsigned', truncated: false },
        { source: 'shop', kind: 'own', truncated: false },
      ],
    },
    'am',
    'am',
  ],
];

describe('what a guard saw', () => {
  it.each(SEEN)('%s is told in both languages', (guard, facts, en, ptBR) => {
    expect(guardFacts({ guard, facts }, 'en').join(', ')).toBe(en);
    expect(guardFacts({ guard, facts }, 'pt-BR').join(', ')).toBe(ptBR);
  });

  it.each(SEEN)('%s of facts that are missing or of another shape is told without them', (guard, facts) => {
    const broken = Object.fromEntries(Object.keys(facts).map((name) => [name, { odd: [null] }]));
    for (const seen of [{}, broken]) expect(guardFacts({ guard, facts: seen }, 'en').join()).not.toMatch(/undefined|null|NaN|object/);
  });

  it('shares of nothing have no percentage', () => {
    expect(guardFacts({ guard: 'G6', facts: { by: 'requests', affected: 0, active: 0, limit: 0.05 } }, 'en')).toEqual([
      'requests: 0 of 0',
      '5 % wanted',
    ]);
  });

  it("a runbook's own guard says what it asks", () => {
    const guard = { guard: 'only-minor', answer: 'inconclusive', reason: 'ask', facts: { ask: 'Is it only a minor bug?' } } as const;
    expect(guardText(guard, 'en')).toContain('Is it only a minor bug?');
  });
});
