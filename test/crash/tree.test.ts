// Random SIGKILLs of the real process tree (the command, Belay, Postgres, several of them, everything), with the same command typed
// again each time: the same incident is finished, the service saw each change once, and the evidence verifies.
// BELAY_CRASH_ROUNDS is the number of kills wanted: 30 each time that somebody changes something, more for a longer look. The seed is printed.
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createDigest } from '../../src/adapters/system/index.ts';
import { livingServer } from '../../src/cli/server-file.ts';
import { assert } from '../../src/domain/assert.ts';
import { verifyEvidence } from '../../src/flows/evidence.ts';

const KILLS = Number(process.env['BELAY_CRASH_ROUNDS'] ?? 30);
// Two tell stories side by side: four stories make their number.
const KILLS_A_STORY = 8;
const SEED = Number(process.env['BELAY_CRASH_SEED'] ?? Date.now() % 1_000_000);
const MAIN = join(import.meta.dirname, '../../src/main.ts');

type Victim = 'command' | 'belay' | 'postgres' | 'belay and postgres' | 'all';
const VICTIMS: readonly Victim[] = ['belay', 'postgres', 'belay and postgres', 'command', 'all'];

function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

interface Command {
  readonly pid: number;
  readonly ended: Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>;
}

function typeCommand(data: string, scenario: string): Command {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', MAIN, 'demo', '--exit', '--json', '--data', data, '--port', '0', '--scenario', scenario],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  return { pid: child.pid ?? 0, ended: new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr }))) };
}

/**
 * Pids of every Postgres process that works on this data directory, found by what they are. Its pid file is not asked: half written it
 * reads as 0, which is the group of whoever kills, and an old one may name somebody else by now.
 */
function postgresOf(data: string): number[] {
  const cluster = join(data, 'postgres', 'cluster');
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        if (readlinkSync(`/proc/${pid}/cwd`) === cluster) return true;
        return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(data) && /postgres/.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
      } catch {
        // Gone meanwhile.
        return false;
      }
    });
}

/**
 * The traffic and the service, started or still starting, in the order to die in: a customer who outlives the shop would count failures
 * that nobody caused but us.
 */
function shopOf(data: string): number[] {
  const folder = join(data, 'example', 'service');
  const programs = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return readlinkSync(`/proc/${pid}/cwd`) === folder
          ? [{ pid: Number(pid), argv: readFileSync(`/proc/${pid}/cmdline`, 'utf8') }]
          : [];
      } catch {
        // Gone meanwhile.
        return [];
      }
    });
  const rank = ({ argv }: { readonly argv: string }): number => (argv.includes('traffic.mjs') ? 0 : 1);
  return programs.sort((one, other) => rank(one) - rank(other)).map(({ pid }) => pid);
}

const NOBODY: Command = { pid: 0, ended: Promise.resolve({ code: null, stdout: '', stderr: '' }) };

function lastLines(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n').slice(-30).join('\n') : '';
}

function pidsOf(victim: Victim, data: string, command: Command): number[] {
  const belay = livingServer(data)?.pid;
  const some = (pid: number | undefined): number[] => (pid === undefined ? [] : [pid]);
  switch (victim) {
    case 'command':
      return [command.pid];
    case 'belay':
      return some(belay);
    case 'postgres':
      return postgresOf(data);
    case 'belay and postgres':
      return [...some(belay), ...postgresOf(data)];
    case 'all':
      return [command.pid, ...some(belay), ...postgresOf(data), ...shopOf(data)];
  }
}

function killAll(pids: readonly number[]): void {
  for (const pid of pids) {
    assert(pid > 1, `${pid} is no process of the story`);
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // Dead already: that is what was wanted.
    }
  }
}

interface Told {
  readonly report: {
    readonly ok: boolean;
    readonly incident: { readonly id: string; readonly phase: string };
    readonly requests: { readonly failedOtherOrgs: number };
  };
  readonly log: string[];
  readonly killed: readonly Victim[];
}

async function tellStory(data: string, scenario: 'deploy' | 'org', random: () => number): Promise<Told> {
  const log: string[] = [];
  const killed: Victim[] = [];
  let command = typeCommand(data, scenario);
  for (let kill = 0; kill < KILLS_A_STORY; ) {
    const ended = await Promise.race([command.ended, sleep(300 + random() * 2_000).then(() => null)]);
    if (ended !== null) {
      if (ended.stdout !== '') return { report: JSON.parse(ended.stdout) as Told['report'], log, killed };
      log.push(`the command ended with ${ended.code}: ${ended.stderr.slice(-400)}`);
      command = typeCommand(data, scenario);
      continue;
    }
    const living = VICTIMS.filter((one) => pidsOf(one, data, command).length > 0);
    const victim = living[Math.floor(random() * living.length)] as Victim;
    killAll(pidsOf(victim, data, command));
    kill += 1;
    killed.push(victim);
    log.push(`killed ${victim}`);
    // The person at the terminal types the command again whenever it is gone, or after Belay died under it.
    if (victim !== 'postgres') {
      killAll([command.pid]);
      await command.ended;
      command = typeCommand(data, scenario);
    }
  }
  for (let tries = 0; tries < 4; tries += 1) {
    const { code, stdout, stderr } = await command.ended;
    if (stdout !== '') return { report: JSON.parse(stdout) as Told['report'], log, killed };
    log.push(`the command ended with ${code}: ${stderr.slice(-800)}`);
    command = typeCommand(data, scenario);
  }
  throw new Error(`the story did not end: ${log.join('\n')}`);
}

