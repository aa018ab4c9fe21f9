// The encrypted file: what is written is read again by its key alone, by Belay and by the program `age`; nothing of it is readable on the way.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { AGE } from '../../../scripts/lanes.ts';
import { findPart } from '../../../scripts/parts.ts';
import { createFileWriter } from '../../../src/adapters/file-writer/index.ts';
import { armoured, decrypted, encrypted, identityIn, NotOpened, unarmoured } from '../../../src/adapters/kept-file/age.ts';
import { createKeptFile } from '../../../src/adapters/kept-file/index.ts';
import { createProcesses } from '../../../src/adapters/process/index.ts';
import { AGE_KEY } from '../../world/scenes/julia.ts';

const SECRET = 'a-value-nobody-may-see';
const KEY = identityIn(AGE_KEY);

function here(identity = `# created\n${AGE_KEY}\n`) {
  const folder = mkdtempSync(path.join(tmpdir(), 'belay-kept-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(path.join(folder, 'key'), identity, { mode: 0o600 });
  const deps = { files: createFileWriter(), processes: createProcesses(), baseDir: folder };
  return { folder, at: (file: string) => createKeptFile({ path: file, identity: 'key' }, deps) };
}

test('what is written is read again, for its owner alone, and what was kept before stays beside it', async () => {
  const { folder, at } = here();
  const file = at('safe/api.age');
  expect(await file.read()).toBeNull();
  await file.write({ KEY: SECRET }, { before: null });
  await file.write({ KEY: 'another' }, { before: '20261128T030000000Z' });
  expect(await file.read()).toEqual({ KEY: 'another' });
  expect(await at('safe/api.age.20261128T030000000Z').read()).toEqual({ KEY: SECRET });
  for (const name of readdirSync(path.join(folder, 'safe'))) {
    const kept = path.join(folder, 'safe', name);
    expect([statSync(kept).mode & 0o777, readFileSync(kept, 'latin1').includes(SECRET)]).toEqual([0o600, false]);
  }
});

test.each([
  ['that others may read', (file: string) => chmodSync(file, 0o640), /may be read by others \(mode 640\)/],
  ['that was cut off', (file: string) => writeFileSync(file, readFileSync(file, 'latin1').slice(0, -60)), /cut off/],
  [
    'in which a byte was changed',
    (file: string) => writeFileSync(file, changed(readFileSync(file, 'latin1'))),
    /changed|not encrypted to this key|no file of age/,
  ],
  ['that is something else', (file: string) => writeFileSync(file, 'KEY=value\n'), /no text of age/],
] as const)('a file %s is refused in words that hold nothing of it', async (_what, harm, why) => {
  const { folder, at } = here();
  const file = at('api.age');
  await file.write({ KEY: SECRET }, { before: null });
  harm(path.join(folder, 'api.age'));
  const error: unknown = await file.read().catch((one: unknown) => one);
  expect(error).toMatchObject({ code: 'BELAY_TARGET_UNREACHABLE', effect: 'none', message: expect.stringMatching(why) as unknown });
  expect(String(error)).not.toContain(SECRET);
});

function changed(text: string): string {
  const at = text.length - 80;
  return `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`;
}

test.each([
  ['is not there', null, /age-keygen -o/],
  ['is none of age', 'ssh-ed25519 AAAA', /holds no line AGE-SECRET-KEY/],
  ['has a slip of the pen', AGE_KEY.replace(/.$/, (last) => (last === 'Q' ? 'P' : 'Q')), /not written as age writes it/],
] as const)('a key that %s is told before anything is written', async (_what, identity, why) => {
  const { folder, at } = here(identity ?? '');
  if (identity === null) rmSync(path.join(folder, 'key'));
  expect(await at('api.age').impossible()).toMatch(why);
  await expect(at('api.age').write({}, { before: null })).rejects.toMatchObject({ effect: 'none' });
  expect(readdirSync(folder)).not.toContain('api.age');
});

test('a work tree of git that does not ignore it is refused, one that ignores it is not [S5-GU-05]', async () => {
  const { folder, at } = here();
  spawnSync('git', ['init', '-q', folder]);
  mkdirSync(path.join(folder, 'docs'));
  expect(await at('docs/api.age').impossible()).toMatch(/lies in the git work tree .* which does not ignore it/);
  await expect(at('docs/api.age').write({}, { before: null })).rejects.toMatchObject({ code: 'BELAY_GUARD_REFUSED', effect: 'none' });
  writeFileSync(path.join(folder, '.gitignore'), '*.age\n*.age.*\nkey\n');
  expect(await at('docs/api.age').impossible()).toBeNull();
  await at('docs/api.age').write({}, { before: null });
});

test.each([
  ['its key', '*.age\n*.age.*\n', /\/key lies in the git work tree .* which does not ignore it/],
  ['what it said before', '*.age\nkey\n', /\/api\.age\.\d{8}T\d{9}Z lies in the git work tree .* which does not ignore it/],
])('a work tree that ignores the file, but not %s, is refused', async (_what, ignored, why) => {
  const { folder, at } = here();
  const file = at('api.age');
  await file.write({ KEY: SECRET }, { before: null });
  spawnSync('git', ['init', '-q', folder]);
  writeFileSync(path.join(folder, '.gitignore'), ignored);
  expect(await file.impossible()).toMatch(why);
  const refused = { code: 'BELAY_GUARD_REFUSED', effect: 'none', message: expect.stringMatching(why) as unknown };
  await expect(file.write({}, { before: '20261128T030000000Z' })).rejects.toMatchObject(refused);
  expect(await file.read()).toEqual({ KEY: SECRET });
  expect(readdirSync(folder).toSorted()).toEqual(['.git', '.gitignore', 'api.age', 'key']);
});

test('a key that is a link into a work tree that does not ignore it is refused', async () => {
  const [{ folder, at }, { folder: tree }] = [here(), here()];
  spawnSync('git', ['init', '-q', tree]);
  rmSync(path.join(folder, 'key'));
  symlinkSync(path.join(tree, 'key'), path.join(folder, 'key'));
  expect(await at('api.age').impossible()).toMatch(/\/key lies in the git work tree .* which does not ignore it/);
});

test('whatever is given as a file or a key is opened or refused, and never a crash', () => {
  const file = encrypted(Buffer.from(SECRET), KEY);
  const odd = fc.oneof(
    fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)),
    fc
      .tuple(fc.nat(file.length - 1), fc.nat(255))
      .map(([at, byte]) => Buffer.concat([file.subarray(0, at), Buffer.from([byte]), file.subarray(at + 1)])),
    fc.nat(file.length).map((end) => file.subarray(0, end)),
  );
  const tried = (work: () => unknown): void => {
    try {
      work();
    } catch (error) {
      expect(error).toBeInstanceOf(NotOpened);
    }
  };
  fc.assert(
    fc.property(odd, fc.string(), (bytes, text) => {
      tried(() => {
        // The spelling of a sum may differ; what it protects may not.
        if (decrypted(bytes, KEY).toString() !== SECRET) throw new Error('something else was opened');
      });
      tried(() => unarmoured(text));
      tried(() => identityIn(`AGE-SECRET-KEY-1${text}`));
    }),
    { numRuns: 1_000 },
  );
});

const age = findPart(AGE)?.file ?? null;
describe.skipIf(age === null)(`age${age === null ? ': SKIPPED, there is no age (Debian: age)' : ''}`, () => {
  test.each([0, 65_536, 200_000])('the program opens what Belay wrote, and Belay what the program wrote, of %i bytes', (bytes) => {
    const { folder } = here();
    const [key, kept] = [path.join(folder, 'key'), path.join(folder, 'kept.age')];
    writeFileSync(kept, armoured(encrypted(Buffer.alloc(bytes, 'x'), KEY)));
    expect(spawnSync(age ?? '', ['-d', '-i', key, kept]).stdout.length).toBe(bytes);
    const written = spawnSync(age ?? '', ['-e', '-a', '-i', key], { input: Buffer.alloc(bytes, 'x') }).stdout.toString('latin1');
    expect(decrypted(unarmoured(written), KEY).length).toBe(bytes);
  });
});
