// Raw engines that take over from each other under real SIGKILLs, and a run that kills each process that takes it. Case numbers are those of
// the crash matrix. The file that the steps write to is the judge, not the engine's own rows.
import { afterAll, describe, expect, test } from 'vitest';
import { pause, until, world } from './raw-harness.ts';

const ONCE = '1111111111';
const LEASE = { external: true, leaseMs: 1_500, beatMs: 300 } as const;
const figures: string[] = [];
afterAll(() => process.stderr.write(`${figures.join('\n')}\n`));

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
