// Scenes of runbooks: carried out whole, killed at one boundary after the other, and told where they do not hold. The runbook is that of the
// deploy scene; what its world lacks, each test says.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { DurableDisk } from '../../../src/adapters/virtual/durable-disk.ts';
import { loadAndLint } from '../../../src/config/lint.ts';
import { readScenes } from '../../../src/config/scenes.ts';
import { ACTIONS } from '../../../src/domain/catalog.ts';
import type { Runbook, Step } from '../../../src/domain/ir.ts';
import { judgeScene, type PlayedRun } from '../../../src/flows/rehearse/judge-scene.ts';
import { openRehearsal, type RehearsalOptions } from '../../../src/rehearsal-world.ts';
import { TOOLS } from '../../config/workspace.ts';
import { environmentOf } from '../../world/example-env.ts';
import { createFakeDigest } from '../../world/fakes/digest.ts';
import { SHOP } from '../../world/scenes/deploy.ts';
import { runbookOf, STEP, withStep } from '../../world/scenes/play.ts';
import { deployRunbook } from '../../world/scenes/runbook.ts';

const WELL = `    sees:
      - { probe: http, while: { shop: v1.0.0 }, values: { status: 200, ok: 10, tried: 10 } }
`;
const scene = (more: string, sees = WELL): string => `scenes:
  - name: The shop goes back
    runbook: deploy-rollback
    world: { targets: { shop: [v1.1.0, v1.0.0] } }
${sees}${more}
`;
const ENDS_WELL =
  '    expect: { ends: done, world: { shop: v1.0.0 }, effects: { freeze: 1, switch: 1 }, told: [initial, team], within: 2m }';

const APPROVE: Step = {
  ...STEP,
  ...{ kind: 'approve', id: 'yes', title: 'Yes?', from: ['commander'], min: 1, fourEyes: false, show: ['plan'], onTimeout: 'abort' },
};
/** Kept by the store itself. */
const SCOPE: Step = {
  ...STEP,
  ...{ kind: 'do', id: 'scope', title: 'Freeze', do: 'belay.freeze', with: { component: 'shop' }, verify: [] },
};
const withApproval = (): Runbook => runbookOf((steps) => [APPROVE, ...steps]);
const CHARGE: Step = {
  ...STEP,
  ...{ kind: 'run', id: 'charge', title: 'Charge', cmd: ['charge', '--all'], on: 'local', env: [], effect: 'once', codes: [0] },
};

function read(yaml: string, runbook: Runbook, system: typeof SHOP) {
  const { runbookScenes, diagnostics } = readScenes('tests/x.scene.yaml', yaml, system, [runbook]);
  expect(diagnostics).toEqual([]);
  const [one] = runbookScenes;
  if (one === undefined) throw new Error('no scene was read');
  return one;
}

interface Playing {
  readonly runbook?: Runbook;
  readonly actions?: RehearsalOptions['actions'];
  readonly system?: typeof SHOP;
  /** At so many boundaries; at every one, if not given. */
  readonly most?: number;
}

async function play(yaml: string, o: Playing = {}): Promise<PlayedRun> {
  const { runbook = deployRunbook(), actions, system = SHOP, most } = o;
  const runbooks = { [runbook.id]: { runbook, irHash: createFakeDigest().of(runbook as never) } };
  const open = openRehearsal({ system, runbooks, ...(actions === undefined ? {} : { actions }) });
  return judgeScene(read(yaml, runbook, system), { open, everyBoundary: most === undefined, ...(most === undefined ? {} : { most }) });
}

describe('a scene of a runbook', () => {
  test('holds when its run comes to the end that it tells, and killed at every boundary comes to the same', async () => {
    const runbook = runbookOf((steps) => [SCOPE, ...steps.slice(1, 4)]);
    const ends = '    expect: { ends: done, world: { shop: v1.0.0 }, effects: { scope: 1, freeze: 1, switch: 1 } }';
    const played = await play(scene(ends), { runbook });
    expect(played.unlike).toBeNull();
    expect([played.ok, played.wrong, played.calm.twice]).toEqual([true, [], []]);
    expect(played.boundaries).toBeGreaterThan(50);
    expect(played.killed).toBe(played.boundaries);
  });

  test('is the same each time that it is played, down to the boundaries at which it is killed', async () => {
    const [one, other] = [await play(scene(ENDS_WELL), { most: 5 }), await play(scene(ENDS_WELL), { most: 5 })];
    expect(other).toEqual(one);
    expect(one.killed).toBe(5);
  });

  test('says each thing that is not as it expects, with its place, and is not killed then', async () => {
    const wrong =
      '    expect: { ends: stopped, steps: { watch: failed }, world: { shop: v9 }, effects: { switch: 2 }, told: clients, within: 1s }';
    const system = { ...SHOP, audiences: [...SHOP.audiences, { ...SHOP.audiences[0], id: 'clients' }] } as typeof SHOP;
    const played = await play(scene(wrong), { system });
    expect([played.ok, played.killed]).toEqual([false, 0]);
    expect(played.wrong.map(({ what, expected, found, line, column }) => [what, expected, found, line, column])).toEqual([
      ['ends', 'stopped', 'done', 7, 21],
      ['steps.watch', 'failed', 'done', 7, 46],
      ['world.shop', 'v9', 'v1.0.0', 7, 71],
      ['effects.switch', '2', '1', 7, 96],
      ['told', 'clients', 'initial to team, stabilised to team', 7, 107],
      ['within', '1000', expect.stringMatching(/^1\d{4}$/), 7, 124],
    ]);
  });

  test('that does not tell what a check sees ends with the question to people, and says which line is missing', async () => {
    const played = await play(scene('    expect: { ends: asks answers }', ''), { most: 3 });
    expect(played.ok).toBe(true);
    expect(played.calm.untold).toEqual([{ probe: 'http', with: { url: 'http://shop/' }, names: expect.arrayContaining(['status', 'ok']) }]);
  });
});

