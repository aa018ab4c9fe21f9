// Scenes: those of the examples hold, wrong expectations do not, mistakes in their files are told with their place.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createCel } from '../../../src/adapters/cel/index.ts';
import { createDigest } from '../../../src/adapters/system/index.ts';
import { loadAndLint } from '../../../src/config/lint.ts';
import { readScenes } from '../../../src/config/scenes.ts';
import type { System } from '../../../src/domain/system.ts';
import { playScene } from '../../../src/flows/rehearse/scene.ts';
import { TOOLS } from '../../config/workspace.ts';
import { environmentOf } from '../../world/example-env.ts';
import { ERRORS, system as shop, signal, trigger } from '../detect-world.ts';

const EXAMPLES = path.resolve(import.meta.dirname, '../../../examples');

function exampleOf(name: string) {
  const env = environmentOf(readFileSync(path.join(EXAMPLES, name, 'belay.yaml'), 'utf8'));
  const { system, runbooks, diagnostics } = loadAndLint(path.join(EXAMPLES, name), { ...TOOLS, driverProblem: () => null, env });
  if (system === null) throw new Error(JSON.stringify(diagnostics));
  const pinned = Object.values(runbooks).map(({ runbook }) => [runbook.id, { runbook, irHash: runbook.id }] as const);
  return {
    system,
    runbooks: pinned.map(([, one]) => one.runbook),
    tools: { runbooks: Object.fromEntries(pinned), digest: createDigest(''), expression: createCel() },
  };
}

const FIVE = { above: 0.02, overMs: 300_000, stillMs: 25_000, forMs: 0 };
const SHOP = shop({
  signals: [signal(ERRORS)],
  triggers: [trigger('ratio', { breach: FIVE, clear: { below: 0.01, forMs: 60_000 }, rearmMs: 60_000 })],
});

async function play(yaml: string, system: System = SHOP) {
  const { scenes, diagnostics } = readScenes('tests/x.scene.yaml', yaml, system);
  expect(diagnostics).toEqual([]);
  const [scene] = scenes;
  if (scene === undefined) throw new Error('no scene was read');
  return playScene(system, scene);
}

const scene = (more: string): string => `scenes:
  - name: a scene
    trigger: ratio
    organizations: [acme, globex]
    traffic:
      0m: 600/min
      10m: { acme: 600/min 10% }
      20m: { acme: 600/min }
${more}
`;

describe('the scenes of the examples', () => {
  const files = readdirSync(EXAMPLES).flatMap((example) => {
    const folder = path.join(EXAMPLES, example, 'tests');
    const found = readdirSync(path.join(EXAMPLES, example)).includes('tests') ? readdirSync(folder) : [];
    return (
      found
        .filter((file) => file.endsWith('.scene.yaml'))
        .map((file) => ({ example, file: path.join(folder, file) }))
        // Those that carry a runbook out ask no trigger: `belay test` plays them.
        .filter(({ file }) => !readFileSync(file, 'utf8').includes('\n    runbook: '))
    );
  });

  test('there is a file for each of the five runbooks', () => {
    expect([...new Set(files.map((one) => one.example))].sort()).toEqual([
      'agente-julia',
      'crm-backend',
      'instagram-dm',
      'sdr-analytics',
      'vocalcoach',
    ]);
  });

  test.each(files)('all scenes of $example hold', async ({ example, file }) => {
    const { system, runbooks, tools } = exampleOf(example);
    const { scenes, diagnostics } = readScenes(file, readFileSync(file, 'utf8'), system, runbooks);
    expect(diagnostics).toEqual([]);
    expect(scenes.length).toBeGreaterThan(1);
    for (const one of scenes) {
      const played = await playScene(system, one, tools);
      expect(
        played.moments.filter((moment) => !moment.ok).map((moment) => [one.name, moment.atMs, moment.scope, moment.expected, moment.found]),
      ).toEqual([]);
      expect(played.moments.length).toBeGreaterThan(0);
    }
    // Each says what is decided after a deploy (or a new flow), and which guard would have people asked.
    const marked = scenes.filter((one) => one.marks.some(({ what }) => what === 'deploy' || what === 'set'));
    expect(marked.flatMap((one) => one.decide).some(({ decision }) => 'because' in decision && decision.because !== null)).toBe(true);
  });
});

