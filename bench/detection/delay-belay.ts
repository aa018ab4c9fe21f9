// Belay's rows of the delay bench: real processes of `belay up`, each with one way in, whose messages go to a webhook. What a breach
// leads to is an incident of its organization with a question to a person, and that question is the webhook.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createHttp } from '../../src/adapters/http/index.ts';
import { type Client, connect } from '../../src/cli/client.ts';
import { livingServer } from '../../src/cli/server-file.ts';
import type { Event } from '../../src/domain/event.ts';
import { makePlace, type Place } from '../place.ts';
import { counted, type Outage, type World } from './delay-world.ts';

const PATIENCE_MS = 120_000;
const LOOK_MS = 50;

export interface Way {
  readonly side: string;
  /** How often Belay reads the page, or how often the service pushes. */
  readonly everyMs: number;
  readonly pushed: boolean;
}

export interface Watching {
  readonly way: Way;
  readonly pid: number;
  readonly client: Client;
  stop(): Promise<void>;
  /** kill -9 of Belay and of its Postgres. */
  kill(): Promise<void>;
  restart(): Promise<void>;
}

const HOOK_SECRET = `whsec_${randomBytes(24).toString('base64')}`;

const CONFIG = (way: Way, world: World, webhook: string, holdMs: number): string => `belay: 1
name: Bench
lang: en
zone: UTC
components: { shop: { title: Shop, criticality: critical, rto: 15m } }
organizations:
${world.outages.map(({ org }) => `  ${org}: { name: ${org} }`).join('\n')}
people: { ana: { name: Ana, roles: [commander] } }
roles: [commander]
sources:
  world: ${way.pushed ? `{ driver: push, every: ${way.everyMs}ms }` : `{ driver: prometheus, url: "${world.url}/metrics", every: ${way.everyMs / 1000}s }`}
signals:
  errors:
    ratio: { bad: 'req_total{code="500"}', all: req_total }
    by: org
    sources: [world]
triggers:
  errors:
    signal: errors
    scope: org
    breach: { above: 2%, over: 60s, still: 60s, for: ${holdMs / 1000}s }
    clear: { below: 1%, for: 10m }
    mode: armed
channels:
  hook: { driver: webhook, url: "${webhook}", secret: "{env.HOOK_SECRET}" }
audiences:
  team: { kind: responders, lang: en, channels: [{ channel: hook, to: [oncall] }] }
guards: { localShare: 100% }
network: { allow: ["127.0.0.1"] }
`;

const RUNBOOK = `---
belay: 1
id: look
title: Look at one organization
version: 1.0.0
lang: en
owner: commander
visibility: internal
severity: P1
components: [shop]
inputs:
  org: { type: org, required: true }
roles:
  commander: { is: commander }
triggers: [errors]
---

# Look at one organization

Somebody looks.

## Look

### Wait {#wait}
\`\`\`belay wait
for: 1s
\`\`\`
`;

export async function startBelay(
  way: Way,
  world: World,
  { webhook, holdMs }: { readonly webhook: string; readonly holdMs: number },
): Promise<Watching> {
  const place = makePlace();
  const config = path.join(place.dir, 'config');
  mkdirSync(path.join(config, 'runbooks'), { recursive: true });
  writeFileSync(path.join(config, 'belay.yaml'), CONFIG(way, world, webhook, holdMs));
  writeFileSync(path.join(config, 'runbooks', 'look.runbook.md'), RUNBOOK);
  const data = path.join(place.dir, 'data');
  let child = await launched(place, data, config);
  const pushing = new AbortController();
  const pushes = way.pushed ? push(way, world, clientOf(data), pushing.signal) : Promise.resolve();
  return {
    way,
    get pid() {
      return child.pid ?? 0;
    },
    get client() {
      return clientOf(data);
    },
    stop: async () => {
      pushing.abort();
      await pushes;
      await ended(child, 'SIGTERM');
      await place.remove();
    },
    kill: async () => {
      await ended(child, 'SIGKILL');
      await place.killStore();
    },
    restart: async () => {
      child = await launched(place, data, config);
    },
  };
}

const clientOf = (data: string): Client => connect(data, createHttp({ allow: ['127.0.0.1'] }));

async function launched(place: Place, data: string, config: string): Promise<ChildProcess> {
  const main = path.join(import.meta.dirname, '..', '..', 'src', 'main.ts');
  const log = openSync(path.join(place.dir, 'log'), 'a');
  const argv = ['--disable-warning=ExperimentalWarning', main, 'up', '--data', data, '--config', config, '--port', '0'];
  const child = spawn(process.execPath, argv, { stdio: ['ignore', log, log], env: { ...process.env, HOOK_SECRET } });
  closeSync(log);
  const until = performance.now() + PATIENCE_MS;
  for (;;) {
    const server = livingServer(data);
    if (server !== null && server.pid === child.pid && server.port !== 0) return child;
    if (child.exitCode !== null || performance.now() > until)
      throw new Error(`belay up did not come: ${readFileSync(path.join(place.dir, 'log'), 'utf8').slice(-1_000)}`);
    await sleep(LOOK_MS);
  }
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await gone;
}

/** What the service has counted since the last time, for all organizations in one request. */
async function push(way: Way, world: World, client: Client, signal: AbortSignal): Promise<void> {
  let before = 0;
  let next = Date.now() + way.everyMs;
  while (!signal.aborted) {
    await sleep(Math.max(0, next - Date.now()));
    next += way.everyMs;
    const now = Date.now() - world.startedAt;
    if (now <= before) continue;
    const samples = world.outages.flatMap((outage) => increments(outage, before, now, world.startedAt + now));
    before = now;
    const answer = await fetch(`${client.base}/v1/events?source=world`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${client.token}` },
      body: JSON.stringify(samples),
    });
    const text = await answer.text();
    if (answer.status !== 202) throw new Error(`a push was answered with ${answer.status}: ${text.slice(0, 200)}`);
  }
}

function increments(outage: Outage, from: number, to: number, at: number) {
  const [before, now] = [counted(outage, from), counted(outage, to)];
  return (
    [
      ['200', now.good - before.good],
      ['500', now.bad - before.bad],
    ] as const
  )
    .filter(([, delta]) => delta > 0)
    .map(([code, delta]) => ({ name: 'req_total', labels: { org: outage.org, code }, delta, at }));
}

/** The organization whose breach opened an incident. */
export async function organizationOf(client: Client, incident: string): Promise<string> {
  const { events } = await client.get<{ events: readonly Event[] }>(`/v1/incidents/${incident}/events`);
  for (const event of events) if (event.type === 'trigger.changed') return event.data.transition.scope;
  return '';
}
