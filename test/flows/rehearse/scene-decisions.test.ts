// Decisions of scenes: deploy marks and the rest of the world as they are told, through the decision of production, guard by guard.
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createCel } from '../../../src/adapters/cel/index.ts';
import { createDigest } from '../../../src/adapters/system/index.ts';
import { loadAndLint } from '../../../src/config/lint.ts';
import { readScenes } from '../../../src/config/scenes.ts';
import type { Runbook, Step } from '../../../src/domain/ir.ts';
import type { JsonObject } from '../../../src/domain/json.ts';
import type { OwnActionSpec } from '../../../src/domain/own-action.ts';
import type { System } from '../../../src/domain/system.ts';
import { playScene } from '../../../src/flows/rehearse/scene.ts';
import { TOOLS } from '../../config/workspace.ts';

const folder = path.resolve(import.meta.dirname, '../../../examples/first-rollback');
const loaded = loadAndLint(folder, { ...TOOLS, env: { SHOP_URL: 'http://127.0.0.1:1' } });
if (loaded.system === null) throw new Error(JSON.stringify(loaded.diagnostics));
const SHOP: System = { ...loaded.system, guards: { ...loaded.system.guards, cooldownMs: 30 * 60_000, perScopePerDay: 3 } };
const RUNBOOKS = Object.values(loaded.runbooks).map((one) => one.runbook);
const tools = {
  runbooks: Object.fromEntries(RUNBOOKS.map((runbook) => [runbook.id, { runbook, irHash: runbook.id }])),
  digest: createDigest(''),
  expression: createCel(),
};

/** A minute of good traffic; then one organization, or all, fail. */
const scene = (o: { readonly happens?: string; readonly decide: string; readonly traffic?: string; readonly bad?: string }): string =>
  `scenes:
  - name: a scene
    trigger: http-5xx
    traffic:
      0s: 600/min
      60s: ${o.bad ?? '600/min 50%'}
${o.traffic ?? ''}
    happens:
      -3d: [deploy v1 to shop, set checkout to stable]
${o.happens ?? '      55s: [deploy v2 to shop, set checkout to next]'}
    decide:
${o.decide}
`;

async function play(yaml: string, system: System = SHOP) {
  const { scenes, diagnostics } = readScenes('tests/x.scene.yaml', yaml, system, RUNBOOKS);
  expect(diagnostics).toEqual([]);
  const [one] = scenes;
  if (one === undefined) throw new Error('no scene was read');
  return playScene(system, one, tools);
}

/** What is decided for ACME after 80 seconds. */
async function found(o: Parameters<typeof scene>[0] | Omit<Parameters<typeof scene>[0], 'decide'>, system = SHOP): Promise<string> {
  const played = await play(scene({ decide: '      80s: { acme: nothing }', ...o }), system);
  return played.moments[0]?.found ?? '';
}

describe('a deploy mark', () => {
  test('before a breach of everybody is rolled back by name, as the runbook says', async () => {
    const played = await play(scene({ decide: '      50s: nothing\n      80s: rolls back shop to v1' }));
    expect(played.moments.map((one) => [one.scope, one.expected, one.found, one.ok])).toEqual([
      ...['acme', 'globex', 'initech'].map((scope) => [scope, 'nothing', 'nothing', true]),
      ...['acme', 'globex', 'initech'].map((scope) => [scope, 'rolls back shop to v1', 'rolls back shop to v1', true]),
    ]);
  });

  test('of one organization that breaks puts its flow back, and nothing is decided for the others', async () => {
    const played = await play(
      scene({ bad: '{ acme: 600/min 50% }', decide: '      80s: { acme: sets checkout to stable, globex: nothing, initech: nothing }' }),
    );
    expect(played.moments.map((one) => [one.scope, one.found, one.ok])).toEqual([
      ['acme', 'sets checkout to stable', true],
      ['globex', 'nothing', true],
      ['initech', 'nothing', true],
    ]);
  });

  test('that is missing leaves the plan open, and that is said', async () => {
    const yaml = scene({ decide: '      80s: asks' }).replace('deploy v1 to shop, ', '').replace('deploy v2 to shop, ', '');
    const [moment] = (await play(yaml)).moments;
    expect([moment?.ok, moment?.found]).toEqual([
      true,
      'asks because G2 not-restorable, fleet-uniform the scene does not say what target shop runs',
    ]);
  });
});

