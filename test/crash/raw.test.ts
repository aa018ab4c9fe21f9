// The raw engine under real SIGKILLs: a step may run twice, none is ever skipped, nothing is lost. Case numbers are those of the
// crash matrix. The file that the steps write to is the judge, not the engine's own rows.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { RawWorld, until } from './raw-harness.ts';

const ONCE = '1111111111';
const LEASE = { external: true, leaseMs: 1_500, beatMs: 300 } as const;
const figures: string[] = [];
afterAll(() => process.stderr.write(`${figures.join('\n')}\n`));

async function world(): Promise<RawWorld> {
  const made = await RawWorld.make();
  onTestFinished(() => made.remove());
  return made;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('one process', () => {
  test('C1 and C23: killed inside a step, the next life attaches to the orphaned Postgres and goes on at that step', async () => {
    const raw = await world();
    const first = raw.born();
    const cold = await first.up();
    await first.call('start', 'rollback', 'x', 'run', 'acme');
    await raw.noted('start:x:4');
    await first.kill();
    const second = raw.born();
    const resumed = await raw.noted('start:x:4', 2);
    const warm = await second.up();
    await raw.noted('done:x');
    figures.push(
      `cold: store ${cold.storeMs} ms, open ${cold.openMs} ms; resumed ${resumed.at - second.bornAt} ms after the start of Node (open ${warm.openMs} ms)`,
    );
    expect(raw.digits('effect')).toBe(ONCE);
    expect(raw.digits('start')).toBe('1111211111');
    expect(warm).toMatchObject({ attached: true, storePid: cold.storePid });
    expect(resumed.at - second.bornAt).toBeLessThan(5_000);
    expect(second.errors).toBe('');
  });

  test('C2: killed between an effect and its checkpoint, that step runs twice and none is skipped', async () => {
    const raw = await world();
    const first = raw.born({ hangAfterEffect: 2 });
    await first.up();
    await first.call('start', 'rollback', 'x', 'run');
    await raw.noted('hung');
    await first.kill();
    const second = raw.born({ hangAfterEffect: 2 });
    await second.up();
    await raw.noted('done:x');
    expect(raw.digits('effect')).toBe('1121111111');
  });

  test('C3: every Postgres process killed, the worker lives, Postgres is started again, no step twice', async () => {
    const raw = await world();
    const life = raw.born({ beatMs: 200, leaseMs: 4_000 });
    const { storePid } = await life.up();
    await life.call('start', 'rollback', 'x', 'run');
    await raw.noted('start:x:3');
    const killedAt = Date.now();
    raw.killStore();
    const done = await raw.noted('done:x');
    figures.push(`Postgres killed: the run was done ${done.at - killedAt} ms later`);
    expect(raw.digits('effect')).toBe(ONCE);
    expect(life.said.filter((line) => line['phase'] === 'lost')).toHaveLength(1);
    expect(raw.storeProcesses()).not.toContain(storePid);
    await until(
      () =>
        life.said.some((line) => (line['notice'] as { kind?: string } | undefined)?.kind === 'store-back') ||
        !JSON.stringify(life.said).includes('store-away'),
      () => 'no word that the store is back',
    );
    expect(await life.call('mayAct')).toBe(true);
  });

  test('C4: worker and Postgres killed, the next life goes on, no effect lost or doubled', async () => {
    const raw = await world();
    const first = raw.born();
    await first.up();
    await first.call('start', 'rollback', 'x', 'run');
    await raw.noted('start:x:4');
    raw.killStore();
    await first.kill();
    const second = raw.born();
    const resumed = await raw.noted('start:x:4', 2);
    figures.push(`worker and Postgres killed: resumed ${resumed.at - second.bornAt} ms after the start of Node`);
    await raw.noted('done:x');
    expect(raw.digits('effect')).toBe(ONCE);
  });

  test('C13: an approval asked before the kill is received once after it, a second one of the same key never', async () => {
    const raw = await world();
    const first = raw.born();
    await first.up();
    await first.call('start', 'approval', null, 'run');
    await raw.noted('asked');
    await first.kill();
    const second = raw.born();
    await second.up();
    await raw.noted('asked', 2);
    const signalledAt = Date.now();
    await second.call('signal', 'run', 'approval', 'yes', 'approval-1');
    await second.call('signal', 'run', 'approval', 'yes again', 'approval-1');
    const acted = await raw.noted('acted');
    figures.push(`approval to next step: ${acted.at - signalledAt} ms`);
    expect(await second.call('result', 'run')).toEqual({ first: 'yes', second: null });
    expect(raw.lines().filter((line) => line.what === 'acted')).toHaveLength(1);
  });

  test('C14: a sleep wakes at its original instant although the process was killed meanwhile', async () => {
    const raw = await world();
    const first = raw.born();
    await first.up();
    const wakeAt = Date.now() + 5_000;
    await first.call('start', 'sleeper', wakeAt, 'run');
    await raw.noted('asleep');
    await pause(2_500);
    await first.kill();
    const second = raw.born();
    await second.up();
    const woke = await raw.noted('woke');
    figures.push(`a sleep that a kill had cut ended ${woke.at - wakeAt} ms after its instant`);
    expect(woke.at).toBeGreaterThanOrEqual(wakeAt);
    // One that began anew with the second life would last its whole length from there.
    expect(woke.at - second.bornAt).toBeLessThan(5_000);
  });

  test('C15: cancelled inside step 3, it stops at the boundary; resumed, that step runs again and all others once', async () => {
    const raw = await world();
    const life = raw.born({ workMs: 150 });
    await life.up();
    await life.call('start', 'rollback', 'x', 'run');
    await raw.noted('start:x:3');
    await life.call('cancel', 'run');
    await raw.noted('effect:x:3');
    await pause(500);
    expect(raw.digits('start')).toBe('1111000000');
    await life.call('resume', 'run');
    await raw.noted('done:x');
    expect(raw.digits('effect')).toBe('1112111111');
  });

  test('C24: a pid file that names an unrelated living process neither blocks the start nor costs that process its life', async () => {
    const raw = await world();
    const first = raw.born();
    await first.up();
    await first.call('start', 'rollback', 'x', 'run');
    await raw.noted('start:x:2');
    const pidFile = join(raw.cluster, 'postmaster.pid');
    const lines = readFileSync(pidFile, 'utf8').split('\n');
    raw.killStore();
    await first.kill();
    const stranger = spawn('sleep', ['60'], { stdio: 'ignore' });
    onTestFinished(() => void stranger.kill());
    await until(
      () => raw.storeProcesses().length === 0,
      () => 'Postgres does not die',
    );
    writeFileSync(pidFile, [String(stranger.pid), ...lines.slice(1)].join('\n'));
    const second = raw.born();
    await second.up();
    await raw.noted('done:x');
    expect(raw.digits('effect')).toBe(ONCE);
    expect(stranger.exitCode).toBeNull();
    expect(existsSync(`/proc/${stranger.pid}`)).toBe(true);
  });
});

describe('a run that kills its process', () => {
  test('C26: it is parked after ten crashes without progress, while a run that waits is not', async () => {
    const raw = await world();
    const first = raw.born();
    await first.up();
    await first.call('start', 'approval', null, 'patient');
    await raw.noted('asked');
    await first.call('start', 'poison', null, 'poison');
    await raw.noted('deadly');
    let lives = 1;
    for (; lives < 20; lives += 1) {
      const before = raw.lines().filter((line) => line.what === 'deadly').length;
      const life = raw.born();
      await until(
        () => raw.lines().filter((line) => line.what === 'deadly').length > before || life.said.some((line) => line['up'] === true),
        () => `life ${lives}: ${life.errors}`,
      );
      if (life.said.some((line) => (line['notice'] as { kind?: string } | undefined)?.kind === 'parked')) break;
      await life.gone();
    }
    expect(lives).toBe(11);
    const last = raw.born();
    await last.up();
    expect(await last.call('parked')).toEqual(['poison']);
    await last.call('signal', 'patient', 'approval', 'yes', 'approval-1');
    expect(await last.call('result', 'patient')).toMatchObject({ first: 'yes' });
  });
});

describe('several processes', () => {
  test('C25: four launched at once on nothing all come up, over one Postgres', async () => {
    const raw = await world();
    const lives = Array.from({ length: 4 }, () => raw.born());
    const ups = await Promise.all(lives.map((life) => life.up()));
    expect(new Set(ups.map((up) => up.storePid)).size).toBe(1);
    expect(ups.filter((up) => !up.attached)).toHaveLength(1);
    await Promise.all(lives.map((life, index) => life.call('start', 'rollback', `r${index}`, `run-${index}`)));
    await Promise.all(lives.map((_life, index) => raw.noted(`done:r${index}`)));
  });

  test('C7: on one host a living process takes over a killed one by its free lock, within a beat', async () => {
    const raw = await world();
    const first = raw.born({ workMs: 150 });
    await first.up();
    const second = raw.born({ beatMs: 300 });
    await second.up();
    await first.call('start', 'rollback', 'x', 'run', 'acme');
    expect((await raw.noted('start:x:3')).pid).toBe(first.pid);
    await first.kill();
    const killedAt = Date.now();
    const step = Number(
      raw
        .lines()
        .filter((line) => line.what.startsWith('start:x:'))
        .at(-1)
        ?.what.slice(-1),
    );
    await until(
      () => raw.lines().some((line) => line.pid === second.pid),
      () => 'nobody took over',
    );
    figures.push(`take-over on one host: ${Date.now() - killedAt} ms after the kill`);
    await raw.noted('done:x');
    expect(raw.digits('effect')).toMatch(/^1*2?1*$/);
    expect(raw.digits('start')[step]).toBe('2');
  });

  test('C8: by the lease row alone a dead process is taken over within lease and beat', async () => {
    const raw = await world();
    const first = raw.born({ ...LEASE, workMs: 150 });
    await first.up();
    for (const run of ['a', 'b', 'c', 'd', 'e']) await first.call('start', 'rollback', run, `run-${run}`);
    await raw.noted('start:e:2');
    const second = raw.born(LEASE);
    await second.up();
    await first.kill();
    const killedAt = Date.now();
    const took = async (): Promise<number> => {
      await until(
        () => raw.lines().some((line) => line.pid === second.pid),
        () => 'nobody took over',
      );
      return Date.now() - killedAt;
    };
    const ms = await took();
    figures.push(`take-over by lease row: ${ms} ms after the kill (lease ${LEASE.leaseMs} ms, beat ${LEASE.beatMs} ms)`);
    expect(ms).toBeLessThan(LEASE.leaseMs + LEASE.beatMs + 1_000);
    for (const run of ['a', 'b', 'c', 'd', 'e']) await raw.noted(`done:${run}`);
    for (const run of ['a', 'b', 'c', 'd', 'e']) expect(raw.digits('effect', run)).toMatch(/^1*2?1*$/);
  });

  test('C10: a process stopped and woken after its take-over may not act, loses its claim and comes back under a new name', async () => {
    const raw = await world();
    const zombie = raw.born({ ...LEASE, workMs: 150, fenced: true });
    await zombie.up();
    await zombie.call('start', 'rollback', 'x', 'run', 'acme');
    await raw.noted('start:x:3');
    zombie.signal('SIGSTOP');
    const heir = raw.born({ ...LEASE, fenced: true });
    await heir.up();
    await raw.noted('start:x:4');
    zombie.signal('SIGCONT');
    await raw.noted('fenced:x:3');
    await raw.noted('done:x');
    expect(raw.digits('effect')).toBe(ONCE);
    expect(raw.lines().filter((line) => line.what === 'done:x')).toHaveLength(1);
    await until(
      () => zombie.said.some((line) => (line['notice'] as { kind?: string } | undefined)?.kind === 'lease-lost'),
      () => 'the zombie does not know',
    );
    // Its new life works.
    await zombie.call('start', 'rollback', 'y', 'run-y');
    await raw.noted('done:y');
    expect(await zombie.call('mayAct')).toBe(true);
  });

  test('C16: a cancel at the moment of a take-over stays a cancel', async () => {
    const raw = await world();
    const first = raw.born({ ...LEASE, workMs: 200 });
    await first.up();
    const second = raw.born(LEASE);
    await second.up();
    // In the hands of the first or of the second: whoever dispatched it.
    await first.call('start', 'rollback', 'x', 'run');
    const started = await raw.noted('start:x:2');
    const [owner, other] = started.pid === first.pid ? [first, second] : [second, first];
    await owner.kill();
    await other.call('cancel', 'run');
    await pause(LEASE.leaseMs + 4 * LEASE.beatMs);
    expect(raw.lines().filter((line) => line.pid === other.pid)).toEqual([]);
    await other.call('resume', 'run');
    await raw.noted('done:x');
    expect(raw.digits('effect')).toMatch(/^1*2?1*$/);
  });
});
