// Sources that somebody sends to, as people write them: words, secrets, and what is said of what cannot be.
import { describe, expect, test } from 'vitest';
import { provenanceOf, type SourceSpec } from '../../src/domain/source-catalog.ts';
import { fixture, lintFolder, told, workspace } from './workspace.ts';

const BASE = fixture('base/belay.yaml');
const SHOP = '  shop: { driver: prometheus, url: "{env.SHOP_URL}/metrics", every: 1s }\n';

function loaded(source: string) {
  expect(BASE).toContain(SHOP);
  return lintFolder(workspace({ 'belay.yaml': BASE.replace(SHOP, `${SHOP}  hooks: ${source}\n`) }));
}
const sourceIn = (text: string) => loaded(text).system?.sources.find((one) => one.id === 'hooks');

describe('a source that somebody sends to', () => {
  test('is read with its words and durations, and says what was not written', () => {
    expect(
      sourceIn('{ driver: webhook, every: 10s, verify: none, name: things, labels: { state: body.state, _x1: "1" }, hold: 24h }'),
    ).toEqual({
      id: 'hooks',
      driver: 'webhook',
      everyMs: 10_000,
      verify: 'none',
      name: 'things',
      labels: { state: 'body.state', _x1: '1' },
      holdMs: 86_400_000,
    });
    expect(sourceIn('{ driver: alerts, every: 10s, secret: s }')).toEqual({
      id: 'hooks',
      driver: 'alerts',
      everyMs: 10_000,
      verify: 'bearer',
      secret: 's',
      org: 'org',
      holdMs: 18_000_000,
    });
  });

  test('may name what confirms it, if Belay counts that itself', () => {
    const found = (by: string) => {
      const { diagnostics } = loaded(`{ driver: webhook, every: 10s, verify: none, name: things, corroboratedBy: ${by} }`);
      return diagnostics.filter((one) => one.rule === 'corroboration').map((one) => one.message);
    };
    expect(found('shop')).toEqual([]);
    expect(found('http-5xx')).toEqual([]);
    for (const by of ['hooks', 'nobody']) expect(found(by)).toEqual([`nothing that Belay counts itself is called ${by}`]);
  });

  test('is trusted as far as it proves itself, and an alert is a hint whoever signed it', () => {
    const provenance = (text: string) => provenanceOf(sourceIn(text) as SourceSpec);
    expect(provenance('{ driver: sentry, every: 10s, secret: s }')).toBe('signed');
    expect(provenance('{ driver: webhook, every: 10s, verify: none, name: things }')).toBe('unsigned');
    expect(provenance('{ driver: alerts, every: 10s, secret: s }')).toBe('unsigned');
  });

  test.each([
    ['{ driver: sentry, every: 10s }', 'missing-key'],
    ['{ driver: webhook, every: 10s, verify: none }', 'missing-key'],
    ['{ driver: webhook, every: 10s, verify: none, name: things, labels: [a] }', 'wrong-type'],
    ['{ driver: webhook, every: 10s, verify: none, name: things, labels: { "a-b": body.a } }', 'id'],
    ['{ driver: webhook, every: 10s, verify: none, name: things, labels: { a: 1 } }', 'wrong-type'],
  ])('is told what is wrong: %s', (text, rule) => {
    expect(told(loaded(text))).toEqual([expect.stringMatching(new RegExp(`^belay.yaml:\\d+ ${rule}$`))]);
  });
});
