// The live stream: everything after the cursor, nothing twice on one line, a heartbeat, and an end to slow or too many readers.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { EventDraft } from '../../src/domain/event.ts';
import { parseCursors } from '../../src/server/stream.ts';
import { realTime } from './story.ts';
import { type Door, openDoor } from './world.ts';

interface Message {
  readonly id: string;
  readonly event: string;
  readonly data: { readonly incident: string; readonly seq: number; readonly paused?: boolean };
}

let door: Door;
const readers: ReadableStreamDefaultReader<Uint8Array>[] = [];
beforeEach(async () => {
  door = await openDoor({ time: realTime(), stream: { heartbeatMs: 60, pauseEveryMs: 20, maxConnections: 3 } });
});
afterEach(async () => {
  for (const reader of readers.splice(0)) await reader.cancel();
  await door.remove();
});

/** Opens the stream and hands out its messages one by one. */
async function follow(
  lastEventId?: string,
  path = '/v1/stream',
): Promise<{ next(event: string): Promise<Message>; stop(): Promise<void> }> {
  const response = await door.ask('GET', path, { headers: lastEventId === undefined ? {} : { 'last-event-id': lastEventId } });
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  expect(response.headers.get('x-accel-buffering')).toBe('no');
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  readers.push(reader);
  const decoder = new TextDecoder();
  let text = '';
  return {
    async next(event) {
      for (;;) {
        const end = text.indexOf('\n\n');
        if (end === -1) {
          const { value, done } = await reader.read();
          if (done) throw new Error(`the stream ended before a ${event}`);
          text += decoder.decode(value, { stream: true });
          continue;
        }
        const fields = Object.fromEntries(
          text
            .slice(0, end)
            .split('\n')
            .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()] as const),
        );
        text = text.slice(end + 2);
        if (fields['event'] === event)
          return { id: fields['id'] ?? '', event, data: JSON.parse(fields['data'] ?? '{}') as Message['data'] };
      }
    },
    stop: () => reader.cancel(),
  };
}

const note = (text: string): EventDraft => ({
  type: 'note.added',
  data: { by: 'bob', text, lang: 'en' },
  at: door.time.now(),
  actor: { kind: 'user', id: 'bob' },
});

describe('following', () => {
  test('a new reader gets what happens from now on, with the sequence of the log as its id', async () => {
    const stream = await follow();
    await stream.next('hello');
    const incident = await door.story.add([note('one'), note('two')]);
    const [one, two] = [await stream.next('incident'), await stream.next('incident')];
    expect([one.data.seq, two.data.seq]).toEqual([incident.seq - 1, incident.seq]);
    expect(two.id.split(',')[0]).toBe(`INC-1:${incident.seq}`);
  });

  test('a reader that comes back with its last id gets every event in between, in order, once', async () => {
    const first = await follow();
    await first.next('hello');
    await door.story.add([note('seen')]);
    const last = await first.next('incident');
    await first.stop();
    for (let index = 0; index < 25; index += 1) await door.story.add([note(`missed ${index}`)]);
    const again = await follow(last.id);
    const seqs: number[] = [];
    for (let index = 0; index < 25; index += 1) seqs.push((await again.next('incident')).data.seq);
    expect(seqs).toEqual(Array.from({ length: 25 }, (_, index) => last.data.seq + 1 + index));
    await door.story.add([note('after')]);
    expect((await again.next('incident')).data.seq).toBe(last.data.seq + 26);
  });

  test('an incident that was declared while nobody listened is told from its beginning', async () => {
    const first = await follow();
    await first.next('hello');
    await door.story.add([note('seen')]);
    const last = await first.next('incident');
    await first.stop();
    const at = { at: door.time.now(), actor: { kind: 'engine' as const, id: 'belay' } };
    await door.story.world.incidents.declare('other', (number) => ({
      key: 'declare',
      events: [
        {
          type: 'incident.declared',
          data: {
            number,
            kind: 'real',
            severity: 'P2',
            orgs: 'all',
            components: ['shop'],
            trigger: null,
            runbook: null,
            fingerprint: 'other',
            detectedAt: at.at,
          },
          ...at,
        },
      ],
    }));
    const again = await follow(last.id);
    expect((await again.next('incident')).data).toMatchObject({ incident: 'INC-2', seq: 1 });
  });

  test('one incident can be followed alone', async () => {
    const stream = await follow('INC-1:3', '/v1/stream?incident=INC-1');
    expect((await stream.next('incident')).data).toMatchObject({ incident: 'INC-1', seq: 4 });
  });

  test('the pause switch is told when it changes, whoever changed it', async () => {
    const stream = await follow();
    expect((await stream.next('pause')).data.paused).toBe(false);
    await door.story.world.pause.pause('cli', 'from the command line');
    expect((await stream.next('pause')).data.paused).toBe(true);
  });

  test('where triggers stand is told when anything was looked at, and heartbeats come all the same', async () => {
    const quick = await openDoor({ time: realTime(), stream: { heartbeatMs: 60, pauseEveryMs: 10, triggersEveryMs: 20 } });
    const mine = door;
    door = quick;
    const stream = await follow();
    const first = (await stream.next('triggers')).data as unknown as { triggers: { trigger: string; counts: Record<string, number> }[] };
    expect(first.triggers).toMatchObject([{ trigger: 'http-5xx', counts: { breached: 1, ok: 1 } }]);
    await stream.next('heartbeat');
    await stream.stop();
    await quick.remove();
    door = mine;
  });

  test('a heartbeat comes while nothing happens', async () => {
    const stream = await follow();
    await stream.next('heartbeat');
    await stream.next('heartbeat');
  });
});

describe('limits', () => {
  test('more readers than allowed are refused, and a place is free again when one leaves', async () => {
    const streams = [await follow(), await follow(), await follow()];
    for (const stream of streams) await stream.next('hello');
    expect((await door.ask('GET', '/v1/stream')).status).toBe(409);
    await streams[0]?.stop();
    await expect.poll(() => door.server.streams.connections).toBe(2);
    await (await follow()).next('hello');
  });

  test('a reader that takes nothing is dropped and costs no queue', async () => {
    const slow = await openDoor({ time: realTime(), stream: { heartbeatMs: 10, pauseEveryMs: 5, stallMs: 50 } });
    const response = await slow.ask('GET', '/v1/stream');
    expect(slow.server.streams.connections).toBe(1);
    await expect.poll(() => slow.server.streams.connections, { timeout: 5000 }).toBe(0);
    await response.body?.cancel();
    await slow.remove();
  });

  test('cursors that are no cursors are ignored', () => {
    expect([...parseCursors('INC-3:41,INC-2:7,evil,INC-x:1,INC-4:')]).toEqual([
      ['INC-3', 41],
      ['INC-2', 7],
    ]);
  });
});
