// One raw engine under real SIGKILLs: a step may run twice, none is ever skipped, nothing is lost. Case numbers are those of the
// crash matrix. The file that the steps write to is the judge, not the engine's own rows. raw-several.test.ts has what takes many lives.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { pause, until, world } from './raw-harness.ts';

const ONCE = '1111111111';
const figures: string[] = [];
afterAll(() => process.stderr.write(`${figures.join('\n')}\n`));

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