describe('the guards of production answer for a scene', () => {
  test.each([
    ['G2: nothing changed within the hour', { happens: '      -2d: deploy v2 to shop' }, 'asks because G2 no-recent-change'],
    ['G2: the way back is gone', { happens: '      55s: deploy v2 to shop without a way back' }, 'asks because G2 not-restorable'],
    ['G2: it changed after the breach', { happens: '      75s: deploy v2 to shop' }, 'asks because G2 changed-after-breach'],
    [
      'G7: it was rolled back ten minutes ago',
      { happens: '      -10m: roll back shop from v3 to v1\n      55s: deploy v2 to shop' },
      'asks because G7 cooling-down',
    ],
    [
      'G7: it would go back to what a rollback has left',
      { happens: '      -2h: roll back shop from v1 to v0\n      55s: deploy v2 to shop' },
      'asks because G7 back-to-what-was-left',
    ],
    ['G6: few users are hit', { happens: '      55s: [deploy v2 to shop, 1 of 200 users are hit]' }, 'asks because G6 too-few'],
    ['G8: the source is dead', { traffic: '      70s: { source: dead }' }, 'asks because G1 unknown, G6 no-data, G8 source-dead'],
    ['G9: Belay is paused', { happens: '      55s: [deploy v2 to shop, pause]' }, 'asks because G9 paused'],
    ['G9: a window of maintenance', { happens: '      55s: [deploy v2 to shop, maintenance for 1h]' }, 'asks because G9 restricted'],
    [
      'the runbook: its own guard fails',
      { happens: '      55s: [deploy v2 to shop, guard fleet-uniform fails]' },
      'refuses because fleet-uniform not false',
    ],
    ['nothing: the window is over', { happens: '      -1m: silence for 90s\n      55s: deploy v2 to shop' }, 'rolls back shop to v1'],
    ['nothing: it was resumed', { happens: '      50s: pause\n      55s: deploy v2 to shop\n      70s: resume' }, 'rolls back shop to v1'],
  ])('%s is decided so', async (_what, o, decision) => {
    expect(await found(o)).toBe(decision);
  });

  test('G4: a provider that the component stands on is down, or cannot be asked', async () => {
    const components = SHOP.components.map((one) => ({ ...one, dependsOn: ['pay'] }));
    const pay = { id: 'pay', title: 'Payments', criticality: 'critical', dependsOn: [], downWhen: 'pay-down' } as const;
    const rule = SHOP.triggers[0];
    if (rule === undefined) throw new Error('the example has a trigger');
    const system: System = { ...SHOP, components: [...components, pay], triggers: [rule, { ...rule, id: 'pay-down' }] };
    const told = (state: string) => found({ happens: `      55s: [deploy v2 to shop, pay is ${state}]` }, system);
    expect([await told('down'), await told('unknown'), await told('well'), await found({}, system)]).toEqual([
      'asks because G4 upstream-down',
      'asks because G4 upstream-unknown',
      'rolls back shop to v1',
      'rolls back shop to v1',
    ]);
  });

  test('G10: the word of an unsigned sender asks, and is enough while another trigger confirms it', async () => {
    const rule = SHOP.triggers[0];
    const [signal, source] = [SHOP.signals[0], SHOP.sources[0]];
    if (rule === undefined || signal === undefined || source === undefined) throw new Error('the example has all of them');
    const system: System = {
      ...SHOP,
      sources: [
        { id: 'shop', driver: 'otlp', everyMs: 1_000, verify: 'none', corroboratedBy: 'seen' },
        { ...source, id: 'own' },
      ],
      signals: [signal, { ...signal, id: 'own', sources: ['own'] }],
      triggers: [rule, { ...rule, id: 'seen', signal: 'own', scope: 'all' }],
    };
    expect(await found({}, system)).toBe('asks because G10 unsigned');
    expect(await found({ happens: '      55s: [deploy v2 to shop, trigger seen is breached]' }, system)).toBe('rolls back shop to v1');
  });

  test('G5: one of two broken organizations out of three is not worse than the others; the same decision every time', async () => {
    const o = {
      bad: '{ acme: 600/min 50%, globex: 600/min 50% }',
      decide: '      80s: { acme: asks because G5 not-worse, initech: nothing }',
    };
    const once = await play(scene(o));
    expect(once.ok).toBe(true);
    expect((await play(scene(o))).moments).toEqual(once.moments);
  });

  test('a clock of the source that is half a minute behind, or ahead, changes nothing', async () => {
    expect(await found({ traffic: '      30s: { source: 30s behind }' })).toBe('rolls back shop to v1');
    expect(await found({ traffic: '      30s: { source: 30s ahead }' })).toBe('rolls back shop to v1');
  });

  test('what is expected and is not so fails at its place, with the answers of the guards', async () => {
    const played = await play(scene({ decide: '      80s: { acme: asks because G7 }' }));
    const [moment] = played.moments;
    expect([played.ok, moment?.ok, moment?.line, moment?.column]).toEqual([false, false, 12, 20]);
    expect(moment?.guards?.find((one) => one.guard === 'G7')).toMatchObject({ answer: 'pass', reason: 'G7.no-loop' });
    const wrong = ['refuses', 'rolls back shop to v2', 'sets checkout to next', 'nothing', 'asks because no runbook', 'asks'];
    for (const decision of wrong) expect((await play(scene({ decide: `      80s: { acme: ${decision} }` }))).ok).toBe(false);
  });

  test('the tells of the same guard with another reason do not hold', async () => {
    const happens = '      -2d: deploy v2 to shop';
    expect((await play(scene({ happens, decide: '      80s: { acme: asks because G2 }' }))).ok).toBe(true);
    expect((await play(scene({ happens, decide: '      80s: { acme: asks because G2 not-restorable }' }))).ok).toBe(false);
  });
});

