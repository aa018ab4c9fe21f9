// Folders under PM2 as a deploy target: the contract over folders with a supervisor in memory, and a runbook over a real PM2, whose judge is
// the folder in which each process really runs.
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createPm2Supervisor } from '../../../src/adapters/pm2/index.ts';
import { createProcesses } from '../../../src/adapters/process/index.ts';
import { createReleaseDirectory } from '../../../src/adapters/release-directory/index.ts';
import { systemTime } from '../../../src/adapters/system/index.ts';
import type { Supervisor } from '../../../src/ports/supervisor.ts';
import { deployTargetContract } from '../../contracts/deploy-target.ts';
import { createPm2, type Pm2Part, whyNoPm2 } from '../../world/parts/pm2.ts';
import { openRunFile } from '../../world/run-file.ts';

const why = whyNoPm2();
const processes = createProcesses();
const SERVER = 'setInterval(() => undefined, 1000);';

/** Two releases, the old one live. */
function releases(code: Readonly<Record<string, string>> = {}): string {
  const root = realpathSync(mkdtempSync(path.join(tmpdir(), 'belay-pm2-target-')));
  for (const [n, name] of ['v1.0.0', 'v1.1.0'].entries()) {
    const folder = path.join(root, 'releases', name);
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, 'server.js'), code[name] ?? SERVER);
    const app = {
      name: 'crm',
      cwd: path.join(root, 'current'),
      script: './server.js',
      instances: 2,
      exec_mode: 'cluster',
      max_restarts: 2,
      min_uptime: 60_000,
    };
    writeFileSync(path.join(folder, 'eco.config.js'), `module.exports = { apps: [${JSON.stringify(app)}] };\n`);
    const at = new Date(Date.now() - (2 - n) * 60_000);
    utimesSync(folder, at, at);
  }
  point(root, 'v1.0.0');
  return root;
}

function point(root: string, release: string): void {
  symlinkSync(path.join('releases', release), path.join(root, 'next'));
  renameSync(path.join(root, 'next'), path.join(root, 'current'));
}

deployTargetContract('folders with a supervisor', async () => {
  const root = releases();
  let folders = [realpathSync(path.join(root, 'current')), realpathSync(path.join(root, 'current'))];
  const supervisor: Supervisor = {
    look: async () => ({ units: folders.map((folder, n) => ({ id: `crm-${n}`, ready: true, folder })) }),
    reload: async (folder) => {
      for (const n of [0, 1]) {
        await systemTime.sleep(5);
        folders = folders.map((one, at) => (at === n ? realpathSync(folder) : one));
      }
    },
  };
  return {
    target: createReleaseDirectory({ root }, { time: systemTime, processes, baseDir: root, supervisor }),
    deploy: async (release) => {
      point(root, release);
      await supervisor.reload(path.join(root, 'current'));
    },
    running: async () => [...new Set(folders.map((one) => path.basename(one)))].join(' '),
    prune: async (release) => rmSync(path.join(root, 'releases', release), { recursive: true }),
    close: async () => rmSync(root, { recursive: true, force: true }),
  };
});

