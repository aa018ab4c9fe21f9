// The contract of replacing a file of somebody else's, on a real disk: for flow files, maps of HAProxy, settings, and what is kept beside them.
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { chown, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createFileWriter } from '../../../src/adapters/file-writer/index.ts';
import { readDocument, replaceDocument } from '../../../src/adapters/flow-file/document.ts';
import { readMap, replaceMap } from '../../../src/adapters/proxies/map-file.ts';
import { readText, replaceText, writeNote } from '../../../src/adapters/settings-file/document.ts';
import { fullDisk } from '../../world/full-disk.ts';

const files = createFileWriter();
const hint = 'Look at it.';

function fileIn(text = 'old\n'): { readonly dir: string; readonly file: string } {
  const dir = mkdtempSync(path.join(tmpdir(), 'belay-write-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const file = path.join(dir, 'file');
  writeFileSync(file, text);
  return { dir, file };
}
/** Root may give files away; others are in some group beside their own, or cannot be tested so. */
const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
const owner = uid === 0 ? { uid: 4_321, gid: 4_322 } : { uid, gid: process.getgroups?.().find((one) => one !== gid) ?? gid };

describe('a file that is replaced', () => {
  test('keeps its owner, its group and its rights, and leaves nothing beside it', async () => {
    const { dir, file } = fileIn();
    chownSync(file, owner.uid, owner.gid);
    chmodSync(file, 0o640);
    expect(await files.replace(file, 'new\n', { hint })).toBe(true);
    expect(statSync(file)).toMatchObject(owner);
    expect(statSync(file).mode & 0o777).toBe(0o640);
    expect([readFileSync(file, 'utf8'), readdirSync(dir)]).toEqual(['new\n', ['file']]);
  });

  test('through a link is the one that the link leads to, and the link stays', async () => {
    const { dir, file } = fileIn();
    const link = path.join(dir, 'link');
    symlinkSync(file, link);
    await files.replace(link, 'new\n', { hint });
    expect([lstatSync(link).isSymbolicLink(), readFileSync(file, 'utf8')]).toEqual([true, 'new\n']);
  });

  test('is left alone, with nothing beside it, when it is no longer as it was', async () => {
    const { dir, file } = fileIn();
    expect(await files.replace(file, 'new\n', { hint, unchanged: async () => false })).toBe(false);
    expect([readFileSync(file, 'utf8'), readdirSync(dir)]).toEqual(['old\n', ['file']]);
  });

  test.skipIf(owner.uid === uid && owner.gid === gid)('and would be taken from its owner is refused, with what to do', async () => {
    const { dir, file } = fileIn();
    chownSync(file, owner.uid, owner.gid);
    const refuse = async (): Promise<never> => {
      throw Object.assign(new Error('EPERM'), { code: 'EPERM' });
    };
    await expect(createFileWriter({ chown: refuse, open }).replace(file, 'new\n', { hint })).rejects.toMatchObject({
      ...{ code: 'BELAY_TARGET_UNREACHABLE', effect: 'none' },
      message: expect.stringContaining(`${file} belongs to user ${owner.uid} and group ${owner.gid}`),
      hint: expect.stringContaining('Run Belay as the owner'),
    });
    expect([readFileSync(file, 'utf8'), readdirSync(dir)]).toEqual(['old\n', ['file']]);
  });

  test('on a full disk is left alone, with nothing beside it, and told as that', async () => {
    const { dir, file } = fileIn();
    await expect(createFileWriter({ chown, open: fullDisk }).replace(file, 'new\n', { hint })).rejects.toMatchObject({
      ...{ code: 'BELAY_DISK_FULL', effect: 'none' },
      hint: `Make room on the disk of ${dir}, then try again.`,
    });
    expect([readFileSync(file, 'utf8'), readdirSync(dir)]).toEqual(['old\n', ['file']]);
  });

  test('is left alone, with nothing beside it, where its folder may not be opened: whether it is kept could not be said', async () => {
    const { dir, file } = fileIn();
    // As the system answers for a folder that may be written and not read; root may read all.
    const closed: typeof open = async (what, ...more) => {
      if (what === dir) throw Object.assign(new Error('EACCES'), { code: 'EACCES' });
      return open(what, ...more);
    };
    await expect(createFileWriter({ chown, open: closed }).replace(file, 'new\n', { hint })).rejects.toMatchObject({
      ...{ code: 'BELAY_TARGET_UNREACHABLE', effect: 'none', hint },
      message: `${file} cannot be used (EACCES)`,
    });
    expect([readFileSync(file, 'utf8'), readdirSync(dir)]).toEqual(['old\n', ['file']]);
  });

  test('is not called unwritten when the disk does not say that it keeps the folder', async () => {
    const { dir, file } = fileIn();
    const failing: typeof open = async (what, ...more) => {
      const handle = await open(what, ...more);
      const sync = async (): Promise<never> => {
        throw Object.assign(new Error('EIO'), { code: 'EIO' });
      };
      return what === dir ? Object.assign(handle, { sync }) : handle;
    };
    await expect(createFileWriter({ chown, open: failing }).replace(file, 'new\n', { hint })).rejects.toMatchObject({
      ...{ code: 'BELAY_TARGET_UNREACHABLE', effect: 'unknown', hint },
      message: expect.stringContaining('was replaced'),
    });
    expect([readFileSync(file, 'utf8'), readdirSync(dir)]).toEqual(['new\n', ['file']]);
  });

  test('is written by a draft that a kill has left before, and never through a link that somebody puts in its place', async () => {
    const { dir, file } = fileIn();
    const [draft, other] = [`${file}.belay-draft`, path.join(dir, 'other')];
    writeFileSync(draft, 'half');
    expect(await files.replace(file, 'new\n', { hint })).toBe(true);
    writeFileSync(other, 'theirs');
    // Between the look and the opening: a link where the draft will be.
    const late: typeof open = (...args) => {
      symlinkSync(other, draft);
      return open(...args);
    };
    await expect(createFileWriter({ chown, open: late }).replace(file, 'secret\n', { hint })).rejects.toMatchObject({
      ...{ code: 'BELAY_TARGET_UNREACHABLE', effect: 'none', hint },
      message: expect.stringContaining('EEXIST'),
    });
    expect([readFileSync(file, 'utf8'), readFileSync(other, 'utf8')]).toEqual(['new\n', 'theirs']);
  });

  test('that is not there is made with the rights that are named, and refused without them', async () => {
    const { dir } = fileIn();
    const fresh = path.join(dir, 'fresh');
    await expect(files.replace(fresh, 'new\n', { hint })).rejects.toMatchObject({ code: 'BELAY_TARGET_UNREACHABLE', hint });
    expect(await files.replace(fresh, 'new\n', { hint, mode: 0o644 })).toBe(true);
    expect([readFileSync(fresh, 'utf8'), statSync(fresh).mode & 0o777]).toEqual(['new\n', 0o644]);
  });
});

describe('what is written so', () => {
  test('a flow file, a map of HAProxy and a file of settings stay their owner’s, and are left alone when somebody else was quicker', async () => {
    const [flows, map, settings] = [fileIn('{"acme":"old"}\n').file, fileIn('acme old\n').file, fileIn('A=1\n').file];
    for (const file of [flows, map, settings]) chownSync(file, owner.uid, owner.gid);
    const was = { flows: await readDocument(flows), map: await readMap(map), settings: await readText(settings) };
    const write = () =>
      Promise.all([
        replaceDocument(files, flows, was.flows, { acme: 'next' }),
        replaceMap(files, map, was.map, ['acme next']),
        replaceText(files, settings, was.settings, 'A=2\n'),
      ]);
    expect(await write()).toEqual([true, true, true]);
    for (const file of [flows, map, settings]) expect(statSync(file)).toMatchObject(owner);
    // What was read is not what is there any more.
    expect(await write()).toEqual([false, false, false]);
    expect(readFileSync(settings, 'utf8')).toBe('A=2\n');
  });

  test('a note beside the settings is there as a whole, and goes when nothing is to be noted', async () => {
    const { dir, file } = fileIn();
    await writeNote(files, `${file}.note`, '{}\n');
    expect(readFileSync(`${file}.note`, 'utf8')).toBe('{}\n');
    await writeNote(files, `${file}.note`, null);
    expect(readdirSync(dir)).toEqual(['file']);
  });
});
