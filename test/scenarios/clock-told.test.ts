// A source whose clock is half a minute behind, with a real process, a real page and a real Postgres: people are told once, also over a
// kill -9, and find out what it is by the CLI and the screens.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createHttp } from '../../src/adapters/http/index.ts';
import { type Client, connect } from '../../src/cli/client.ts';
import { COMPILED } from '../world/compiled.ts';
import { type PostgresPart, startPostgres } from '../world/parts/postgres.ts';
import { eventually } from '../world/parts/shop.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const PATIENCE_MS = 90_000;

let postgres: PostgresPart;
let folder: string;
let page: Server;
let belay: ChildProcess | null = null;
beforeAll(async () => {
  postgres = await startPostgres();
  folder = mkdtempSync(join(tmpdir(), 'belay-clock-'));
  let served = 0;
  page = createServer((_request, response) => {
    served += 10;
    response.end(`http_requests_total{code="200"} ${served} ${Date.now() - 30_000}\n`);
  });
  await new Promise<void>((resolve) => page.listen(0, '127.0.0.1', resolve));
  writeFileSync(
    join(folder, 'belay.yaml'),
    `belay: 1
name: A shop
people: { ana: { name: Ana Souza, roles: [approver] } }
roles: [approver]
channels: { desk: { driver: file, path: messages.ndjson } }
audiences: { team: { kind: responders, channels: [{ channel: desk, to: [oncall] }] } }
sources: { shop: { driver: prometheus, url: "http://127.0.0.1:${(page.address() as AddressInfo).port}/", every: 1s } }
signals: { errors: { ratio: { bad: 'http_requests_total{code="500"}', all: http_requests_total }, sources: [shop] } }
triggers: { errors: { signal: errors, breach: { above: 5%, over: 1m }, clear: { below: 1%, for: 1m } } }
network: { allow: ["127.0.0.1"] }
`,
  );
}, 60_000);
afterAll(async () => {
  await killed('SIGTERM');
  await postgres.stop();
  await new Promise((resolve) => page.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

const dataDir = (): string => join(folder, 'data');

function run(...args: readonly string[]): ChildProcess {
  const env = { PATH: process.env['PATH'] ?? '', ...COMPILED, BELAY_DATABASE_URL: postgres.url };
  return spawn(process.execPath, [MAIN, ...args, '--data', dataDir()], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
}

/** What a command prints. */
async function printed(...args: readonly string[]): Promise<string> {
  const child = run(...args, '--plain');
  let out = '';
  child.stdout?.on('data', (bytes: Buffer) => {
    out += bytes.toString('utf8');
  });
  await new Promise((resolve) => child.once('close', resolve));
  return out.replaceAll(/\s+/g, ' ');
}

async function up(): Promise<Client> {
  const child = run('up', '--port', '0');
  belay = child;
  let said = '';
  child.stderr?.on('data', (bytes: Buffer) => {
    said += bytes.toString('utf8');
  });
  await eventually(
    () => said,
    (text) => text.includes('Belay is up') || child.exitCode !== null,
    PATIENCE_MS,
  );
  expect(said).toContain('Belay is up');
  return connect(dataDir(), createHttp({ allow: ['127.0.0.1'] }));
}

async function killed(signal: NodeJS.Signals): Promise<void> {
  const child = belay;
  belay = null;
  if (child === null || child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await gone;
}

const messages = (): readonly string[] => {
  const file = [join(folder, 'messages.ndjson'), join(dataDir(), 'messages.ndjson')].find((one) => existsSync(one));
  return file === undefined
    ? []
    : readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => line !== '');
};

interface Incidents {
  readonly incidents: readonly { readonly id: string; readonly severity: string }[];
}

test('D6: a clock that is 30 s behind is told once, found by triggers, explain and status, and not again after kill -9', async () => {
  const first = await up();
  const opened = await eventually(
    () => first.get<Incidents>('/v1/incidents'),
    ({ incidents }) => incidents.length > 0,
    PATIENCE_MS,
  );
  expect(opened.incidents).toMatchObject([{ severity: 'P2' }]);
  await eventually(messages, (all) => all.length > 0, PATIENCE_MS);
  expect(messages().join(' ')).toContain('the clock of shop is off');
  const row = await first.get<{ row: unknown }>('/v1/triggers/clock');
  expect(row.row).toMatchObject({ trigger: 'clock', scope: 'shop', status: 'suspect' });
  expect(await printed('triggers', 'clock')).toMatch(/Its clock and Belay's are 3\d(\.\d)? s apart/);
  expect(await printed('explain', opened.incidents[0]?.id ?? '')).toContain('clock (shop)');
  expect(await printed('status')).toContain('clock');
  await killed('SIGKILL');

  const next = await up();
  await eventually(
    () => next.get<{ row: { readonly unknown?: boolean; readonly value?: number | null } }>('/v1/triggers/clock'),
    ({ row: { value } }) => typeof value === 'number' && value > 20,
    PATIENCE_MS,
  );
  expect((await next.get<Incidents>('/v1/incidents')).incidents).toHaveLength(1);
  expect(messages()).toHaveLength(1);
}, 180_000);
