// Rounds of real kills: twelve messages over four kinds of receiver, two SIGKILLs at random moments, then a life to the end.
// The receivers live here, outside the killed process, and count.

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Delivery } from '../../src/domain/message.ts';
import { startSlack } from '../world/vendors/slack.ts';
import { readOutboxFile } from './durable-outbox.ts';
import { LATE_MS } from './outbox-rounds-shared.ts';

export interface KillReport {
  readonly seed: number;
  readonly rounds: number;
  kills: number;
  messages: number;
  /** Deliveries found in the air by the life after a kill. */
  foundAmbiguous: number;
  /** Unconfirmed messages to customers that really were lost, and repeats to responders: both by policy. */
  lostByPolicy: number;
  repeatedByPolicy: number;
  readonly wrong: string[];
}

const AT_ONCE = 3;
const KINDS = [
  { kind: 'asked', channel: 'chat', audienceKind: 'customers' },
  { kind: 'dropsRepeats', channel: 'file', audienceKind: 'customers' },
  { kind: 'customers', channel: 'hook', audienceKind: 'customers' },
  { kind: 'responders', channel: 'page', audienceKind: 'responders' },
] as const;
const PER_KIND = 3;

export async function killRounds(o: { readonly rounds: number; readonly seed: number }): Promise<KillReport> {
  const report: KillReport = {
    seed: o.seed,
    rounds: o.rounds,
    kills: 0,
    messages: 0,
    foundAmbiguous: 0,
    lostByPolicy: 0,
    repeatedByPolicy: 0,
    wrong: [],
  };
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < o.rounds) {
      next += 1;
      await oneRound(report, randomOf(o.seed + next), next);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return report;
}

async function oneRound(report: KillReport, random: () => number, round: number): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'belay-outbox-'));
  const slack = await startSlack({ token: 'xoxb-test' });
  slack.lateMs = LATE_MS;
  const hook = await startHook(random);
  const outboxFile = join(dir, 'outbox.ndjson');
  const messageFile = join(dir, 'messages.ndjson');
  writeFileSync(
    outboxFile,
    planned()
      .map((delivery) => `${JSON.stringify({ delivery })}\n`)
      .join(''),
  );
  const argv = [outboxFile, messageFile, slack.url, hook.url];
  try {
    for (let kill = 0; kill < 2; kill += 1) {
      await killedLife(argv, 15 + Math.floor(random() * 165));
      report.kills += 1;
      report.foundAmbiguous += readOutboxFile(outboxFile).filter((one) => one.state === 'sending').length;
    }
    await lastLife(argv);
    judge(report, round, {
      deliveries: readOutboxFile(outboxFile),
      slack: slack.posts.map((one) => one.delivery ?? ''),
      file: idsOf(messageFile),
      hook: hook.taken,
    });
  } finally {
    await slack.close();
    await hook.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

interface Taken {
  readonly id: string;
  readonly resent: boolean;
}
interface Seen {
  readonly deliveries: readonly Delivery[];
  readonly slack: readonly string[];
  readonly file: readonly string[];
  readonly hook: readonly Taken[];
}

function judge(report: KillReport, round: number, seen: Seen): void {
  const wrong = (what: string): void => void report.wrong.push(`round ${round}: ${what}`);
  const count = (ids: readonly string[], id: string): number => ids.filter((one) => one === id).length;
  for (const one of seen.deliveries) {
    report.messages += 1;
    const kind = KINDS.find((known) => one.id.startsWith(`${known.kind}-`))?.kind;
    const hooked = seen.hook.filter((taken) => taken.id === one.id);
    if (kind === 'asked' && (count(seen.slack, one.id) !== 1 || one.state !== 'sent'))
      wrong(`${one.id} arrived ${count(seen.slack, one.id)} times and is ${one.state}`);
    if (kind === 'dropsRepeats' && (count(seen.file, one.id) !== 1 || one.state !== 'sent'))
      wrong(`${one.id} arrived ${count(seen.file, one.id)} times and is ${one.state}`);
    if (kind === 'customers') {
      if (hooked.length > 1) wrong(`${one.id} came ${hooked.length} times to a customer`);
      if (one.state === 'sent' && hooked.length !== 1) wrong(`${one.id} is sent and never came`);
      if (one.state === 'failed' && !(one.reason ?? '').startsWith('unconfirmed')) wrong(`${one.id} failed: ${one.reason}`);
      if (hooked.length === 0) report.lostByPolicy += 1;
    }
    if (kind === 'responders') {
      if (hooked.length === 0) wrong(`${one.id} never came to a responder`);
      if (hooked.slice(1).some((taken) => !taken.resent)) wrong(`${one.id} came again without its mark`);
      report.repeatedByPolicy += Math.max(0, hooked.length - 1);
    }
  }
}

function planned(): readonly Delivery[] {
  // Interleaved, so that a kill meets every kind.
  return Array.from({ length: PER_KIND }, (_, index) => index).flatMap((index) =>
    KINDS.map(
      ({ kind, channel, audienceKind }): Delivery => ({
        id: `${kind}-${index}`,
        audience: kind,
        audienceKind,
        channel,
        to: `C-${index}`,
        template: 't',
        source: '# {kind}',
        values: { kind },
        lang: 'en',
        zone: 'UTC',
        thread: `thread-${index}`,
        exempt: true,
        incident: 'INC-1',
        state: 'planned',
        attempt: 0,
        plannedAt: Date.now(),
        dueAt: 0,
        resent: false,
      }),
    ),
  );
}

function spawnLife(argv: readonly string[], ends: 'never' | 'until-settled'): ChildProcess {
  return spawn(process.execPath, [join(import.meta.dirname, 'outbox-child.ts'), ...argv, ends], { stdio: ['ignore', 'pipe', 'pipe'] });
}

async function killedLife(argv: readonly string[], afterMs: number): Promise<void> {
  const child = spawnLife(argv, 'never');
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await new Promise<void>((resolve) => child.stdout?.once('data', () => resolve()));
  await new Promise((resolve) => setTimeout(resolve, afterMs));
  child.kill('SIGKILL');
  await gone;
}

async function lastLife(argv: readonly string[]): Promise<void> {
  const child = spawnLife(argv, 'until-settled');
  let stderr = '';
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString('utf8')));
  const timer = setTimeout(() => child.kill('SIGKILL'), 30_000);
  const code = await new Promise<number | null>((resolve) => child.once('exit', (exit) => resolve(exit)));
  clearTimeout(timer);
  if (code !== 0) throw new Error(`the last life ended with ${code}: ${stderr}`);
}

/** A receiver that cannot be asked and does not drop repeats; it answers before or after it has taken the message. */
async function startHook(random: () => number): Promise<{ readonly url: string; readonly taken: Taken[]; close(): Promise<void> }> {
  const taken: Taken[] = [];
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('error', () => undefined);
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as { id: string; data: { resent: boolean } };
      // Half of the messages are taken at once, half a little later than a killed sender can see.
      const take = (): void => void taken.push({ id: body.id, resent: body.data.resent });
      if (random() < 0.5) take();
      else setTimeout(take, random() * 20);
      setTimeout(() => response.writeHead(200).end(), 20 + random() * 10);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, taken, close };
}

function idsOf(path: string): readonly string[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line) => {
      try {
        return [(JSON.parse(line) as { id: string }).id];
      } catch {
        // Empty, or torn by the kill.
        return [];
      }
    });
}

/** mulberry32. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