/** How often what served (release, or acme's flow) changed, as the service itself wrote it down request by request. */
function changesServed(data: string, scenario: 'deploy' | 'org'): string[] {
  const lines = readFileSync(join(data, 'example', 'service', 'run', 'requests.ndjson'), 'utf8').split('\n');
  const values: string[] = [];
  for (const line of lines) {
    try {
      const one = JSON.parse(line) as { org: string; release: string; flow: string };
      if (scenario === 'org' && one.org !== 'acme') continue;
      const value = scenario === 'deploy' ? one.release : one.flow;
      if (values.at(-1) !== value) values.push(value);
    } catch {
      // A line that a kill has cut.
    }
  }
  return values;
}

/** A data directory that the store's own user can walk through: the cluster lies inside, where it is found and killed. */
function newDataDir(): string {
  const data = mkdtempSync(join(tmpdir(), 'belay-tree-'));
  chmodSync(data, 0o711);
  return data;
}

async function oneStory(index: number): Promise<readonly Victim[]> {
  const data = newDataDir();
  try {
    return await storyIn(data, index);
  } finally {
    killAll([...pidsOf('belay', data, NOBODY), ...postgresOf(data), ...shopOf(data)]);
  }
}

async function storyIn(data: string, index: number): Promise<readonly Victim[]> {
  const scenario = index % 3 === 2 ? 'org' : 'deploy';
  const random = randomOf(SEED + index);
  const { report, log, killed } = await tellStory(data, scenario, random);
  const said = `${JSON.stringify(report)}\n${lastLines(join(data, 'belay.log'))}`;
  const context = `story ${index} (${scenario}, seed ${SEED}) in ${data}: ${log.join('; ')}\n${said}`;
  expect(report, context).toMatchObject({
    ...{ incident: { phase: 'resolved', waiting: false }, evidence: { verified: true }, leftOpen: [] },
    ok: scenario === 'deploy' || report.requests.failedOtherOrgs === 0,
  });
  // Only a kill of the shop itself has customers of other organizations see failures.
  if (!killed.includes('all') && scenario === 'org') expect(report.requests.failedOtherOrgs, context).toBe(0);
  expect(changesServed(data, scenario), context).toEqual(
    scenario === 'deploy' ? ['v1.0.0', 'v1.1.0', 'v1.0.0'] : ['stable', 'next', 'stable'],
  );
  const evidence = readFileSync(join(data, 'incidents', report.incident.id, 'evidence.json'), 'utf8');
  expect(verifyEvidence(evidence, createDigest('')).problems, context).toEqual([]);
  rmSync(data, { recursive: true, force: true });
  return killed;
}

describe('random kills of the real process tree', () => {
  it(`finish the same incident in every story, whatever is killed, ${KILLS} times (seed ${SEED})`, async () => {
    let [next, underWay] = [0, 0];
    const killed: Victim[] = [];
    const failures: unknown[] = [];
    /** A story may end before its last kill, and chance may spare somebody: then there is one more, up to twice as many. */
    const isWanted = (): boolean =>
      killed.length + underWay * KILLS_A_STORY < KILLS ||
      (underWay === 0 && next * KILLS_A_STORY < 2 * KILLS && VICTIMS.some((one) => !killed.includes(one)));
    const worker = async (): Promise<void> => {
      while (isWanted() && failures.length === 0) {
        const mine = next;
        next += 1;
        underWay += 1;
        await oneStory(mine).then(
          (victims) => killed.push(...victims),
          (error: unknown) => failures.push(error),
        );
        underWay -= 1;
      }
    };
    await Promise.all([worker(), worker()]);
    if (failures.length > 0) throw failures[0];
    const counts = VICTIMS.map((victim) => [victim, killed.filter((one) => one === victim).length] as const);
    process.stderr.write(`tree: ${killed.length} kills in ${next} stories, seed ${SEED}: ${JSON.stringify(Object.fromEntries(counts))}\n`);
    for (const [victim, count] of counts) expect(count, `${victim} was never killed`).toBeGreaterThan(0);
  }, 1_500_000);
});