describe('the scenes of runbooks of the examples', () => {
  test.each(['crm-backend', 'instagram-dm', 'sdr-analytics'])('of %s hold, killed or not', async (example) => {
    const folder = path.join(import.meta.dirname, '../../../examples', example);
    const env = environmentOf(readFileSync(path.join(folder, 'belay.yaml'), 'utf8'));
    const { system, runbooks } = loadAndLint(folder, { ...TOOLS, driverProblem: () => null, env });
    if (system === null) throw new Error(`${example} cannot be read`);
    const pinned = Object.values(runbooks).map(({ runbook }) => [runbook.id, { runbook, irHash: createFakeDigest().of(runbook as never) }]);
    const yaml = readFileSync(path.join(folder, 'tests/runbooks.scene.yaml'), 'utf8');
    const { runbookScenes, diagnostics } = readScenes(
      'x.scene.yaml',
      yaml,
      system,
      Object.values(runbooks).map((one) => one.runbook),
    );
    expect(diagnostics).toEqual([]);
    const open = openRehearsal({ system, runbooks: Object.fromEntries(pinned) });
    for (const one of runbookScenes) {
      const { wrong, unlike, ok } = await judgeScene(one, { open, everyBoundary: false, most: 3 });
      expect([one.name, wrong, unlike, ok]).toEqual([one.name, [], null, true]);
    }
    expect(runbookScenes.length).toBeGreaterThan(0);
  });
});

describe('what goes wrong in it', () => {
  /** Remembers what it did in its own life alone, and so does it again in the next one. */
  const forgetful = (_disk: DurableDisk) => {
    let isDone = false;
    return {
      'deploy.rollback': {
        spec: ACTIONS['deploy.rollback'] as never,
        compareAndSet: () => 'none' as const,
        target: () => 'forgetful',
        observe: async () => ({ current: '', desired: 'done', fingerprint: 'same', reached: isDone }),
        act: async () => {
          isDone = true;
        },
        impossible: async () => null,
        lastChange: async () => null,
      },
    };
  };

  test('an action that is not safe to repeat is found by the kill right behind it, by its name', async () => {
    const sees = '    sees: [{ probe: http, values: { status: 200, ok: 10, tried: 10 } }]\n';
    const runbook = runbookOf((steps) => steps.slice(2, 4));
    const played = await play(scene('    expect: { ends: done, effects: { switch: 1 } }', sees), { runbook, actions: forgetful });
    expect(played.wrong).toEqual([]);
    expect([played.ok, played.unlike]).toMatchObject([
      false,
      { what: 'effects.switch', expected: '1', found: '2', name: 'act:switch:after' },
    ]);
  });

  test.each([
    ['refuses', 'stopped', 'v1.1.0', 0],
    ['lies', 'stopped', 'v1.1.0', 0],
    ['drops', 'done', 'v1.0.0', 1],
    ['stalls', 'done', 'v1.0.0', 1],
  ])('a target that %s leaves a run that is %s, killed or not', async (how, ends, release, count) => {
    const expected = `    faults: { switch: ${how} }\n    expect: { ends: ${ends}, world: { shop: ${release} }, effects: { switch: ${count} } }`;
    const played = await play(scene(expected), { most: 8 });
    expect([played.ok, played.wrong, played.unlike]).toEqual([true, [], null]);
  });

  test('a target that refuses once is asked again as often as the step allows, and a kill uses up no refusal', async () => {
    const runbook = withStep('switch', { retry: { max: 2, everyMs: 1_000, backoff: 'fixed' }, timeoutMs: 60_000 });
    const once = '    faults: { switch: { refuses: 1 } }\n    expect: { ends: done, effects: { switch: 1 } }';
    const played = await play(scene(once), { runbook, most: 10 });
    expect([played.ok, played.wrong, played.unlike]).toEqual([true, [], null]);
    const twice = once.replace('refuses: 1', 'refuses: 2').replace('done', 'stopped').replace('switch: 1 }', 'switch: 0 }');
    const stopped = await play(scene(twice), { runbook, most: 3 });
    expect([stopped.ok, stopped.wrong, stopped.unlike]).toEqual([true, [], null]);
  });
});

