// Runbook files, as people write them, on a real repository and the service that a push deploys to: linted, planned without a trace,
// carried out. The judge is what the service serves.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createCel } from '../../../src/adapters/cel/index.ts';
import { createWorkingCopies } from '../../../src/adapters/git/index.ts';
import { systemTime } from '../../../src/adapters/system/index.ts';
import { DurableDisk } from '../../../src/adapters/virtual/durable-disk.ts';
import { createVirtualJournal } from '../../../src/adapters/virtual/journal.ts';
import { KillSwitch } from '../../../src/adapters/virtual/kill-switch.ts';
import { createVirtualPause } from '../../../src/adapters/virtual/pause.ts';
import type { DoStep } from '../../../src/domain/ir.ts';
import { stepsOf } from '../../../src/domain/ir.ts';
import type { Json } from '../../../src/domain/json.ts';
import { createActions } from '../../../src/flows/actions/index.ts';
import { choose } from '../../../src/flows/decide.ts';
import { performDo } from '../../../src/flows/do.ts';
import { makePlan } from '../../../src/flows/plan.ts';
import { createProbes } from '../../../src/flows/probes/index.ts';
import { openParts } from '../../../src/local.ts';
import { openTargets } from '../../../src/registry.ts';
import { lintFolder, told, workspace } from '../../config/workspace.ts';
import { createFakeDigest } from '../../world/fakes/digest.ts';
import { type GitHost, type GitHostOptions, startGitHost, startSshHost, whyNoSshd } from '../../world/parts/git-host.ts';
import { depsIn } from './hosts.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function hosted(options: GitHostOptions = {}): Promise<GitHost> {
  const host = await startGitHost(options);
  closing.push(host.close);
  await host.deploy('v1.1.0');
  return host;
}

interface Written {
  readonly target: string;
  readonly require?: string;
  readonly steps: string;
}

/** The folder with one runbook, read and linted; `plan` looks only, `play` acts. */
function runbookOf(host: GitHost, { target, require = '[]', steps }: Written) {
  const system = `belay: 1
name: App
components: { app: { title: App, url: ${host.service} } }
people: { ana: { name: Ana, roles: [commander] } }
roles: [commander]
network: { allow: ["127.0.0.1"] }
targets:
  app: { component: app, driver: git, ${target} }
`;
  const runbook = `---\nbelay: 1\nid: back\nrequire: ${require}\n---\n\n# Back\n\n## Act\n\n${steps}`;
  const folder = workspace({ 'belay.yaml': system, 'runbooks/back.runbook.md': runbook, 'runbooks/base.runbook.md': null });
  const loaded = lintFolder(folder);
  const plan = async () => {
    const dataDir = mkdtempSync(path.join(tmpdir(), 'belay-git-data-'));
    closing.push(async () => rmSync(dataDir, { recursive: true, force: true }));
    if (loaded.system === null || loaded.runbooks['back'] === undefined) throw new Error(told(loaded).join('\n'));
    const parts = await openParts({ system: loaded.system, baseDir: folder, dataDir });
    const { runbook: ir } = loaded.runbooks['back'];
    const pinned = { runbook: ir, irHash: parts.plan.digest.of(ir as unknown as Json) };
    return makePlan(parts.plan, pinned, { inputs: {}, incident: { id: 'INC-7' }, outputs: {} });
  };
  return { folder, loaded, plan, play: () => play(host, { folder, loaded, plan }) };
}

async function play(host: GitHost, { folder, loaded, plan }: Omit<ReturnType<typeof runbookOf>, 'play'>) {
  const planned = await plan();
  if (loaded.system === null || loaded.runbooks['back'] === undefined) throw new Error('it does not lint');
  const { http, processes } = depsIn(folder);
  const deps = { time: systemTime, processes, http, baseDir: folder };
  const targets = openTargets(loaded.system, deps);
  const [disk, kill] = [new DurableDisk(), new KillSwitch()];
  const pause = createVirtualPause({ disk, kill, time: systemTime });
  const ports = { http, readings: null as never, targets, switches: {}, workingCopies: createWorkingCopies(deps) };
  const world = {
    journal: createVirtualJournal({ digest: createFakeDigest(), disk, kill }),
    pause,
    engine: { mayAct: async () => true } as never,
    time: systemTime,
    probes: createProbes(ports),
    expression: createCel(),
  };
  const actions = createActions({ targets, switches: {}, pause });
  const outcomes = [];
  for (const step of stepsOf(loaded.runbooks['back'].runbook).filter((one): one is DoStep => one.kind === 'do')) {
    const [action, of] = [actions[step.do], planned.steps.find((one) => one.id === step.id)];
    if (action === undefined || of?.args === undefined) throw new Error(`${step.id} is not planned: ${JSON.stringify(planned.unknowns)}`);
    const ids = {
      key: `run/${step.id}#1`,
      run: 'run',
      incident: 'INC-7',
      step: step.id,
      attempt: 1,
      reason: 'INC-7',
      actor: 'belay',
      earlier: [],
    };
    const lookup = (parts: readonly string[]) => (parts.join('.') === 'component.app.url' ? host.service : undefined);
    outcomes.push(
      await performDo(world, {
        action,
        args: of.args,
        verify: step.verify,
        lookup,
        timeoutMs: 20_000,
        expected: of.expected ?? null,
        ...ids,
      }),
    );
  }
  return { planned, outcomes };
}

