// Commands as real processes, here and behind a real sshd: words arrive as they are, variables by name only, and what is printed holds none of
// their values.
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCommandRunner } from '../../../src/adapters/commands/index.ts';
import { cutText, withoutValues } from '../../../src/adapters/commands/output.ts';
import { createProcesses } from '../../../src/adapters/process/index.ts';
import { createSsh } from '../../../src/adapters/ssh/index.ts';
import { remoteWords } from '../../../src/adapters/ssh/ssh.ts';
import { systemTime } from '../../../src/adapters/system/index.ts';
import { NO_RUN_POLICY, type RunPolicy } from '../../../src/domain/run-policy.ts';
import type { CommandOrder } from '../../../src/ports/command-runner.ts';
import { type SshHost, startSshHost, whyNoSshd } from '../../world/parts/git-host.ts';

const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'belay-commands-')));
const SECRET = 'p4ss/word+with "signs"';
const SCRIPT = path.join(folder, 'say.mjs');
const processes = createProcesses();
const remote = createSsh({ processes, dataDir: folder, baseDir: folder });
/** A secret of belay.yaml, which no command is given. */
const NAMED = 'Nobody-gave-this-away-0123456789';
const HALF = /Nobody|gave|away|6789/;
const secrets = { masked: async (text: string) => text.replaceAll(NAMED, '•••') };

