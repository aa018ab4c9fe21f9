// The story on real processes: prepared whole or not at all, found again after our death, provoked once.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { askedRequests, servedRequests } from '../../src/cli/demo/log-lines.ts';
import { livingPid } from '../../src/cli/demo/program.ts';
import { ensureShop, ensureTraffic, provoke } from '../../src/cli/demo/scene.ts';
import { loadStory, prepareStory, type Scenario, type Story, stopStory } from '../../src/cli/demo/story.ts';
import { eventually } from '../world/parts/shop.ts';

const dirs: string[] = [];
afterEach(async () => {
  for (const dir of dirs.splice(0)) {
    const story = loadStory(dir);
    if (story !== null) await stopStory(story);
    rmSync(dir, { recursive: true, force: true });
  }
});

async function storyOf(scenario: Scenario) {
  const dataDir = mkdtempSync(join(tmpdir(), 'belay-story-'));
  dirs.push(dataDir);
  return { dataDir, story: await prepareStory(dataDir, { scenario, mode: 'reset' }) };
}

const current = (story: Story): string => readlinkSync(join(story.service, 'current'));
const release = async (url: string): Promise<string> => ((await (await fetch(`${url}/version`)).json()) as { release: string }).release;
const alive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};
const die = async (pid: number, pidFile: string): Promise<void> => {
  process.kill(pid, 'SIGKILL');
  await eventually(
    () => livingPid(pidFile),
    (seen) => seen === null,
  );
};

describe('preparing a story', () => {
  it('copies the example with the good release live, and leaves the repository alone', async () => {
    const { story } = await storyOf('deploy');
    expect(current(story)).toBe('releases/v1.0.0');
    for (const name of ['belay.yaml', 'runbooks', 'templates', 'service/shop.mjs'])
      expect(existsSync(join(story.dir, name)), name).toBe(true);
    expect(existsSync(join(import.meta.dirname, '../../examples/first-rollback/service/run'))).toBe(false);
  });

  it('keeps the story that is there, or ends it and begins anew', async () => {
    const { dataDir, story } = await storyOf('deploy');
    const { story: running, pid } = await ensureShop(story);
    expect(await prepareStory(dataDir, { scenario: 'org', mode: 'keep' })).toEqual(running);
    const next = await prepareStory(dataDir, { scenario: 'org', mode: 'reset' });
    expect(next).toMatchObject({ scenario: 'org', port: 0 });
    await eventually(
      () => alive(pid),
      (is) => !is,
    );
  });

  it('that was cut short counts as none', async () => {
    const { dataDir } = await storyOf('deploy');
    const half = mkdtempSync(join(tmpdir(), 'belay-half-'));
    dirs.push(half);
    mkdirSync(join(half, 'example.draft', 'service'), { recursive: true });
    expect(loadStory(half)).toBeNull();
    expect(await prepareStory(half, { scenario: 'deploy', mode: 'keep' })).toMatchObject({ scenario: 'deploy' });
    expect(loadStory(dataDir)).not.toBeNull();
  });
});

