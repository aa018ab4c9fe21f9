// Policies of deploys, from belay.yaml to the incident: real folders of releases for staging and production, real suites as processes, runbooks
// through the real loader. The judges are the links on disk, what the suites wrote down, and the incidents that were opened.
import { existsSync, readFileSync, readlinkSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { createDeployWatches } from '../../src/flows/deploy-policy.ts';
import { createDetector } from '../../src/flows/detect.ts';
import { releasesOf } from '../../src/flows/releases.ts';
import { playFiles, writeReleases } from '../world/scenes/files.ts';
import { BELAY_YAML, folderOf } from '../world/scenes/folder.ts';

const MINUTE = 60_000;
/** Passes where the live release says so; each run is written down. */
const SUITE = `const fs = require('node:fs');
const [root] = process.argv.slice(2);
const release = require('node:path').basename(fs.readlinkSync(root + '/current'));
fs.appendFileSync('tested', root + ' ' + release + '\\n');
const said = fs.readFileSync(root + '/current/smoke', 'utf8').trim();
console.log({ well: '1..1\\nok 1', broken: '1..2\\nok 1\\nnot ok 2', cut: '1..9\\nok 1' }[said]);
process.exitCode = said === 'well' ? 0 : 1;
`;
const SYSTEM = `components: { app: { title: App } }
targets:
  app: { component: app, driver: release-directory, root: service, reload: ["true"] }
  staging: { driver: release-directory, root: staging, reload: ["true"] }
suites:
  on-staging: { argv: [node, smoke.cjs, staging], against: staging, report: tap }
  on-production: { argv: [node, smoke.cjs, service], against: production, readOnly: true, report: tap }
policy:
  deploys:
    staging: { smoke: { suite: on-staging } }
    app: { stagedOn: staging, smoke: { suite: on-production } }
`;
const inputs = (id: string): string =>
  `---\nbelay: 1\nid: ${id}\ntitle: ${id}\nversion: 1.0.0\nlang: en\nseverity: P2\ncomponents: [app]\ninputs:\n  to: { type: release, required: true }\n---\n\n# ${id}\n\n## Do\n\n`;
const step = (action: string, target: string): string =>
  `### Switch {#switch}\n\`\`\`belay do ${action}\nwith: { target: ${target}, to: "{to}" }\nirreversible: "a test"\n\`\`\`\n`;
const undone = `${step('deploy.rollback', 'app').replace('irreversible: "a test"', 'undo: { do: deploy.activate, with: { target: app, to: "{release.current}" } }')}
### Take it back {#take-back}
\`\`\`belay do belay.undo
with: { steps: [switch] }
\`\`\`
`;
const RUNBOOKS = {
  forward: inputs('forward') + step('deploy.activate', 'app'),
  back: inputs('back') + step('deploy.rollback', 'app'),
  stage: inputs('stage') + step('deploy.activate', 'staging'),
  'there-and-back': inputs('there-and-back') + undone,
};
const RELEASES = { v1: { smoke: 'well' }, v2: { smoke: 'well' }, v3: { smoke: 'broken' }, v4: { smoke: 'cut' } };

async function shop() {
  const one = await playFiles({ system: SYSTEM, runbooks: RUNBOOKS, files: { 'smoke.cjs': SUITE } });
  const { folder, world, clock } = one;
  const link = (root: string, release: string): void => {
    const place = path.join(folder, root);
    symlinkSync(path.join('releases', release), path.join(place, 'next'));
    renameSync(path.join(place, 'next'), path.join(place, 'current'));
  };
  for (const root of ['service', 'staging']) {
    writeReleases(folder, RELEASES, root);
    link(root, 'v1');
  }
  const detector = createDetector({
    ...{ system: world.system, store: world.signals, time: world.time, sources: [] },
    ...{ onTransition: () => undefined, onError: (error) => one.trouble.push(error) },
  });
  const watches = createDeployWatches({ ...world, readings: detector.readings });
  /** What the loop of a running Belay does, for a while. */
  const look = async (turns = 1): Promise<void> => {
    for (let turn = 0; turn < turns; turn += 1) {
      await clock.during(Promise.all(watches.map((watch) => watch())));
      await clock.advance(10_000);
    }
  };
  await look();
  const tested = (): readonly string[] =>
    existsSync(path.join(folder, 'tested')) ? readFileSync(path.join(folder, 'tested'), 'utf8').trim().split('\n') : [];
  const live = (root: string): string => path.basename(readlinkSync(path.join(folder, root, 'current')));
  /** A person's run, to its end or to the question that it asks. */
  const started = async (runbook: string, to: string) => {
    const { id } = await one.run(runbook, { to });
    await clock.advanceUntil(async () => {
      const incident = await world.incidents.load(id);
      return incident?.isRunning !== true || Object.keys(incident.tasks).length > 0;
    }, 10 * MINUTE);
    return world.incidents.load(id);
  };
  const raised = async () => (await world.incidents.list()).filter((incident) => incident.trigger !== null);
  const rows = async (target: string) =>
    Object.fromEntries((await clock.during(releasesOf(world, target))).releases.map(({ ref, smoke }) => [ref, smoke]));
  return { ...one, look, tested, live, link, started, raised, rows };
}

describe('staging before production', () => {
  it('a release that nobody saw pass on staging is refused in the plan and at the act, with what to do; once it passed there it goes live [S3-PO-01]', async () => {
    const one = await shop();
    const plan = await one.plan('forward', { to: 'v2' });
    expect(plan.unknowns).toEqual([
      {
        step: 'switch',
        why: 'release v2 may not go live on app: nobody has seen it pass on staging; put it live on staging and let its smoke test pass first (belay releases staging shows it). A rollback to an earlier release is free',
      },
    ]);
    expect(plan.steps[0]).toMatchObject({ effect: 'unknown' });
    await one.started('stage', 'v2');
    expect(one.live('staging')).toBe('v2');
    // It is live there, and nothing has been tested yet.
    expect((await one.plan('forward', { to: 'v2' })).unknowns).toHaveLength(1);
    await one.look();
    expect(one.tested()).toContain('staging v2');
    expect(await one.rows('staging')).toMatchObject({ v2: 'pass', v3: null });
    const now = await one.plan('forward', { to: 'v2' });
    expect([now.unknowns, now.steps[0]?.notes]).toEqual([[], ['staged-first', 'smoked-after']]);
    expect((await one.started('forward', 'v2'))?.steps['switch']).toMatchObject({ status: 'done' });
    expect(one.live('service')).toBe('v2');
  });

  it('one that failed there, or whose test broke off, does not go live, also where it once passed and fails only after the plan [S3-PO-01]', async () => {
    const one = await shop();
    for (const [release, said] of [
      ['v3', /failed \(exit 1, 1 failed, 1 passed\)/],
      ['v4', /could not be told \(.*its plan is 9 tests, and 1 are told/],
    ] as const) {
      one.link('staging', release);
      await one.look(3);
      expect((await one.plan('forward', { to: release })).unknowns[0]?.why).toMatch(said);
      const incident = await one.started('forward', release);
      expect(incident?.steps['switch']?.status).not.toBe('done');
      expect(one.live('service')).toBe('v1');
    }
    one.link('staging', 'v2');
    await one.look();
    const action = one.world.actions['deploy.activate'];
    const args = { target: 'app', to: 'v2' };
    expect(await one.clock.during(action?.impossible(args) ?? Promise.reject(new Error('no action')))).toBeNull();
    // The same release once more on staging, and now it does not pass: what was planned before is refused at the act.
    writeFileSync(path.join(one.folder, 'staging/releases/v2/smoke'), 'broken');
    one.link('staging', 'v1');
    await one.look();
    one.link('staging', 'v2');
    await one.look();
    const seen = await one.clock.during(action?.observe(args) ?? Promise.reject(new Error('no action')));
    await expect(
      one.clock.during(action?.act(args, { expected: seen.fingerprint, key: 'k', reason: 'r' }) ?? Promise.resolve()),
    ).rejects.toMatchObject({ code: 'BELAY_GUARD_REFUSED', effect: 'none' });
    expect(one.live('service')).toBe('v1');
  });

  it('never hinders going back to an older release', async () => {
    const one = await shop();
    one.link('service', 'v3');
    await one.look();
    expect((await one.plan('back', { to: 'v1' })).unknowns).toEqual([]);
    expect((await one.started('back', 'v1'))?.steps['switch']).toMatchObject({ status: 'done' });
    // A rollback by name only is a step forward all the same.
    expect((await one.plan('back', { to: 'v4' })).unknowns[0]?.why).toContain('may not go live on app');
  });

  it('does not let the release that was just rolled away from go live again without staging, but in the undo of that very run', async () => {
    const one = await shop();
    one.link('service', 'v2');
    await one.look();
    await one.started('back', 'v1');
    await one.look();
    expect((await one.plan('forward', { to: 'v2' })).unknowns[0]?.why).toContain(
      'release v2 may not go live on app: nobody has seen it pass',
    );
    expect((await one.started('forward', 'v2'))?.steps['switch']?.status).not.toBe('done');
    expect(one.live('service')).toBe('v1');
    one.link('service', 'v2');
    await one.look();
    const incident = await one.started('there-and-back', 'v1');
    expect(incident?.steps['take-back']).toMatchObject({ status: 'done' });
    expect((await one.world.incidents.events(incident?.id ?? '')).map((event) => event.type)).toContain('step.undone');
    expect(one.live('service')).toBe('v2');
  });

  it('does not let an undo bring back what failed on staging', async () => {
    const one = await shop();
    one.link('staging', 'v3');
    one.link('service', 'v3');
    await one.look();
    const incident = await one.started('there-and-back', 'v1');
    expect(incident?.steps['switch']).toMatchObject({ status: 'done' });
    const said = JSON.stringify(await one.world.incidents.events(incident?.id ?? ''));
    expect(said).toContain('release v3 may not go live on app: on staging its smoke test failed');
    expect(one.live('service')).toBe('v1');
  });
});

describe('a smoke test after each deploy', () => {
  it('is run by itself once after a deploy of Belay and after one from outside; only what does not pass opens an incident, which says what [S3-PO-02]', async () => {
    const one = await shop();
    expect(one.tested().toSorted()).toEqual(['service v1', 'staging v1']);
    one.link('staging', 'v2');
    await one.look();
    await one.started('forward', 'v2');
    await one.look(4);
    expect(one.tested().slice(2)).toEqual(['staging v2', 'service v2']);
    expect(await one.raised()).toEqual([]);
    // Somebody deploys past Belay.
    one.link('service', 'v3');
    await one.look(4);
    expect(one.tested().slice(4)).toEqual(['service v3']);
    await one.clock.advanceUntil(async () => (await one.raised()).length > 0, MINUTE);
    const [incident] = await one.raised();
    expect(incident).toMatchObject({ trigger: 'deploy-app', scope: { orgs: 'all' } });
    const events = await one.world.incidents.events(incident?.id ?? '');
    expect(events.find((event) => event.type === 'trigger.changed')?.data).toMatchObject({
      transition: {
        report: {
          by: 'belay',
          text: 'v3 went live on app without having passed on staging. The smoke test after the deploy of v3 to app failed: exit 1, 1 failed, 1 passed.',
        },
      },
    });
    // The rollback is followed by its own.
    await one.started('back', 'v2');
    await one.look(2);
    expect(one.tested().slice(5)).toEqual(['service v2']);
    expect(await one.rows('app')).toEqual({ v1: 'pass', v2: 'pass', v3: 'fail', v4: null });
  });

  it('that breaks off is tried three times and then told as what it is: not known, and no pass [S3-PO-02]', async () => {
    const one = await shop();
    one.link('staging', 'v4');
    await one.look(2);
    expect(await one.raised()).toEqual([]);
    await one.look(3);
    expect(one.tested().filter((line) => line === 'staging v4')).toHaveLength(3);
    await one.clock.advanceUntil(async () => (await one.raised()).length > 0, MINUTE);
    expect((await one.raised())[0]?.trigger).toBe('deploy-staging');
    expect(await one.rows('staging')).toMatchObject({ v4: 'inconclusive' });
  });

  it('says nothing of a release that was replaced while it ran', async () => {
    const one = await shop();
    writeFileSync(
      path.join(one.folder, 'smoke.cjs'),
      `${SUITE}\nif (release === 'v2') { fs.rmSync(root + '/current'); fs.symlinkSync('releases/v3', root + '/current'); }`,
    );
    one.link('staging', 'v2');
    await one.look();
    expect(one.tested().at(-1)).toBe('staging v2');
    expect(await one.rows('staging')).toMatchObject({ v2: null });
    await one.look();
    expect(await one.rows('staging')).toMatchObject({ v2: null, v3: 'fail' });
  });
});

it('what cannot be met or proves nothing is told by the lint, at its place', () => {
  const told = (deploys: string, more = '') =>
    folderOf({
      yaml: `${BELAY_YAML}targets:\n  app: { driver: release-directory, root: a }\n  staging: { driver: release-directory, root: b }\nsuites:\n  s: { argv: [a], against: staging }\n  p: { argv: [a], against: production }\n${more}policy:\n  deploys:\n    ${deploys}\n`,
      steps: '### Look\n- [ ] Seen\n',
    })
      .loaded()
      .diagnostics.filter((one) => one.severity === 'error')
      .map((one) => `${one.rule}: ${one.rule === 'wrong-type' ? (one.expected ?? '') : one.message}`);
  expect(told('app: { stagedOn: staging }')).toEqual(['deploy-policy: nothing is tested on staging, so nothing could ever go live on app']);
  expect(told('app: { stagedOn: app }')).toEqual(['deploy-policy: app cannot be its own staging target']);
  expect(told('app: { smoke: { suite: p } }')).toEqual([
    'smoke-readonly: the suite p may change things, and would be run after each deploy to production',
  ]);
  expect(told('app: { stagedOn: staging, smoke: { suite: s } }\n    staging: { smoke: { suite: s } }')).toEqual([
    'deploy-policy: the suite s is run against staging, and app is production',
  ]);
  expect(told('nowhere: { smoke: { synthetic: none } }')).toEqual([
    'unknown-target: there is no target nowhere',
    'unknown-synthetic: there is no synthetic none',
  ]);
  expect(told('app: {}')[0]).toBe('wrong-type: stagedOn, smoke, or both');
  expect(told('app: { smoke: { suite: s, synthetic: x } }')[0]).toBe('wrong-type: either { suite: <id> } or { synthetic: <id> }');
  const own = 'triggers:\n  deploy-app:\n    signal: { manual: { who: [commander], ask: Is it? } }\n    mode: armed\n';
  expect(told('app: { smoke: { suite: s } }', own)).toEqual([
    "deploy-policy: deploy-app is the name of a trigger of yours and of Belay's, for deploys of app",
  ]);
});
