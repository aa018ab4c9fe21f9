// Runbook files with commands, on real folders of releases and a real npm: what is needed is run, what is not is skipped, what nobody allowed
// never starts. The judge is what the commands leave on disk.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { FilesPlay } from '../world/scenes/files.ts';
import { playFiles, writeReleases } from '../world/scenes/files.ts';
import { ANA } from '../world/scenes/play.ts';

const NPM_CI = '[npm, ci, --offline, --no-audit, --no-fund]';
const SYSTEM = `components: { app: { title: App } }
targets:
  app: { component: app, driver: release-directory, root: service, reload: ["true"] }
policy:
  run:
    commands:
      install: { cmd: ${NPM_CI}, cwd: service/current }
      check-index: { cmd: [node, check-index.mjs], cwd: service/current }
      rebuild-index: { cmd: [npm, run, "db:index"], cwd: service/current }
`;

const BACK = `## Roll back

### Put the release before back {#back}
\`\`\`belay do deploy.rollback
with: { target: app, to: "{release.previous}" }
undo: { do: deploy.activate, with: { target: app, to: "{release.current}" } }
\`\`\`

### Install the packages again {#install}
\`\`\`belay run
cmd: ${NPM_CI}
cwd: service/current
effect: state
irreversible: "the packages of the release are what they are"
when: { probe: changed, with: { target: app, files: [package.json] }, expect: changed }
timeout: 60s
\`\`\`
`;

const OWN = { name: 'app', version: '1.0.0', dependencies: { tax: 'file:tax' } };
const packageOf = (description: string): string => JSON.stringify({ ...OWN, description, scripts: { 'db:index': 'node index.mjs' } });
const LINKED = { 'node_modules/tax': { resolved: 'tax', link: true }, tax: { version: '1.0.0' } };
const PACKAGES = {
  'package-lock.json': JSON.stringify({
    name: 'app',
    version: '1.0.0',
    lockfileVersion: 3,
    requires: true,
    packages: { '': OWN, ...LINKED },
  }),
  'tax/package.json': JSON.stringify({ name: 'tax', version: '1.0.0' }),
};
const inLive = (one: FilesPlay, name: string): string => path.join(one.folder, 'service', 'current', name);

describe('a rollback whose packages may have changed', () => {
  it('runs npm ci in the release that is live again, because package.json is another one [S1-ST-04, S1-SY-04]', async () => {
    const one = await playFiles({ system: SYSTEM, runbooks: { back: BACK } });
    writeReleases(one.folder, {
      v1: { 'package.json': packageOf('as before'), ...PACKAGES },
      v2: { 'package.json': packageOf('with one more'), ...PACKAGES },
    });
    const plan = await one.plan('back');
    expect(plan.steps.map(({ id, effect }) => `${id} ${effect}`)).toEqual(['back change', 'install change']);
    expect(plan.steps[1]?.when).toBe('changed: changed');
    await one.run('back');
    expect(await one.finished()).toEqual({ outcome: 'done', reason: '' });
    expect(await one.statusOf()).toEqual({ back: 'done', install: 'done' });
    expect(existsSync(path.join(one.folder, 'service/releases/v1/node_modules/tax/package.json'))).toBe(true);
    expect((await one.incident()).steps['install']?.detail).toMatchObject({
      code: 0,
      text: expect.stringContaining('added 1 package') as string,
    });
  });

  it('leaves the packages alone where package.json is the same', async () => {
    const one = await playFiles({ system: SYSTEM, runbooks: { back: BACK } });
    const files = { 'package.json': packageOf('as before'), ...PACKAGES };
    writeReleases(one.folder, { v1: { ...files, 'a.js': '1' }, v2: { ...files, 'a.js': '2' } });
    await one.run('back');
    expect((await one.finished()).outcome).toBe('done');
    expect(await one.statusOf()).toEqual({ back: 'done', install: 'skipped' });
    expect(await one.all('step.skipped')).toEqual([
      { step: 'install', reason: 'when changed: changed', facts: { changed: false, count: 0 } },
    ]);
    expect(existsSync(inLive(one, 'node_modules'))).toBe(false);
  });

  it('asks people where nobody can say whether they changed, and does what they say', async () => {
    const one = await playFiles({ system: SYSTEM, runbooks: { back: `## Install\n${BACK.slice(BACK.indexOf('### Install') - 1)}` } });
    // No release was ever live before: nothing can be compared.
    writeReleases(one.folder, { v1: { 'package.json': packageOf('as before'), ...PACKAGES } });
    await one.run('back');
    await one.until((incident) => incident.tasks['install'] !== undefined);
    expect((await one.incident()).tasks['install']).toMatchObject({ options: ['again', 'do', 'skip', 'stop'] });
    expect(existsSync(inLive(one, 'node_modules'))).toBe(false);
    await one.commands.answer(ANA, { incident: 'INC-1', step: 'install', choice: 'do', key: '1' });
    expect((await one.finished()).outcome).toBe('done');
    expect(await one.statusOf()).toEqual({ install: 'done' });
  });
});

describe('a database index that may have to be built again', () => {
  const INDEX = `## Database

### Does the index hold? {#check-index}
\`\`\`belay run
cmd: [node, check-index.mjs]
cwd: service/current
effect: read
codes: [0, 1]
\`\`\`

### Build it again {#rebuild-index}
\`\`\`belay run
cmd: [npm, run, "db:index"]
cwd: service/current
effect: state
irreversible: "an index holds nothing of its own"
when: steps.check_index.out.code == 1
\`\`\`
`;
  const files = {
    'package.json': packageOf('as before'),
    'check-index.mjs': `import { existsSync } from 'node:fs'; process.exitCode = existsSync('index.ok') ? 0 : 1;`,
    'index.mjs': `import { appendFileSync } from 'node:fs'; appendFileSync('index.ok', 'built\\n');`,
  };

  it('is built by npm run db:index where a check says so, and not where it holds [S2-ST-06]', async () => {
    const broken = await playFiles({ system: SYSTEM, runbooks: { index: INDEX } });
    writeReleases(broken.folder, { v1: files });
    await broken.run('index');
    expect((await broken.finished()).outcome).toBe('done');
    expect(await broken.statusOf()).toEqual({ 'check-index': 'done', 'rebuild-index': 'done' });
    expect(readFileSync(inLive(broken, 'index.ok'), 'utf8')).toBe('built\n');
    const whole = await playFiles({ system: SYSTEM, runbooks: { index: INDEX } });
    writeReleases(whole.folder, { v1: files });
    writeFileSync(inLive(whole, 'index.ok'), '');
    await whole.run('index');
    expect((await whole.finished()).outcome).toBe('done');
    expect(await whole.statusOf()).toEqual({ 'check-index': 'done', 'rebuild-index': 'skipped' });
    expect(readFileSync(inLive(whole, 'index.ok'), 'utf8')).toBe('');
  });
});
