// Whose a flow file is after Belay has replaced it.
import { chownSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { keepOwner, readDocument, replaceDocument } from '../../../src/adapters/flow-file/document.ts';

function fileIn(): { readonly dir: string; readonly file: string } {
  const dir = mkdtempSync(path.join(tmpdir(), 'belay-owner-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const file = path.join(dir, 'file');
  writeFileSync(file, '{"acme":"old"}\n');
  return { dir, file };
}
/** Root may give files away; others are in some group beside their own, or cannot be tested so. */
const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
const owner = uid === 0 ? { uid: 4_321, gid: 4_322 } : { uid, gid: process.getgroups?.().find((one) => one !== gid) ?? gid };

test('a flow file keeps its owner and its group when it is replaced', async () => {
  const { dir, file } = fileIn();
  chownSync(file, owner.uid, owner.gid);
  const was = await readDocument(file);
  expect(await replaceDocument(file, was, { acme: 'next' })).toBe(true);
  expect(statSync(file)).toMatchObject(owner);
  expect(readdirSync(dir)).toEqual(['file']);
});

test.skipIf(owner.uid === uid && owner.gid === gid)(
  'a flow file that would be taken from its owner is refused before it is replaced, with what to do',
  async () => {
    const { file } = fileIn();
    chownSync(file, owner.uid, owner.gid);
    const draft = `${file}-draft`;
    writeFileSync(draft, 'acme next\n');
    const refuse = async (): Promise<never> => {
      throw Object.assign(new Error('EPERM'), { code: 'EPERM' });
    };
    await expect(keepOwner(draft, file, refuse)).rejects.toMatchObject({
      ...{ code: 'BELAY_TARGET_UNREACHABLE', effect: 'none' },
      message: expect.stringContaining(`${file} belongs to user ${owner.uid} and group ${owner.gid}`),
      hint: expect.stringContaining('Run Belay as the owner'),
    });
  },
);
