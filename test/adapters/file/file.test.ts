import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFileChannel } from '../../../src/adapters/file/index.ts';
import { channelContract, outgoing } from '../../contracts/channel.ts';

const live = (): AbortSignal => new AbortController().signal;
const now = (): number => 1_000;

async function lines(path: string): Promise<{ id: string; text: string }[]> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text.split('\n').flatMap((line) => {
    try {
      return line === '' ? [] : [JSON.parse(line) as { id: string; text: string }];
    } catch {
      return [];
    }
  });
}

channelContract('a file', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'belay-file-'));
  const path = join(dir, 'out', 'messages.ndjson');
  return {
    channel: createFileChannel({ path }, { now }),
    to: 'oncall',
    received: async (id) => (await lines(path)).filter((line) => line.id === id).map((line) => line.text),
    unplug: async () => {
      await rm(join(dir, 'out'), { recursive: true, force: true });
      await writeFile(join(dir, 'out'), 'a file where the folder was');
    },
    close: () => rm(dir, { recursive: true, force: true }),
  };
});

describe('the file channel', () => {
  let dir: string;
  let path: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'belay-file-'));
    path = join(dir, 'messages.ndjson');
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  it('writes one JSON object a line with what people would read', async () => {
    await createFileChannel({ path }, { now }).send({ ...outgoing('INC-1/x', 'oncall'), resent: true }, live());
    expect(await lines(path)).toEqual([
      { id: 'INC-1/x', at: 1_000, to: 'oncall', thread: 'INC-1', resent: true, subject: 'subject of INC-1/x', text: 'text of INC-1/x' },
    ]);
  });

  it('closes a line that a kill tore, and does not take it for a message', async () => {
    const channel = createFileChannel({ path }, { now });
    await channel.send(outgoing('INC-1/a', 'oncall'), live());
    await appendFile(path, '{"id":"INC-1/b","at":1,"te');
    expect(await channel.reconcile(outgoing('INC-1/b', 'oncall'))).toEqual({ found: false });
    await channel.send(outgoing('INC-1/b', 'oncall'), live());
    expect((await lines(path)).map((line) => line.id)).toEqual(['INC-1/a', 'INC-1/b']);
  });

  it('takes a whole line without its line break for a message', async () => {
    await writeFile(path, '{"id":"INC-1/a"}');
    const channel = createFileChannel({ path }, { now });
    expect(await channel.reconcile(outgoing('INC-1/a', 'oncall'))).toEqual({ found: true, providerId: 'INC-1/a' });
    await channel.send(outgoing('INC-1/b', 'oncall'), live());
    expect((await lines(path)).map((line) => line.id)).toEqual(['INC-1/a', 'INC-1/b']);
  });

  it('writes messages sent at once one after the other, each once', async () => {
    const channel = createFileChannel({ path }, { now });
    const ids = Array.from({ length: 20 }, (_, index) => `INC-1/${index % 10}`);
    await Promise.all(ids.map((id) => channel.send(outgoing(id, 'oncall'), live())));
    expect((await lines(path)).map((line) => line.id)).toEqual(ids.slice(0, 10));
  });
});
