// Sources as people write them: read with their defaults, or told at their line.
import { describe, expect, test } from 'vitest';
import { ENV, fixture, lineOf, lintFolder, told, workspace } from './workspace.ts';

describe('sources', () => {
  const lintWith = (source: string) => {
    const more = fixture('base/belay.yaml').replace('sources:\n', () => `sources:\n  more: ${source}\n`);
    return lintFolder(workspace({ 'belay.yaml': more }));
  };

  test('of databases and of all kinds of points are read with their defaults', () => {
    const sql = lintWith('{ driver: sql, url: "{env.SHOP_URL}", query: "select 1 as n", every: 1m }');
    expect(told(sql)).toEqual([]);
    expect(sql.system?.sources[0]).toEqual({
      id: 'more',
      driver: 'sql',
      url: ENV.SHOP_URL,
      query: 'select 1 as n',
      as: 'values',
      everyMs: 60_000,
      timeoutMs: 10_000,
    });
    const points = lintWith(
      `{ driver: http, points: ["https://a.example", "tcp://a.example:1", "tls://a.example:443", "dns://a.example"], expect: 'status == 200', every: 1m }`,
    );
    expect(told(points)).toEqual([]);
    expect(points.system?.sources[0]).toMatchObject({ points: { length: 4 }, expect: 'status == 200', certificateDays: 7 });
  });

  test('of engines are read with their defaults, with queries by name and headers by theirs', () => {
    const engine = lintWith(
      `{ driver: promql, url: "{env.SHOP_URL}", queries: { http_errors: 'sum by (org, instance) (x_total)' }, headers: { X-Scope-OrgID: shop }, every: 15s }`,
    );
    expect(told(engine)).toEqual([]);
    expect(engine.system?.sources[0]).toEqual({
      id: 'more',
      driver: 'promql',
      url: ENV.SHOP_URL,
      queries: { http_errors: 'sum by (org, instance) (x_total)' },
      as: 'totals',
      process: 'instance',
      offsetMs: 1_000,
      headers: { 'X-Scope-OrgID': 'shop' },
      everyMs: 15_000,
      timeoutMs: 10_000,
    });
  });

  test.each([
    ['{ driver: promql, url: "{env.SHOP_URL}", queries: { "no name": x }, every: 15s }', 'id'],
    ['{ driver: promql, url: "{env.SHOP_URL}", queries: { x: x }, headers: { "a b": c }, every: 15s }', 'id'],
    ['{ driver: promql, url: "{env.SHOP_URL}", queries: { x: x }, token: hunter2hunter2, every: 15s }', 'inline-secret'],
    ['{ driver: http, points: ["tcp://a.example"], every: 1m }', 'wrong-type'],
    [`{ driver: http, points: ["https://a.example"], expect: 'stats == 200', every: 1m }`, 'condition'],
    [`{ driver: http, points: ["https://a.example"], expect: 'json.ready', every: 1m }`, 'result-type'],
    [`{ driver: http, points: ["tcp://a.example:1"], expect: 'status == 200', every: 1m }`, 'condition'],
    ['{ driver: sql, url: "{env.SHOP_URL}", query: "select 1 as n", as: total, every: 1m }', 'unknown-value'],
    ['{ driver: sql, url: "postgres://ana:hunter2@db.example/crm", query: "select 1 as n", every: 1m }', 'inline-secret'],
  ])('that are wrong are told at their line: %s', (source, rule) => {
    const loaded = lintWith(source);
    expect(told(loaded)).toEqual([`belay.yaml:${lineOf(loaded.drafts.source.text, '  more:')} ${rule}`]);
    expect(JSON.stringify(loaded.diagnostics)).not.toContain('hunter2');
  });
});
