// `belay doctor` reads every source that Belay reads once, and says in words what it found.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { checkSystem } from '../../src/cli/doctor-system.ts';
import type { Finding } from '../../src/cli/finding.ts';
import { lintTools, openParts } from '../../src/local.ts';

function folder(): string {
  const made = mkdtempSync(path.join(tmpdir(), 'belay-doctor-'));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** A service with a page of metrics, a health address that is ill, and one that never answers. */
async function serve(o: { readonly date?: string } = {}): Promise<string> {
  const server = createServer((request, response) => {
    if (request.url === '/never') return;
    if (o.date !== undefined) response.setHeader('date', o.date);
    if (request.url === '/ill') return void response.writeHead(503).end('ill');
    response.setHeader('content-type', 'text/plain').end('requests_total{code="200"} 7\nqueue 2\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve())));
  onTestFinished(() => server.closeAllConnections());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** What doctor finds of the source `one`, written as YAML. */
async function found(source: string, dir = folder(), what = 'source one'): Promise<Finding | undefined> {
  writeFileSync(path.join(dir, 'belay.yaml'), `belay: 1\nname: Shop\nsources:\n  one: ${source}\nnetwork: { allow: [127.0.0.1] }\n`);
  const wiring = { env: { DB: 'postgres://ana:hunter2@127.0.0.1:1/crm', TOKEN: 'hunter2hunter2' }, lintTools, openParts };
  const context = { config: dir, configDir: dir, dataDir: path.join(dir, '.belay'), lang: 'en', wiring };
  const findings = await checkSystem(context as unknown as Parameters<typeof checkSystem>[0]);
  expect(JSON.stringify(findings)).not.toContain('hunter2');
  return findings.find((one) => one.what === what);
}

describe('doctor, of a source', () => {
  test('that can be read says what it holds', async () => {
    const base = await serve();
    expect(await found(`{ driver: prometheus, url: "${base}/metrics", every: 5s }`)).toEqual({
      what: 'source one',
      state: 'ok',
      says: 'is read: 2 samples of requests_total, queue',
    });
    expect(await found(`{ driver: http, points: ["${base}/ok", "tcp://127.0.0.1:${new URL(base).port}"], every: 5s }`)).toMatchObject({
      state: 'ok',
      says: `${base}/ok, tcp://127.0.0.1:${new URL(base).port} are as they should be`,
    });
    expect(await found('{ driver: host, every: 5s }')).toMatchObject({ state: 'ok', says: 'is read: 1 sample of host_memory_used' });
  });

  test('says of each signal whether anything matches it', async () => {
    const base = await serve();
    const dir = folder();
    const one = `{ driver: prometheus, url: "${base}/metrics", every: 5s }\nsignals:\n  errors: { rate: 'requests{class="5xx"}' }`;
    expect(await found(one, dir, 'signal errors')).toEqual({
      what: 'signal errors',
      state: 'warn',
      says: 'selects requests{class="5xx"}, and one told only: queue, requests_total',
      todo: expect.stringMatching(/./),
    });
  });

  test('whose points fail names them and why, with what to do', async () => {
    const base = await serve();
    const finding = await found(`{ driver: http, points: ["${base}/ok", "${base}/ill"], every: 5s }`);
    expect(finding).toMatchObject({
      state: 'fail',
      says: expect.stringMatching(/^1 of 2 points fail: http:.*\/ill: /),
      todo: expect.stringMatching(/./),
    });
  });

  test('of a database that does not answer says so without its password', async () => {
    const finding = await found('{ driver: sql, url: "{env.DB}", query: "select 1 as n", every: 1m }');
    expect(finding).toMatchObject({
      state: 'fail',
      says: expect.stringMatching(/^127\.0\.0\.1:1\/crm: .*ECONNREFUSED/),
      todo: expect.stringMatching(/psql/),
    });
  });

  test('that never answers takes no longer than it may', async () => {
    const base = await serve();
    const began = performance.now();
    const finding = await found(`{ driver: prometheus, url: "${base}/never", every: 1m, timeout: 1m }`);
    expect(finding).toMatchObject({ state: 'fail', says: expect.stringMatching(/no answer within 8000 ms/) });
    expect(performance.now() - began).toBeLessThan(25_000);
  }, 30_000);

  test('whose clock is far from ours is warned of', async () => {
    const base = await serve({ date: new Date(Date.now() - 3_600_000).toUTCString() });
    expect(await found(`{ driver: prometheus, url: "${base}/metrics", every: 5s }`)).toMatchObject({
      state: 'warn',
      says: expect.stringMatching(/its clock is 3\d\d\d s from ours$/),
    });
  });

  test('that is a log says whether it can be read, and counts nothing', async () => {
    const dir = folder();
    const log = `{ driver: log, path: app.log, pattern: '^(?<level>[A-Z]+) ', every: 1s }`;
    expect(await found(log, dir)).toMatchObject({ state: 'warn', says: expect.stringMatching(/^there is no .*app\.log yet$/) });
    writeFileSync(path.join(dir, 'app.log'), 'ERROR a\nINFO b\n');
    expect(await found(log, dir)).toMatchObject({ state: 'ok' });
  });

  test('that is a folder, a Docker Engine, a PM2 or an API is read as it is', async () => {
    const dir = folder();
    expect(await found(`{ driver: files, folder: ${dir}, match: "*.dump", every: 1m }`)).toMatchObject({
      state: 'ok',
      says: 'is read: 2 samples of files, files_ignored',
    });
    expect(await found(`{ driver: files, folder: ${dir}/none, every: 1m }`)).toMatchObject({
      state: 'fail',
      says: expect.stringMatching(/ENOENT/),
    });
    expect(await found(`{ driver: docker, socket: ${dir}/none.sock, every: 5s }`)).toMatchObject({
      state: 'fail',
      says: expect.stringMatching(/no Docker Engine answers there/),
      todo: expect.stringMatching(/docs\/sources\/docker\.md/),
    });
    expect(await found(`{ driver: pm2, home: ${dir}, every: 10s }`)).toMatchObject({
      state: 'fail',
      says: expect.stringMatching(/^no PM2 runs/),
    });
    const base = await serve();
    const api = `{ driver: sentry-api, url: "${base}", organization: acme, token: "{env.TOKEN}", every: 1m }`;
    expect(await found(api)).toMatchObject({ state: 'fail', says: expect.stringMatching(/the answer is not JSON/) });
  });

  test('that is sent to Belay is passed over', async () => {
    expect(await found('{ driver: push, every: 5s }')).toMatchObject({ state: 'skip', says: 'is sent to Belay' });
  });
});