describe('a mistake is told with its line, and with what to write', () => {
  const told = (yaml: string) =>
    readScenes('x.scene.yaml', yaml, SHOP, RUNBOOKS).diagnostics.map((one) => [
      one.line,
      one.message,
      one.didYouMean ?? one.expected ?? '',
    ]);

  test.each([
    ['deploy v2 to shopp', 'there is no target shopp', 'shop'],
    ['deploy v2 on shop', 'what happens is "deploy v2 on shop"', 'deploy r42 to <target>'],
    ['set chekout to next', 'there is no switch chekout', 'checkout'],
    ['silence acmee for 1h', 'acmee is no organization of this scene', 'acme'],
    ['silence for long', 'long is no duration', '1h'],
    ['shop is down', 'nothing says when shop is down', ''],
    ['trigger http-5xx is breached', 'how http-5xx stands is what the scene plays', ''],
    ['trigger http-4xx is breached', 'there is no trigger http-4xx', 'http-5xx'],
    ['guard fleet-uniformm passes', 'there is no guard of a runbook fleet-uniformm', 'fleet-uniform'],
    ['9 of 3 users are hit', 'more are hit than there are: 9 of 3', ''],
  ])('happens: %s', (mark, message, meant) => {
    const [line, said, hint] = told(scene({ happens: `      55s: ${mark}`, decide: '      80s: acts' }))[0] ?? [];
    expect([line, said]).toEqual([10, message]);
    expect(hint).toContain(meant);
  });

  test.each([
    ['askes', 'the expected decision is "askes"', 'asks because G2'],
    ['asks because G12', 'there is no guard G12', 'G1'],
    ['asks because G2 not-restorabel', 'G2 never answers not-restorabel', 'not-restorable'],
    ['rolls back shup to v1', 'there is no target shup', 'shop'],
    ['sets checkout', 'the expected decision is "sets checkout"', 'sets <switch> to stable'],
  ])('decide: %s', (decision, message, meant) => {
    const [line, said, hint] = told(scene({ decide: `      80s: ${decision}` }))[0] ?? [];
    expect([line, said]).toEqual([12, message]);
    expect(hint).toContain(meant);
  });

  test('whatever stands there is read or refused, never thrown at', () => {
    const words = fc.constantFrom(
      'deploy',
      'v2',
      'to',
      'shop',
      'set',
      'asks',
      'because',
      'G2',
      'is',
      'down',
      'silence',
      'for',
      '1h',
      'rolls',
      'back',
    );
    const sentence = fc.oneof(
      fc.array(words, { maxLength: 6 }).map((all) => all.join(' ')),
      fc.string({ maxLength: 20 }),
    );
    fc.assert(
      fc.property(sentence, sentence, (mark, decision) => {
        const { scenes, diagnostics } = readScenes(
          'x.scene.yaml',
          scene({ happens: `      55s: ${mark}`, decide: `      80s: ${decision}` }),
          SHOP,
          RUNBOOKS,
        );
        expect(scenes.length === 0 || diagnostics.length === 0).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('integrations and actions of one’s own', () => {
  const own = (id: string): OwnActionSpec => ({
    id,
    params: { org: 'org' },
    headers: {},
    observe: { get: 'http://crm.invalid/{org}' },
    reached: 'true',
    desired: 'frozen',
    act: { method: 'POST', url: 'http://crm.invalid/{org}', headers: {} },
    timeoutMs: 1_000,
  });
  const step = (id: string, action: string, args: JsonObject): Step =>
    ({
      kind: 'do',
      id,
      title: id,
      text: '',
      fail: { then: 'stop' },
      meets: [],
      evidence: [],
      do: action,
      with: args,
      verify: [],
      undo: { do: action, with: args },
    }) as Step;
  const mine = RUNBOOKS.find((one) => one.inputs['org'] !== undefined);
  if (mine === undefined) throw new Error('the example has a runbook for one organization');
  const runbook: Runbook = {
    ...mine,
    require: [],
    never: [],
    phases: [
      {
        ...{ id: 'all', title: 'All', text: '' },
        steps: [
          step('crm', 'crm.freeze', { org: '{org}' }),
          step('off', 'n8n.deactivate', { workflow: 'ig-v2-{org}' }),
          step('hold', 'intake.hold', { intake: 'dm', org: '{org}' }),
          ...mine.phases.flatMap((phase) => phase.steps).filter((one) => one.kind === 'do' && one.do === 'flow.set'),
        ],
      },
    ],
  };
  const system: System = { ...SHOP, actions: [own('crm.freeze')] };
  const decided = async (decide: string, happens = '') => {
    const marks = ['deploy v2 to shop', 'set checkout to next', ...(happens === '' ? [] : [happens])].join(', ');
    const yaml = scene({ bad: '{ acme: 600/min 50% }', happens: `      55s: [${marks}]`, decide: `      80s: { acme: ${decide} }` });
    const { scenes, diagnostics } = readScenes('tests/x.scene.yaml', yaml, system, [runbook]);
    expect(diagnostics).toEqual([]);
    const [one] = scenes;
    if (one === undefined) throw new Error('no scene was read');
    const played = await playScene(system, one, { ...tools, runbooks: { [runbook.id]: { runbook, irHash: runbook.id } } });
    return played.moments.map(({ ok, found }) => [ok, found])[0];
  };
  const ALL = 'does crm.freeze (acme) and does n8n.deactivate (ig-v2-acme) and does intake.hold (dm, acme) and sets checkout to stable';

  test('are among what a scene decides, each by its name or by what it is about', async () => {
    for (const wanted of ['does crm.freeze', 'does n8n.deactivate ig-v2-acme', 'does intake.hold acme', 'sets checkout to stable', 'acts'])
      expect(await decided(wanted)).toEqual([true, ALL]);
    expect(await decided('does n8n.deactivate ig-v2-globex')).toEqual([false, ALL]);
  });

  test('that were done are left alone, that of another organization is not, and one that nobody can tell of makes Belay ask', async () => {
    expect(await decided('does crm.freeze', 'crm.freeze acme was done')).toEqual([false, ALL.replace('does crm.freeze (acme) and ', '')]);
    expect(await decided('does crm.freeze', 'crm.freeze globex was done')).toEqual([true, ALL]);
    expect(await decided('asks', 'n8n.deactivate cannot be told')).toEqual([true, 'asks because unknown: off']);
  });

  test('that there are not, or of which a scene cannot tell, are named with those that there are', () => {
    for (const [happens, meant] of [
      ['crm.freze was done', 'crm.freeze'],
      ['db.down was done', undefined],
    ]) {
      const yaml = scene({ happens: `      55s: ${happens}`, decide: '      80s: acts' });
      const { diagnostics } = readScenes('tests/x.scene.yaml', yaml, system, [runbook]);
      expect(diagnostics).toMatchObject([{ rule: 'scene', line: 10, ...(meant === undefined ? {} : { didYouMean: meant }) }]);
    }
  });
});

test('a runbook that also turns a flag off and sets settings is decided as without them: a scene says nothing of these', async () => {
  const common = { text: '', fail: { then: 'stop' }, meets: [], evidence: [], kind: 'do', verify: [] } as const;
  const twice = (call: { readonly do: string; readonly with: JsonObject }) => ({ ...call, undo: call });
  const steps = [
    { ...common, id: 'flag-off', title: 'Off', ...twice({ do: 'flag.set', with: { flag: 'beta', to: false } }) },
    {
      ...common,
      id: 'cached',
      title: 'Cached',
      ...twice({ do: 'config.set', with: { config: 'app', set: { CACHE_MODE: 'aggressive' } } }),
    },
    { ...common, id: 'unset', title: 'Unset', ...twice({ do: 'config.unset', with: { config: 'app', keys: ['DEBUG'] } }) },
  ];
  const runbooks = Object.fromEntries(
    RUNBOOKS.map((runbook) => {
      const phases = [{ id: 'first', title: 'First', text: '', steps }, ...runbook.phases];
      return [runbook.id, { runbook: { ...runbook, phases }, irHash: runbook.id }];
    }),
  );
  const system: System = {
    ...SHOP,
    flags: [{ id: 'beta', driver: 'env-file', file: '.env', quoting: 'shell' }],
    config: [{ id: 'app', driver: 'env-file', file: '.env', quoting: 'shell' }],
  };
  const { scenes } = readScenes('tests/x.scene.yaml', scene({ decide: '      80s: rolls back shop to v1' }), system, RUNBOOKS);
  const [one] = scenes;
  if (one === undefined) throw new Error('no scene was read');
  const played = await playScene(system, one, { ...tools, runbooks });
  expect(played.moments.map((moment) => moment.found)).toEqual(['rolls back shop to v1', 'rolls back shop to v1', 'rolls back shop to v1']);
});