const STEP = (block: string): string => `### Act {#act}\n\n\`\`\`belay ${block}\n\`\`\`\n`;
const UNDO = 'undo: { do: deploy.activate, with: { target: app, to: "{release.current}" } }';
const SERVES = (text: string): string =>
  `verify: [{ probe: http, with: { url: "{component.app.url}", contains: "${text}" }, expect: "found" }]`;

describe('a runbook file', () => {
  it('finds the release before the live one and puts it back by a push, and the service is built again with it [S3-ST-08, S1-ST-01, S1-SY-01]', async () => {
    const host = await hosted({ buildSeconds: 1 });
    const made = runbookOf(host, {
      target: `remote: ${host.url}, versionUrl: "${host.service}/version"`,
      steps: STEP(`do deploy.rollback\nwith: { target: app, to: "{release.previous}" }\n${UNDO}\n${SERVES('v1.0.0')}`),
    });
    expect(told(made.loaded)).toEqual([]);
    const { planned, outcomes } = await made.play();
    expect(planned.steps[0]).toMatchObject({ args: { to: host.commits['v1.0.0'] }, compareAndSet: 'native', notes: ['rebuilds'] });
    expect(outcomes).toMatchObject([{ status: 'done', current: host.commits['v1.0.0'] }]);
    expect(await host.running()).toBe('v1.0.0');
    expect(await host.bare('log', '--format=%s', 'main')).toBe('Roll back to v1.0.0 (INC-7)\nThe second\nThe first');
  });

  it('finds the commits before the problem, and names one by its short form that the plan writes in full [S2-ST-01, S2-ST-02, S3-ST-03]', async () => {
    const host = await hosted();
    const good = await host.commit('Good', { 'app.txt': 'v1.2.0\n' });
    await host.commit('Bad', { 'app.txt': 'broken\n' });
    const made = runbookOf(host, {
      target: `remote: ${host.url}`,
      steps: STEP(`do deploy.rollback\nwith: { target: app, to: "${good.slice(0, 10)}" }\n${UNDO}\n${SERVES('v1.2.0')}`),
    });
    const system = made.loaded.system;
    const listed = system === null ? [] : await openTargets(system, depsIn(made.folder))['app']?.list(5);
    expect(listed?.map((one) => [one.version, one.status])).toEqual([
      [expect.stringMatching(/^[0-9a-f]{12}$/), 'live'],
      [good.slice(0, 12), 'available'],
      ['v1.1.0', 'available'],
      ['v1.0.0', 'available'],
    ]);
    const { planned, outcomes } = await made.play();
    expect(planned.steps[0]?.args).toEqual({ target: 'app', to: good });
    expect(outcomes).toMatchObject([{ status: 'done' }]);
    expect(await host.running()).toBe('v1.2.0');
  });

  it('takes one bad commit back and keeps what came after it [S2-ST-23, S3-ST-04, S3-SY-02]', async () => {
    const host = await hosted();
    const bad = await host.commit('Bad', { 'lib/shared.txt': 'one\nBAD\nthree\n' });
    await host.commit('Good after it', { 'app.txt': 'v1.2.0\n' });
    const made = runbookOf(host, {
      target: `remote: ${host.url}, versionUrl: "${host.service}/version"`,
      steps: STEP(`do deploy.revert\nwith: { target: app, commit: "${bad.slice(0, 12)}" }\n${UNDO}\n${SERVES('v1.2.0')}`),
    });
    expect(told(made.loaded)).toEqual([]);
    const { outcomes } = await made.play();
    expect(outcomes).toMatchObject([{ status: 'done', current: `without ${bad.slice(0, 12)}` }]);
    expect(await host.bare('show', 'main:lib/shared.txt')).toBe('one\ntwo\nthree');
    const again = await made.plan();
    expect(again.steps[0]).toMatchObject({ effect: 'noop' });
  });

  it('that rewrites history is warned of at its line, planned with a note, and never begins by itself [S3-GU-10, S3-ST-05, S2-SY-06]', async () => {
    const host = await hosted();
    const step = STEP(`do deploy.rollback\nwith: { target: app, to: v1.0.0 }\nirreversible: "history is rewritten"`);
    const gentle = runbookOf(host, { target: `remote: ${host.url}`, steps: step });
    expect(told(gentle.loaded)).toEqual([]);
    const made = runbookOf(host, { target: `remote: ${host.url}, rewrite: true`, steps: step.replace(/irreversible.*/, UNDO) });
    expect(told(made.loaded)).toEqual(['back.runbook.md:14 force-push (warning)', 'back.runbook.md:15 force-push (warning)']);
    const { planned, outcomes } = await made.play();
    expect(planned.steps[0]?.notes).toEqual(['rebuilds', 'rewrites-history']);
    expect(choose('auto', planned, [])).toEqual({ choice: 'ask', reason: 'rewrites-history' });
    expect(choose('auto', { ...planned, steps: planned.steps.map(({ notes: _, ...one }) => one) }, []).choice).toBe('act');
    expect(outcomes).toMatchObject([{ status: 'done' }]);
    expect(await host.head()).toBe(host.commits['v1.0.0']);
  });

  it('wants a clean working copy on its branch, as new as the remote, and looking changes nothing in it [S3-GU-07]', async () => {
    const host = await hosted();
    const copy = path.join(host.dir, 'copy');
    const inCopy = (...args: readonly string[]) => host.git('-C', copy, ...args);
    await host.git('clone', '-q', host.url, copy);
    const made = runbookOf(host, {
      target: `remote: ${host.url}`,
      require: `[{ id: copy, text: A clean copy, probe: git, with: { dir: "${copy}" }, expect: 'clean && branch == "main" && ahead == 0 && behind == 0' }]`,
      steps: STEP(`do deploy.rollback\nwith: { target: app, to: v1.0.0 }\n${UNDO}`),
    });
    expect(told(made.loaded)).toEqual([]);
    const asked = async () => {
      const before = readdirSync(path.join(copy, '.git'), { recursive: true });
      const [guard] = (await made.plan()).guards;
      expect(readdirSync(path.join(copy, '.git'), { recursive: true })).toEqual(before);
      return guard;
    };
    expect(await asked()).toMatchObject({ guard: 'copy', answer: 'pass' });
    await host.commit('Somebody pushes', { 'app.txt': 'v3\n' });
    await host.commit('and again', { 'app.txt': 'v4\n' });
    expect(await asked()).toMatchObject({ answer: 'fail', facts: { values: { behind: 2, ahead: 0, clean: true } } });
    await inCopy('pull', '-q', '--ff-only');
    expect(await asked()).toMatchObject({ answer: 'pass' });
    await inCopy('commit', '-q', '--allow-empty', '-m', 'Mine');
    expect(await asked()).toMatchObject({ answer: 'fail', facts: { values: { behind: 0, ahead: 1 } } });
    await inCopy('reset', '-q', '--hard', 'HEAD~1');
    await inCopy('rm', '-q', 'app.txt');
    expect(await asked()).toMatchObject({ answer: 'fail', facts: { values: { clean: false } } });
    await inCopy('reset', '-q', '--hard');
    await inCopy('checkout', '-q', '--detach');
    expect(await asked()).toMatchObject({ answer: 'inconclusive' });
  });

  it.skipIf(whyNoSshd() !== null)('wants access over ssh, and does not begin without it [S3-GU-06, S3-SY-13]', async () => {
    const host = await hosted();
    const ssh = await startSshHost(host.repository);
    closing.push(ssh.close);
    const made = runbookOf(host, {
      target: `remote: "${ssh.url}", key: ${ssh.key}, hostKey: "${ssh.hostKey}"`,
      require: '[{ id: access, text: The host of the repository lets us in, probe: release, with: { target: app }, expect: "units > 0" }]',
      steps: STEP(`do deploy.rollback\nwith: { target: app, to: v1.0.0 }\n${UNDO}\n${SERVES('v1.0.0')}`),
    });
    expect(told(made.loaded)).toEqual([]);
    const { planned, outcomes } = await made.play();
    expect(planned.guards).toMatchObject([{ guard: 'access', answer: 'pass' }]);
    expect(outcomes).toMatchObject([{ status: 'done' }]);
    expect(await host.running()).toBe('v1.0.0');
    await ssh.close();
    expect((await made.plan()).guards).toMatchObject([{ guard: 'access', answer: 'inconclusive' }]);
  });
});