describe.skipIf(why !== null)(`a real PM2${why === null ? '' : `: SKIPPED, ${why}`}`, () => {
  let pm2: Pm2Part;
  let root: string;
  beforeAll(() => {
    pm2 = createPm2();
    root = releases();
    point(root, 'v1.1.0');
    pm2.run('start', path.join(root, 'current/eco.config.js'));
  }, 90_000);
  afterAll(() => {
    pm2?.stop();
    rmSync(root, { recursive: true, force: true });
  }, 60_000);

  /** By the system, not by PM2. */
  const running = (): readonly string[] =>
    (JSON.parse(pm2.run('jlist')) as readonly { readonly pid: number }[])
      .filter((one) => one.pid > 0)
      .map((one) => path.basename(readlinkSync(`/proc/${one.pid}/cwd`)));
  const yaml = (): string =>
    `belay: 1\nname: CRM\ntargets:\n  crm: { driver: pm2, root: ${root}, apps: [crm], home: ${pm2.home}, command: ${JSON.stringify(pm2.command)} }\n`;
  const steps = (to: string): string => `### Put it back {#switch}

\`\`\`belay do deploy.rollback
with: { target: crm, to: "${to}" }
undo: { do: deploy.activate, with: { target: crm, to: "{release.current}" } }
verify:
  - { probe: release, with: { target: crm }, expect: uniform && units == 2 }
timeout: 20m
\`\`\`
`;

  test('a runbook puts the release before back, and is done when every instance runs in its folder', async () => {
    expect(running()).toEqual(['v1.1.0', 'v1.1.0']);
    const file = await openRunFile({ yaml: yaml(), steps: steps('{release.previous}') });
    expect((await file.plan()).steps).toMatchObject([
      { current: 'v1.1.0', desired: 'v1.0.0', compareAndSet: 'lock', undo: { args: { to: 'v1.1.0' } } },
    ]);
    expect(await file.run(120_000)).toMatchObject({ outcome: 'done', steps: ['switch done'] });
    expect(running()).toEqual(['v1.0.0', 'v1.0.0']);
    expect(readlinkSync(path.join(root, 'current'))).toBe('releases/v1.0.0');
  }, 180_000);

  test('instances that run different releases are told apart, each by itself', async () => {
    const { world } = await openRunFile({ yaml: yaml(), steps: steps('v1.1.0') });
    point(root, 'v1.1.0');
    onTestFinished(() => point(root, 'v1.0.0'));
    const [id] = (JSON.parse(pm2.run('jlist')) as readonly { readonly pm_id: number }[]).map((one) => String(one.pm_id));
    pm2.run('restart', id ?? '');
    await expect.poll(() => running().toSorted(), { timeout: 20_000 }).toEqual(['v1.0.0', 'v1.1.0']);
    const state = await world.targets['crm']?.current();
    expect(state?.units.map((unit) => unit.release).toSorted()).toEqual(['v1.0.0', 'v1.1.0']);
    expect(await world.probes['release']?.measure({ target: 'crm' })).toMatchObject({ values: { uniform: false } });
  }, 90_000);

  test('a release that ends at once is given up by PM2, and the step says so instead of waiting', async () => {
    writeFileSync(path.join(root, 'releases/v1.1.0/server.js'), 'process.exit(3);');
    pm2.run('restart', 'crm');
    const played = await (await openRunFile({ yaml: yaml(), steps: steps('v1.1.0').replace('rollback', 'activate') })).run(120_000);
    expect(played).toMatchObject({ outcome: 'waiting', steps: ['switch unknown'] });
    expect(JSON.stringify(played.events)).toContain('PM2 has given up crm');
  }, 180_000);

  test('a program that was begun outside of the link is told before anything is switched', async () => {
    const supervisor = createPm2Supervisor(
      { root: '/srv/other', apps: ['crm'], config: 'eco.config.js', home: pm2.home, command: pm2.command, timeoutMs: 1_000 },
      { processes, baseDir: '/' },
    );
    await expect(supervisor.look()).rejects.toMatchObject({
      code: 'BELAY_TARGET_UNREACHABLE',
      effect: 'none',
      hint: expect.stringContaining("cwd: '/srv/other/current'"),
    });
  });
});

test.each([
  [{ apps: ['all'] }, /apps:/],
  [{ apps: ['a,b'] }, /apps:/],
  [{ config: '../eco.config.js' }, /config:/],
  [{ config: '/etc/eco.config.js' }, /config:/],
])('options that mean something else to PM2 are refused: %j', (more, message) => {
  const options = { root: '/srv', apps: ['crm'], config: 'eco.config.js', command: ['pm2'], timeoutMs: 1_000, ...more };
  expect(() => createPm2Supervisor(options, { processes, baseDir: '/' })).toThrow(message);
});

test('the file of the page says that programs run in the link', () => {
  const page = readFileSync(path.join(import.meta.dirname, '../../../docs/targets/pm2.md'), 'utf8');
  expect(/root: (\S+)/.exec(page)?.[1]).toBe('/srv/crm');
  expect(page).toContain("cwd: '/srv/crm/current'");
});