beforeAll(() => {
  writeFileSync(
    SCRIPT,
    `const [, , what, ...rest] = process.argv;
const secret = process.env.TOKEN ?? '';
const forms = [secret, Buffer.from(secret).toString('base64'), Buffer.from(secret).toString('hex'), encodeURIComponent(secret), JSON.stringify(secret)];
if (what === 'words') process.stdout.write(JSON.stringify(rest));
if (what === 'env') process.stdout.write(JSON.stringify({ ...process.env, cwd: process.cwd() }));
if (what === 'leak') { process.stdout.write(forms.join(' ')); process.stderr.write('token=' + secret); process.exitCode = 3; }
if (what === 'much') process.stdout.write('a'.repeat(600_000) + 'END');
if (what === 'cut') {
  process.stdout.write('a'.repeat(3_990) + rest[0] + 'b'.repeat(9_000) + rest[0] + 'c'.repeat(3_990));
  process.stderr.write('d'.repeat(9_000));
}
if (what === 'nested') { process.stderr.write('d'.repeat(Number(rest[0])) + 'ana@db: Permission denied (publickey).\\n'); process.exitCode = 255; }
if (what === 'slow') { process.stderr.write(rest[0] + 'e'.repeat(490)); setTimeout(() => undefined, 60_000); }
if (what === 'late') { process.stderr.write(secret); setTimeout(() => undefined, 60_000); }
`,
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const runner = (policy: Partial<RunPolicy> = {}) =>
  createCommandRunner(
    { ...NO_RUN_POLICY, env: { TOKEN: SECRET, OTHER: 'not given' }, ...policy },
    { processes, time: systemTime, baseDir: folder, remote, secrets },
  );
const order = (words: readonly string[], more: Partial<CommandOrder> = {}): CommandOrder => ({
  argv: [process.execPath, SCRIPT, ...words],
  on: 'local',
  env: [],
  timeoutMs: 20_000,
  ...more,
});

describe('a command on this machine', () => {
  it('gets its words as they are, the folder it asks for, and no variable but those that it names', async () => {
    const odd = ['', ' ', '; rm -rf /', '$(id)', '`id`', '*', "it's", '"', '-x', 'á→\n'];
    expect(JSON.parse((await runner().run(order(['words', ...odd]))).text)).toEqual(odd);
    const bare = JSON.parse((await runner().run(order(['env']))).text) as Record<string, string>;
    expect(Object.keys(bare).toSorted()).toEqual(['PATH', 'cwd']);
    expect(bare['cwd']).toBe(folder);
    const other = JSON.parse((await runner().run(order(['env'], { cwd: '..' }))).text) as Record<string, string>;
    expect(other['cwd']).toBe(path.dirname(folder));
  });

  it('says its code, and what it printed without the values that it was given, in whatever form', async () => {
    const { code, text, trouble } = await runner().run(order(['leak'], { env: ['TOKEN'] }));
    expect(code).toBe(3);
    for (const form of [SECRET, Buffer.from(SECRET).toString('base64'), Buffer.from(SECRET).toString('hex'), encodeURIComponent(SECRET)]) {
      expect(text).not.toContain(form);
      expect(trouble).not.toContain(form);
    }
    expect(text).toContain('•••');
  });

  it('is cut in the middle when it says much, and stopped when its time is over, with nothing told that is secret', async () => {
    const { text } = await runner().run(order(['much']));
    expect(text.length).toBeLessThan(8_100);
    expect(text.endsWith('END')).toBe(true);
    expect(text).toMatch(/\[\d+ characters left out\]/);
    const late = runner().run(order(['late'], { timeoutMs: 1_500, env: ['TOKEN'] }));
    await expect(late).rejects.toMatchObject({
      code: 'BELAY_TIMEOUT',
      effect: 'unknown',
      message: expect.not.stringContaining(SECRET) as string,
    });
  });

  it('leaves no half of a secret that belay.yaml names where its text is cut, and none when it is stopped for its time', async () => {
    const { text, trouble } = await runner().run(order(['cut', NAMED]));
    expect(text).toMatch(/^a{3990}•••b+\n\[\d+ characters left out\]\nb+•••c{3990}$/);
    expect([text.length, trouble.length].every((one) => one > 8_000 && one < 8_100)).toBe(true);
    await expect(runner().run(order(['slow', NAMED], { timeoutMs: 1_500 }))).rejects.toMatchObject({
      code: 'BELAY_TIMEOUT',
      message: expect.not.stringMatching(HALF) as string,
    });
  });

  it('that is not there, or wants what nobody gives, changes nothing and says so', async () => {
    await expect(runner().run(order([], { argv: ['no-such-program'] }))).rejects.toMatchObject({
      code: 'BELAY_PROCESS_FAILED',
      effect: 'none',
    });
    await expect(runner().run(order(['env'], { env: ['NOBODY'] }))).rejects.toMatchObject({ code: 'BELAY_NOT_FOUND', effect: 'none' });
    await expect(runner().run(order(['env'], { on: 'ssh:nowhere' }))).rejects.toMatchObject({ code: 'BELAY_NOT_FOUND', effect: 'none' });
  });
});

describe('what is kept of an output', () => {
  it('never holds a value, wherever it stands and whatever stands around it', () => {
    const secret = fc.string({ minLength: 8, maxLength: 24 }).filter((one) => one.trim().length >= 8);
    fc.assert(
      fc.property(secret, fc.string({ maxLength: 60 }), fc.nat({ max: 5 }), (value, around, form) => {
        const bytes = Buffer.from(value, 'utf8');
        const forms = [
          value,
          bytes.toString('base64'),
          bytes.toString('base64url'),
          bytes.toString('hex'),
          encodeURIComponent(value),
          JSON.stringify(value).slice(1, -1),
        ];
        const leaked = forms[form] ?? value;
        expect(withoutValues(`${around}${leaked}${around}`, [value])).not.toContain(leaked);
      }),
      { numRuns: 2_000 },
    );
  });

  it('is not longer than it may be, in time in proportion to what was printed', () => {
    expect(cutText(withoutValues('x'.repeat(500_000), [SECRET])).length).toBeLessThan(8_100);
  });
});

describe('the words for another host', () => {
  it('are read by a shell as they are', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.string({ maxLength: 12 }).filter((one) => !one.includes('\0')),
          { minLength: 1, maxLength: 8 },
        ),
        async (words) => {
          const text = remoteWords({ argv: [process.execPath, SCRIPT, 'words', ...words] });
          const { stdout } = await processes.run(['/bin/sh', '-c', text], { timeoutMs: 20_000 });
          expect(JSON.parse(stdout)).toEqual(words);
        },
      ),
      { numRuns: 20 },
    );
  }, 60_000);
});