describe('the programs of a story', () => {
  it('are started once and found again; each keeps its log over its own death', async () => {
    const { story } = await storyOf('deploy');
    const first = await ensureShop(story);
    const traffic = await ensureTraffic(first.story);
    expect([first.attached, traffic.attached]).toEqual([false, false]);
    await eventually(
      () => servedRequests(story).length,
      (count) => count > 10,
    );
    const again = await ensureShop(first.story);
    expect(again).toMatchObject({ pid: first.pid, attached: true, url: first.url });
    expect(await ensureTraffic(first.story)).toMatchObject({ pid: traffic.pid, attached: true });

    await die(first.pid, join(story.service, 'run', 'shop.pid'));
    const before = servedRequests(story).length;
    const second = await ensureShop(first.story);
    expect(second).toMatchObject({ attached: false, url: first.url });
    expect(second.pid).not.toBe(first.pid);
    await eventually(
      () => servedRequests(story).length,
      (count) => count > before + 10,
    );
    const numbers = servedRequests(story).map((one) => one.n);
    expect(numbers).toEqual(numbers.map((_, i) => i + 1));
    // The customers went on: some were turned away, and were answered again after.
    await eventually(
      () => askedRequests(story).map((one) => one.status),
      (all) => all.includes(null) && all.at(-1) === 200,
    );
    expect(livingPid(join(story.service, 'run', 'traffic.pid'))).toBe(traffic.pid);
  });

  it('are not mistaken for another process that got their number', async () => {
    const { story } = await storyOf('deploy');
    mkdirSync(join(story.service, 'run'));
    writeFileSync(join(story.service, 'run', 'shop.pid'), `${process.pid}\n1\n`);
    const { pid, attached } = await ensureShop(story);
    expect([attached, pid === process.pid]).toEqual([false, false]);
  });

  it('start on the release that current names', async () => {
    const { story } = await storyOf('deploy');
    await provoke(story);
    const { url } = await ensureShop(story);
    expect(await release(url)).toBe('v1.1.0');
  });

  it('that do not come up say why', async () => {
    const { story } = await storyOf('deploy');
    rmSync(join(story.service, 'current'));
    await expect(ensureShop(story)).rejects.toMatchObject({
      code: 'BELAY_PROCESS_FAILED',
      message: expect.stringContaining('no release to run'),
    });
  });
});

describe('provoking', () => {
  it('deploys the bad release once, even after it was rolled back', async () => {
    const { story } = await storyOf('deploy');
    const { url, story: running } = await ensureShop(story);
    await ensureTraffic(running);
    const at = await provoke(running);
    await eventually(
      () => release(url),
      (name) => name === 'v1.1.0',
    );
    await eventually(
      () =>
        servedRequests(running)
          .filter((one) => one.status === 500)
          .map((one) => one.org),
      (orgs) => new Set(orgs).size === 3,
    );
    const after = await eventually(
      () => servedRequests(running).filter((one) => one.release === 'v1.1.0'),
      (all) => all.length > 60,
    );
    const failed = after.filter((one) => one.status === 500).length;
    expect(failed / after.length).toBeGreaterThan(0.3);
    writeFileSync(join(running.service, 'FREEZE'), '{"why":"INC-1"}');
    rmSync(join(running.service, 'current'));
    symlinkSync('releases/v1.0.0', join(running.service, 'current'));
    expect(await provoke(running)).toBe(at);
    expect(current(running)).toBe('releases/v1.0.0');
  });

  it('is refused while deploys are frozen, and nothing is changed', async () => {
    const { story } = await storyOf('deploy');
    writeFileSync(join(story.service, 'FREEZE'), '{"who":"ana","why":"audit"}');
    await expect(provoke(story)).rejects.toMatchObject({ code: 'BELAY_DEPLOY_FROZEN', message: expect.stringContaining('audit') });
    expect(current(story)).toBe('releases/v1.0.0');
  });

  it('puts everybody on the new flow, which hurts one organization alone, once', async () => {
    const { story } = await storyOf('org');
    const { story: running } = await ensureShop(story);
    await ensureTraffic(running);
    await eventually(
      () => servedRequests(running).length,
      (count) => count > 20,
    );
    const at = await provoke(running);
    await eventually(
      () => servedRequests(running).filter((one) => one.flow === 'next').length,
      (count) => count > 60,
    );
    const next = servedRequests(running).filter((one) => one.flow === 'next');
    expect(new Set(next.map((one) => one.org)).size).toBe(3);
    expect([...new Set(next.filter((one) => one.status >= 500).map((one) => one.org))]).toEqual(['acme']);
    const flows = join(running.service, 'flows.json');
    writeFileSync(flows, JSON.stringify({ ...(JSON.parse(readFileSync(flows, 'utf8')) as object), acme: 'stable' }));
    expect(await provoke(running)).toBe(at);
    expect(JSON.parse(readFileSync(flows, 'utf8'))).toEqual({ acme: 'stable', globex: 'next', initech: 'next' });
  });
});
