// A backtest beside a real Belay with a real Postgres: asked over the API, replayed by a process of its own, and gone with the server.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createHttp } from '../../src/adapters/http/index.ts';
import { openStore } from '../../src/adapters/store-postgres/index.ts';
import { createDigest, systemTime } from '../../src/adapters/system/index.ts';
import { type Client, connect } from '../../src/cli/client.ts';
import type { BacktestView } from '../../src/server/backtest-view.ts';
import { COMPILED } from '../world/compiled.ts';
import { type PostgresPart, startPostgres } from '../world/parts/postgres.ts';
import { eventually } from '../world/parts/shop.ts';
import { measuredPast } from '../world/scenes/measured-past.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const PATIENCE_MS = 40_000;
const SYSTEM = `belay: 1
name: A shop
zone: UTC
organizations: { acme: { name: ACME }, globex: { name: Globex } }
sources: { app: { driver: push, every: 1s } }
signals:
  http.errors: { ratio: { bad: 'http_requests_total{code=~"5.."}', all: http_requests_total }, by: [org], sources: [app] }
triggers:
  http-5xx:
    signal: http.errors
    scope: org
    breach: { above: 2%, over: 5m }
    clear: { below: 1%, for: 5m }
    mode: shadow
`;

let postgres: PostgresPart;
let folder: string;
let belay: ChildProcess;
let client: Client;
let said = '';
beforeAll(async () => {
  postgres = await startPostgres();
  const store = openStore({ databaseUrl: postgres.url, digest: createDigest(''), time: systemTime });
  await store.migrate();
  await measuredPast(store.signals, {
    ...{ to: Date.now(), minutes: 300, away: [200, 150] },
    bad: (org, minute) => (org === 'acme' && minute <= 100 && minute > 80 ? 60 : 0),
  });
  await store.close();
  folder = mkdtempSync(join(tmpdir(), 'belay-backtest-'));
  writeFileSync(join(folder, 'belay.yaml'), SYSTEM);
  const env = { PATH: process.env['PATH'] ?? '', ...COMPILED, BELAY_DATABASE_URL: postgres.url };
  const argv = [MAIN, 'up', '--port', '0', '--data', join(folder, 'data')];
  belay = spawn(process.execPath, argv, { cwd: folder, env, stdio: ['ignore', 'ignore', 'pipe'] });
  belay.stderr?.on('data', (bytes: Buffer) => {
    said += bytes.toString('utf8');
  });
  await eventually(
    () => said,
    (text) => text.includes('Belay is up') || belay.exitCode !== null,
    PATIENCE_MS,
  );
  client = connect(join(folder, 'data'), createHttp({ allow: ['127.0.0.1'] }));
}, 120_000);
afterAll(async () => {
  belay?.kill('SIGKILL');
  await postgres?.stop();
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
});

interface State {
  readonly running: unknown;
  readonly last: { readonly how: string } | null;
  readonly found: BacktestView | null;
}

test('it finds what was measured, under the rule and under one that is tried, and says what is not known', async () => {
  await client.post('/v1/triggers/http-5xx/backtest', { from: Date.now() - 5 * 3_600_000, set: { above: '20%' } });
  const { last, found } = await eventually(
    () => client.get<State>('/v1/backtest?rule=written'),
    ({ running }) => running === null,
    PATIENCE_MS,
  );
  expect(last?.how).toBe('done');
  expect(found?.rules.map(({ rule, acts, alone }) => [rule, acts, alone])).toEqual([
    ['written', 1, 0],
    ['tried', 0, 0],
  ]);
  expect(found?.episodes).toMatchObject([{ scope: 'acme', level: 'act', whyNot: 'no-runbook' }]);
  expect(found?.gaps.some(({ from, to, why }) => why === 'away' && to - from === 50 * 60_000)).toBe(true);
});

test('it ends with the server, which does not wait for it', async () => {
  await client.post('/v1/triggers/http-5xx/backtest', { from: Date.now() - 399 * 86_400_000 });
  const begun = performance.now();
  belay.kill('SIGTERM');
  await eventually(
    () => belay.exitCode,
    (code) => code !== null,
    PATIENCE_MS,
  );
  expect(belay.exitCode).toBe(0);
  expect(performance.now() - begun).toBeLessThan(20_000);
});
