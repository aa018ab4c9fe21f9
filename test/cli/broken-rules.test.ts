// A rule that is missing, or that cannot be read, is a mistake that somebody must mend: it never passes for a rule that holds.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { belay, temporaryFolder } from './belay.ts';

const YAML = `belay: 1
name: A shop
sources:
  shop: { driver: prometheus, url: "http://127.0.0.1:9/metrics", every: 1s }
signals:
  errors: { ratio: { bad: 'requests{code="500"}', all: requests }, sources: [shop] }
triggers:
  shop-errors:
    signal: errors
    breach: { above: 2%, over: 5m }
    clear: { below: 1%, for: 5m }
    mode: armed
`;
const RUNBOOK = `---
belay: 1
id: look
title: Look
triggers: [shop-errors]
---

# Look

## Look

### Look at it {#look}
- [ ] somebody looked
`;
const SCENE = `scenes:
  - name: At rest
    trigger: shop-errors
    traffic: { 0m: 60/min }
    expect: { 9m: ok }
`;
/** The file as it must not be; null: it is not there. */
type Spoilt = Readonly<Record<string, string | null>>;

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
  write({ 'belay.yaml': YAML, 'runbooks/look.runbook.md': RUNBOOK, 'tests/shop.scene.yaml': SCENE });
});
afterEach(() => folder.remove());

function write(files: Spoilt): void {
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder.path, name);
    if (text === null) rmSync(path);
    else {
      mkdirSync(join(path, '..'), { recursive: true });
      writeFileSync(path, text);
    }
  }
}

const inYaml = (from: string, to: string): Spoilt => ({ 'belay.yaml': YAML.replace(from, to) });

test('what the cases below spoil is in order before', async () => {
  expect((await belay(['lint'], { cwd: folder.path })).code).toBe(0);
  expect((await belay(['test'], { cwd: folder.path })).code).toBe(0);
});

/** Each command ends with 2 and names what is wrong. */
async function expectRefused(commands: readonly (readonly string[])[], named: string): Promise<void> {
  const ended = await Promise.all(commands.map((command) => belay(command, { cwd: folder.path, interruptAt: /Belay is up/ })));
  expect(ended.map((one, index) => ({ command: commands[index], code: one.code, named: `${one.out}${one.err}`.includes(named) }))).toEqual(
    commands.map((command) => ({ command, code: 2, named: true })),
  );
}

const up = () => ['up', '--port', '0', '--data', join(folder.path, 'data')];

test.each<[string, Spoilt, string]>([
  ['no belay.yaml', { 'belay.yaml': null }, 'belay.yaml'],
  ['a belay.yaml that is no YAML', { 'belay.yaml': 'triggers: {\n  - ]' }, 'belay.yaml'],
  ['no source of a signal', inYaml('sources: [shop]', 'sources: [gone]'), 'gone'],
  ['no signal of a trigger', inYaml('signal: errors', 'signal: gone'), 'gone'],
  ['neither window nor hold', inYaml(', over: 5m', ''), 'over'],
  ['no clear', inYaml('    clear: { below: 1%, for: 5m }\n', ''), 'clear'],
  ['a key that means nothing', inYaml('mode: armed', 'moed: armed'), 'moed'],
  ['no trigger of a runbook', { 'runbooks/look.runbook.md': RUNBOOK.replace('[shop-errors]', '[gone]') }, 'gone'],
])(
  'D14: %s is a configuration error: lint says so, and the server does not start',
  async (_what, spoilt, named) => {
    write(spoilt);
    await expectRefused([['lint', '.'], up()], named);
  },
  30_000,
);

test('D14: plans and scenes of a trigger without its limit are refused, too', async () => {
  write(inYaml('above: 2%, ', ''));
  await expectRefused([['test'], ['plan', 'look']], 'breach');
}, 30_000);

test('D14: a scene whose trigger is gone fails by name instead of passing', async () => {
  write({ 'tests/shop.scene.yaml': SCENE.replace('shop-errors', 'gone') });
  const ended = await belay(['test'], { cwd: folder.path });
  expect(ended.code).not.toBe(0);
  expect(`${ended.out}${ended.err}`).toContain('gone');
});