describe('a scene', () => {
  test('that expects what does not happen fails at that moment, and the others still hold', async () => {
    const played = await play(scene('    expect:\n      9m: ok\n      15m: { acme: ok, globex: ok }\n      40m: quiet\n    never: acts'));
    expect(played.ok).toBe(false);
    const wrong = played.moments.filter((one) => !one.ok);
    expect(wrong.map((one) => [one.expected, one.scope, one.found, one.line])).toEqual([
      ['never acts', 'acme', 'breached', 2],
      ['ok', 'acme', 'breached', 11],
    ]);
    expect(wrong[1]?.view).toMatchObject({ status: 'breached', level: 'act', overLimit: true });
    expect(played.moments.filter((one) => one.ok)).toHaveLength(5);
  });

  test('is judged by the rule: with another limit the same traffic is no trouble', async () => {
    const patient = { ...SHOP, triggers: [trigger('ratio', { breach: { ...FIVE, above: 0.5 } })] };
    expect((await play(scene('    expect: { 15m: { acme: breached } }'))).ok).toBe(true);
    expect((await play(scene('    never: [acts, asks]'), patient)).ok).toBe(true);
  });

  test('gives the same answer every time', async () => {
    const once = await play(scene('    expect: { 12m: quiet, 15m: quiet, 40m: quiet }'));
    expect(await play(scene('    expect: { 12m: quiet, 15m: quiet, 40m: quiet }'))).toEqual(once);
  });

  test('a hundred of them take seconds', async () => {
    const began = process.cpuUsage();
    for (let round = 0; round < 100; round += 1)
      expect((await play(scene('    expect: { 15m: { acme: breached, globex: ok } }'))).ok).toBe(true);
    const { user, system } = process.cpuUsage(began);
    expect((user + system) / 1e6).toBeLessThan(20);
  });
});

describe('a scene file', () => {
  const told = (yaml: string): readonly (readonly unknown[])[] =>
    readScenes('x.scene.yaml', yaml, SHOP).diagnostics.map((one) => [one.line, one.column, one.message]);

  test.each([
    [
      'an unknown trigger',
      scene('    never: acts').replace('trigger: ratio', 'trigger: ration'),
      3,
      14,
      'belay.yaml has no trigger ration',
    ],
    ['an unknown organization', scene('    expect: { 15m: { initech: ok } }'), 9, 22, 'initech is no organization of this scene'],
    ['an unknown state', scene('    expect: { 15m: broken }'), 9, 20, 'the expected state is "broken"'],
    ['a time that is none', scene('    expect: { later: ok }'), 9, 15, 'later cannot be a name in expect'],
    ['traffic that is none', scene('    never: acts').replace('600/min 10%', 'a lot'), 7, 20, 'acme is "a lot"'],
    ['nothing that is expected', scene(''), 2, 5, 'a scene that expects nothing proves nothing'],
    ['an unknown key', scene('    never: acts\n    expects: {}'), 10, 5, 'a scene knows no key expects'],
  ])('with %s is told with line and column', (_what, yaml, line, column, message) => {
    expect(told(yaml)).toContainEqual([line, column, message]);
    expect(readScenes('x.scene.yaml', yaml, SHOP).scenes).toEqual([]);
  });

  test('of any content is read or refused, never thrown at', () => {
    const word = fc.oneof(
      fc.constantFrom('scenes', 'name', 'trigger', 'ratio', 'traffic', '0m', '120/min 5%', 'none', '= 1', '9 of 3 fail', 'expect', 'all'),
      fc.string({ maxLength: 8 }),
    );
    const line = fc
      .tuple(fc.nat(4), fc.boolean(), word, word)
      .map(([indent, item, key, value]) => `${'  '.repeat(indent)}${item ? '- ' : ''}${key}: ${value}`);
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(line, { maxLength: 8 }).map((lines) => lines.join('\n')),
          fc.string({ maxLength: 60 }),
        ),
        (yaml) => {
          const { scenes, diagnostics } = readScenes('x.scene.yaml', yaml, SHOP);
          expect(scenes.length === 0 || diagnostics.length === 0).toBe(true);
        },
      ),
      { numRuns: 10_000 },
    );
  });
});
