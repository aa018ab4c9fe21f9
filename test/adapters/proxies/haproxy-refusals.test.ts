// Bad days of HAProxy's stats socket, played by a socket that refuses at will.

import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { chown } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createFileWriter } from '../../../src/adapters/file-writer/index.ts';
import { createHaproxyTraffic } from '../../../src/adapters/proxies/index.ts';
import { createActions } from '../../../src/flows/actions/index.ts';
import { fullDisk } from '../../world/full-disk.ts';

async function play(refused: string | null) {
  const folder = mkdtempSync(path.join(tmpdir(), 'belay-haproxy-'));
  const weights: Record<string, string> = { old: '100', new: '0' };
  const server = createServer((socket) => {
    socket.once('data', (bytes) => {
      const words = bytes.toString().trim().split(' ');
      const name = words[2]?.split('/')[1] ?? '';
      if (words[0] !== 'set')
        return void socket.end(
          `1\n# be_id be_name srv_id srv_name srv_op_state srv_uweight\n${Object.entries(weights)
            .map(([one, weight], n) => `1 web ${n + 1} ${one} 2 ${weight}`)
            .join('\n')}\n`,
        );
      if (name === refused) return void socket.end('Permission denied\n');
      weights[name] = words[4] ?? '';
      socket.end('\n');
    });
  });
  const socket = path.join(folder, 'admin.sock');
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  onTestFinished(() => {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return { folder, weights, options: { socket, backend: 'web', servers: ['old', 'new'] } };
}
const order = { key: 'k', reason: 'INC-1' };

test.each([
  ['new', 'none'],
  ['old', 'unknown'],
] as const)('a weight of %s that HAProxy refuses leaves the effect %s', async (refused, effect) => {
  const { options } = await play(refused);
  const traffic = createHaproxyTraffic(options, { baseDir: '/', files: createFileWriter() });
  const { fingerprint: expected } = await traffic.look();
  // 60 % for the new one is told first.
  await expect(traffic.put('new', 0.6, { expected, ...order })).rejects.toMatchObject({ code: 'BELAY_ACT_FAILED', effect });
});

test('a state file that cannot be written is told before and after, and the requests are moved all the same', async () => {
  const { options, weights, folder } = await play(null);
  const web = createHaproxyTraffic(
    { ...options, stateFile: path.join(folder, 'gone', 'state') },
    { baseDir: '/', files: createFileWriter() },
  );
  const action = createActions({ targets: {}, switches: {}, proxies: { web }, pause: null as never })['deploy.traffic'];
  if (action === undefined) throw new Error('no action deploy.traffic');
  const args = { proxy: 'web', to: 'new', share: '60%' };
  const before = await action.observe(args);
  expect(before.current).toMatch(/^old 100%, new 0%, but .*state cannot be written \(ENOENT\)/);
  await expect(action.act(args, { expected: before.fingerprint, ...order })).rejects.toMatchObject({ effect: 'done' });
  expect(weights).toEqual({ old: '40', new: '60' });
  expect(await action.observe(args)).toMatchObject({ reached: true, current: expect.stringContaining('state cannot be written') });
  mkdirSync(path.join(folder, 'gone'));
  expect((await action.observe(args)).current).toBe('old 40%, new 60%');
});

test('a disk that is full under the state file is told as that, with what comes back and what to do, and the requests are moved', async () => {
  const { options, weights, folder } = await play(null);
  const files = createFileWriter({ chown, open: fullDisk });
  const web = createHaproxyTraffic({ ...options, stateFile: path.join(folder, 'state') }, { baseDir: '/', files });
  const { fingerprint: expected } = await web.look();
  await expect(web.put('new', 0.6, { expected, ...order })).rejects.toMatchObject({
    ...{ code: 'BELAY_DISK_FULL', effect: 'done' },
    message: expect.stringMatching(/^the weights are set, but .*state cannot be used \(ENOSPC\)$/),
    hint: expect.stringMatching(/^Make room on the disk .*the weights of before come back\.$/),
  });
  expect(weights).toEqual({ old: '40', new: '60' });
  expect(readdirSync(folder)).not.toContain('state');
});