describe('the people of a scene', () => {
  test.each([
    ['approve', 'done', 1],
    ['deny', 'stopped', 0],
    ['{ by: ana }', 'done', 1],
  ])('who say %s end a run that waits for a yes as %s', async (says, ends, count) => {
    const told = `    people: { yes: ${says} }\n    expect: { ends: ${ends}, effects: { switch: ${count} } }`;
    const played = await play(scene(told), { runbook: withApproval(), most: 6 });
    expect([played.ok, played.wrong, played.unlike]).toEqual([true, [], null]);
  });

  test('who are not told for a step leave it asking, and nobody answers for them', async () => {
    const asking = await play(scene('    expect: { ends: asks yes, effects: { switch: 0 } }'), { runbook: withApproval(), most: 4 });
    expect([asking.ok, asking.wrong, asking.unlike]).toEqual([true, [], null]);
    const nobody = await play(scene('    people: { yes: nobody }\n    kills: none\n    expect: { ends: stopped }'), {
      runbook: runbookOf((steps) => [{ ...APPROVE, timeoutMs: 600_000 } as Step, ...steps]),
    });
    expect([nobody.ok, nobody.wrong, nobody.killed]).toEqual([true, [], 0]);
  });

  test('look up in the world whether a command that must not run twice has run, and it runs once', async () => {
    const commands = { charge: { cmd: ['charge', '--all'], on: 'local', env: [] } };
    const system = { ...SHOP, policy: { run: { runbooks: {}, commands, env: {}, hosts: {} } } } as typeof SHOP;
    const runbook = runbookOf((steps) => [...steps.slice(2, 3), CHARGE]);
    const played = await play(scene('    expect: { ends: done, effects: { charge: 1 } }'), { runbook, system });
    expect([played.wrong, played.unlike, played.ok]).toEqual([[], null, true]);
  });
});

describe('a file with scenes of runbooks', () => {
  const told = (yaml: string) =>
    readScenes('x.scene.yaml', yaml, SHOP, [deployRunbook()]).diagnostics.map((one) => [one.line, one.column, one.message]);

  test.each([
    ['an unknown runbook', scene(ENDS_WELL).replace(': deploy-rollback', ': deploy-rolback'), 3, 14, 'there is no runbook deploy-rolback'],
    ['an unknown target', scene(ENDS_WELL).replace('shop: [', 'shp: ['), 4, 25, 'belay.yaml has none of that name in targets: shp'],
    ['an unknown probe', scene(ENDS_WELL).replace('probe: http', 'probe: htp'), 6, 9, 'there is no probe htp'],
    [
      'an unknown step of people',
      scene(`    people: { swtch: approve }\n${ENDS_WELL}`),
      7,
      15,
      'people: the runbook has no such step: swtch',
    ],
    [
      'a step that does nothing and is to fail',
      scene(`    faults: { watch: lies }\n${ENDS_WELL}`),
      7,
      15,
      'faults: the runbook has no such step: watch',
    ],
    ['an unknown fault', scene(`    faults: { switch: sleeps }\n${ENDS_WELL}`), 7, 23, 'faults.switch is "sleeps"'],
    ['an unknown person', scene(`    people: { switch: { by: bob } }\n${ENDS_WELL}`), 7, 13, 'belay.yaml has no person bob'],
    ['an unknown end', scene('    expect: { ends: well }'), 7, 21, 'ends is "well"'],
    ['an end that asks an unknown step', scene('    expect: { ends: asks nobody }'), 7, 13, 'ends: the runbook has no step nobody'],
    ['an unknown status', scene('    expect: { steps: { switch: fine } }'), 7, 32, 'steps.switch is "fine"'],
    ['an unknown audience', scene('    expect: { told: press }'), 7, 13, 'told: press is no audience and no template'],
    ['an input that the runbook does not take', scene(`    org: acme\n${ENDS_WELL}`), 3, 14, 'deploy-rollback takes no input org'],
    ['nothing that is expected', scene('    expect: {}'), 7, 13, 'a scene that expects nothing proves nothing'],
    [
      'a live release that is none',
      scene(ENDS_WELL).replace('[v1.1.0, v1.0.0]', '{ releases: [a], live: b }'),
      4,
      31,
      'b is live and none of the releases',
    ],
  ])('with %s is told with line and column', (_what, yaml, line, column, message) => {
    expect(told(yaml)).toContainEqual([line, column, message]);
    expect(readScenes('x.scene.yaml', yaml, SHOP, [deployRunbook()]).runbookScenes).toEqual([]);
  });
});
