// Sources as people write them: read with their defaults, or told at their line.
import { describe, expect, test } from 'vitest';
import { ENV, fixture, lineOf, lintFolder, told, workspace } from './workspace.ts';

describe('sources', () => {
  const lintWith = (source: string) => {
    const more = fixture('base/belay.yaml').replace('sources:\n', () => `sources:\n  more: ${source}\n`);
    return lintFolder(workspace({ 'belay.yaml': more }));
  };

  test('of databases and of all kinds of points are read with their defaults', () => {
    const sql = lintWith('{ driver: sql, url: "{env.DB_URL}", query: "select 1 as n", every: 1m }');
    expect(told(sql)).toEqual([]);
    expect(sql.system?.sources[0]).toEqual({
      id: 'more',
      driver: 'sql',
      url: ENV.DB_URL,
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
    ['{ driver: sql, url: "{env.DB_URL}", query: "select 1 as n", as: total, every: 1m }', 'unknown-value'],
    ['{ driver: sql, url: "postgres://ana:hunter2@db.example/crm", query: "select 1 as n", every: 1m }', 'inline-secret'],
  ])('that are wrong are told at their line: %s', (source, rule) => {
    const loaded = lintWith(source);
    expect(told(loaded)).toEqual([`belay.yaml:${lineOf(loaded.drafts.source.text, '  more:')} ${rule}`]);
    expect(JSON.stringify(loaded.diagnostics)).not.toContain('hunter2');
  });
});

describe('options of sources that only their drivers know', () => {
  const told1 = (source: string) => {
    const more = fixture('base/belay.yaml').replace('sources:\n', () => `sources:\n${source}\n`);
    const loaded = lintFolder(workspace({ 'belay.yaml': more }));
    return { line: (text: string) => lineOf(loaded.drafts.source.text, text), loaded };
  };

  test.each<readonly [string, string, string, RegExp]>([
    [
      'a pattern that is no expression',
      `  more:\n    driver: log\n    path: a.log\n    every: 1s\n    pattern: '(['`,
      '    pattern',
      /pattern: it is not a regular expression/,
    ],
    [
      'a pattern that could run for hours',
      `  more:\n    driver: log\n    path: a.log\n    every: 1s\n    pattern: '(a+)+'`,
      '    pattern',
      /repeats what repeats already/,
    ],
    ['a log of text without a pattern', '  more:\n    driver: log\n    path: a.log\n    every: 1s', '  more', /format text needs pattern/],
    [
      'a log of JSON without fields',
      '  more:\n    driver: log\n    path: a.log\n    format: json\n    every: 1s',
      '  more',
      /format json needs fields/,
    ],
    [
      'a number that no group has',
      `  more:\n    driver: log\n    path: a.log\n    every: 1s\n    number: took\n    pattern: '^(?<level>[A-Z]+)'`,
      '    number',
      /number: pattern has no group/,
    ],
    [
      'a label twice',
      '  more:\n    driver: log\n    path: a.log\n    format: json\n    fields: [a.b, a_b]\n    every: 1s',
      '  more',
      /two fields become the label a_b/,
    ],
    [
      'a url that is no Postgres',
      '  more:\n    driver: sql\n    url: mysql://db\n    query: select 1\n    every: 1m',
      '  more',
      /its url is not the address of a Postgres/,
    ],
    [
      'a rate where a total is asked for',
      `  more:\n    driver: promql\n    url: "{env.SHOP_URL}"\n    every: 15s\n    queries: { r: 'sum by (org, instance) (rate(x_total[5m]))' }`,
      '    queries',
      /queries: rate and increase give no total/,
    ],
    [
      'a match of files that means nothing',
      '  more:\n    driver: files\n    folder: a\n    match: "{1}"\n    every: 1m',
      '    match',
      /\{1\} cannot be a label/,
    ],
    [
      'a count that Sentry has not',
      '  more:\n    driver: sentry-api\n    organization: a\n    token: "{env.SHOP_URL}"\n    counts: [tears]\n    every: 1m',
      '    counts',
      /there is no tears/,
    ],
    [
      'a report without a key',
      '  more:\n    driver: ga4\n    property: "1"\n    metrics: [eventCount]\n    every: 1m',
      '  more',
      /neither key nor keyFile/,
    ],
  ])('%s is told by the lint, at its line', (_what, source, at, message) => {
    const { line, loaded } = told1(source);
    expect(told(loaded)).toEqual([`belay.yaml:${line(at)} source-option`]);
    expect(loaded.diagnostics[0]?.message).toMatch(message);
    expect(loaded.diagnostics[0]?.message).toMatch(/^the source more: /);
  });

  test('that could not be read are not told twice', () => {
    const { loaded } = told1('  more:\n    driver: log\n    every: 1s');
    expect(told(loaded).map((one) => one.split(' ')[1])).toEqual(['missing-key']);
    expect(
      told(told1('  more:\n    driver: datadog\n    every: 1m\n    queries: 7').loaded).some((one) => one.includes('source-option')),
    ).toBe(false);
  });
});