it('an ssh that failed is told without any half of a secret that belay.yaml names', async () => {
  const run = async () => ({ code: 255, stdout: '', stderr: `${NAMED}${'e'.repeat(490)}` });
  const web = { address: '127.0.0.1', port: 22, user: 'ana', hostKey: 'ssh-ed25519 AAAA', key: SCRIPT };
  const broken = createCommandRunner(
    { ...NO_RUN_POLICY, hosts: { web } },
    { processes, time: systemTime, baseDir: folder, remote: createSsh({ processes: { run }, dataDir: folder, baseDir: folder }), secrets },
  ).run(order([], { on: 'ssh:web' }));
  await expect(broken).rejects.toMatchObject({
    ...{ code: 'BELAY_TARGET_UNREACHABLE', effect: 'unknown' },
    message: `ssh:web: •••${'e'.repeat(490)}`,
  });
});

const why = whyNoSshd();
describe.skipIf(why !== null)(`a command on another host${why === null ? '' : ` (${why})`}`, () => {
  let host: SshHost;
  beforeAll(async () => {
    host = await startSshHost('/');
  }, 60_000);
  afterAll(() => host.close());

  const policy = (more: { readonly hostKey?: string; readonly key?: string; readonly port?: number } = {}): Partial<RunPolicy> => {
    const { port, username } = new URL(host.url);
    return { hosts: { web: { address: '127.0.0.1', port: Number(port), user: username, hostKey: host.hostKey, key: host.key, ...more } } };
  };

  it('runs there in the folder it asks for, with its words as they are, and says its code', async () => {
    const odd = ["it's", '$(id)', '"; exit 9', '-x', ''];
    const { code, text } = await runner(policy()).run(order(['words', ...odd], { on: 'ssh:web', cwd: folder }));
    expect({ code, words: JSON.parse(text) as unknown }).toEqual({ code: 0, words: odd });
    expect(await runner(policy()).run(order(['leak'], { on: 'ssh:web' }))).toMatchObject({ code: 3 });
  });

  it('is not run where the host shows another key than the one that belay.yaml names, or does not let Belay in', async () => {
    const [type = '', key = ''] = host.hostKey.split(' ');
    const other = `${type} ${key.slice(0, -8)}${key.slice(-8) === 'AAAAAAAA' ? 'BBBBBBBB' : 'AAAAAAAA'}`;
    const refused = { code: 'BELAY_TARGET_UNREACHABLE', effect: 'none' };
    await expect(runner(policy({ hostKey: other })).run(order(['words'], { on: 'ssh:web' }))).rejects.toMatchObject(refused);
    await expect(runner(policy({ key: '/no/such/key' })).run(order(['words'], { on: 'ssh:web' }))).rejects.toMatchObject(refused);
    await expect(runner(policy({ port: 1 })).run(order(['words'], { on: 'ssh:web' }))).rejects.toMatchObject(refused);
  });

  it('that ends with 255 by itself has run, whatever the ssh says that it started there: nobody is told that it never began', async () => {
    for (const size of [0, 600_000]) {
      const { code, text, trouble } = await runner(policy()).run(order(['nested', String(size)], { on: 'ssh:web' }));
      expect([code, text]).toEqual([255, '']);
      expect(trouble.endsWith('ana@db: Permission denied (publickey).')).toBe(true);
      expect(trouble).not.toContain('belay-');
      if (size === 0) expect(trouble).toBe('ana@db: Permission denied (publickey).');
    }
    const late = runner(policy()).run(order(['slow', ''], { on: 'ssh:web', timeoutMs: 1_500 }));
    await expect(late).rejects.toMatchObject({ effect: 'unknown', message: expect.not.stringContaining('belay-') as string });
  });

  it('at once with another to the same name keeps its own address, key and variables, the first one again included', async () => {
    const at = (port?: number, env: readonly string[] = []) =>
      runner(policy(port === undefined ? {} : { port })).run(order(['env'], { on: 'ssh:web', env }));
    const found = await Promise.allSettled([at(), at(1), at(undefined, ['TOKEN']), at(1, ['TOKEN'])]);
    expect(found.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'rejected']);
    const [again, given] = [await at(), await at(undefined, ['TOKEN'])];
    expect([again, given].map(({ text }) => text.includes('TOKEN'))).toEqual([false, true]);
  });

  it('gets a variable by ssh itself, never by its words, where the host takes it', async () => {
    const { text } = await runner(policy()).run(order(['env'], { on: 'ssh:web', env: ['TOKEN'] }));
    expect(text).not.toContain(SECRET);
    expect(text).toContain('"TOKEN":"•••"');
  });
});
