// Names and texts of strangers: what git would read as something else never reaches it, and what cannot be read is left out.
import { existsSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { parse } from '../../../src/adapters/git/history.ts';
import { readSettings } from '../../../src/adapters/git/options.ts';
import { versionIn } from '../../../src/adapters/git/served.ts';
import { startCase } from './hosts.ts';

const order = (expected: string) => ({ expected, key: 'run/switch#1:act', reason: 'INC-7' });
const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

describe('names', () => {
  it('that git would read as an option or as a way to elsewhere are no releases, and start nothing', async () => {
    const made = await startCase();
    open.push(made);
    const { baseDir, host } = made;
    const [app, next] = [made.open(), await host.head()];
    for (const name of [`--output=${baseDir}/written`, '-n', 'HEAD~1', 'main@{1}', 'a..b', ':/second', '^main', 'x y', '']) {
      expect(await app.restorable(name)).toEqual({ ok: false, why: 'unknown' });
      await expect(app.rollTo(name, order(next))).rejects.toMatchObject({ code: 'BELAY_RELEASE_NOT_RESTORABLE', effect: 'none' });
    }
    expect(existsSync(path.join(baseDir, 'written'))).toBe(false);
  });

  it('of remotes are addresses over https or ssh, and what does not fit is told by its option', () => {
    const read = (more: object) => () =>
      readSettings(
        {
          remote: 'https://host.test/a.git',
          branch: 'main',
          rebuildMs: 1,
          timeoutMs: 1,
          rewrite: false,
          hotfixBranch: false,
          runsReleaseHooks: false,
          ...more,
        },
        '/base',
      );
    const ssh = { remote: 'ssh://git@host.test/a.git', key: 'k', hostKey: `ssh-ed25519 ${'A'.repeat(68)}` };
    expect(read({})().access).toEqual({ kind: 'http', header: null, ca: null });
    expect(read(ssh)().access).toMatchObject({ kind: 'ssh', key: '/base/k' });
    expect(read({ ...ssh, remote: 'git@host.test:team/a.git' })().remote).toBe('git@host.test:team/a.git');
    const wrong: readonly (readonly [object, RegExp])[] = [
      [{ remote: 'ext::sh -c touch% /tmp/x' }, /remote:/],
      [{ remote: '--upload-pack=touch' }, /remote:/],
      [{ remote: '/srv/a.git' }, /remote:/],
      [{ ...ssh, remote: 'ssh://git@-oProxyCommand=x/a.git' }, /remote:/],
      [{ remote: 'https://user:word@host.test/a.git' }, /remote: a credential/],
      [{ remote: 'http://host.test/a.git', token: 't' }, /token: .*https/],
      [{ ...ssh, hostKey: undefined }, /hostKey:/],
      [{ ...ssh, key: undefined }, /key:/],
      [{ ...ssh, token: 't' }, /token:/],
      [{ key: 'k' }, /key:/],
      [{ branch: '-f' }, /branch:/],
      [{ branch: 'a..b' }, /branch:/],
      [{ author: 'nobody' }, /author:/],
    ];
    for (const [more, message] of wrong) expect(read(more), JSON.stringify(more)).toThrow(message);
  });

  it('and versions of any form are read or left out, never thrown', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        for (const one of [text, JSON.stringify({ commit: text }), JSON.stringify([text])]) {
          const version = versionIn(one);
          expect(version === null || (version.length <= 200 && !/\s/.test(version))).toBe(true);
        }
        for (const commit of parse(`${text}\0${'a'.repeat(40)}\x1f${'b'.repeat(40)}\x1f\x1f1\x1f${text}\x1f${text}`))
          expect(commit.tags.every((tag) => !/\s/.test(tag))).toBe(true);
      }),
      { numRuns: 10_000 },
    );
  });
});
