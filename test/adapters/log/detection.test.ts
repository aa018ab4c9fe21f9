// What people write in belay.yaml about a log, end to end: a real file, the real configuration, reader and detector; time is the test's.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createLogReader } from '../../../src/adapters/log/index.ts';
import { DurableDisk } from '../../../src/adapters/virtual/durable-disk.ts';
import { createVirtualSignalStore } from '../../../src/adapters/virtual/signal-store.ts';
import { loadSystem } from '../../../src/config/load.ts';
import { HEARD_KEY } from '../../../src/domain/minutes.ts';
import type { Cursor } from '../../../src/domain/signal.ts';
import { createDetector, type Detector } from '../../../src/flows/detect.ts';
import type { SignalReader } from '../../../src/ports/signal-source.ts';
import type { SignalStore } from '../../../src/ports/signal-store.ts';
import { StillClock } from '../../flows/detect-world.ts';
import { LogFolder, type LogSpec } from './kit.ts';

class Watched {
  readonly log = new LogFolder();
  readonly clock = new StillClock();
  readonly store: SignalStore = createVirtualSignalStore({ disk: new DurableDisk() });
  readonly #reader: SignalReader;
  readonly #build: () => Detector;
  #detector: Detector;
  #cursor: Cursor = {};

  constructor(config: string) {
    writeFileSync(join(this.log.dir, 'belay.yaml'), `belay: 1\nname: Shop\n${config}`);
    const { system, diagnostics, baseDir } = loadSystem(this.log.dir, { env: {} });
    if (system === null) throw new Error(JSON.stringify(diagnostics));
    const time = this.clock.time();
    this.#reader = createLogReader(system.sources[0] as LogSpec, { time, baseDir });
    this.#build = () => createDetector({ system, store: this.store, time, sources: [] });
    this.#detector = this.#build();
  }

  /** What it knew is gone, but for the store. */
  restart(): void {
    this.#detector = this.#build();
  }

  async read(): Promise<void> {
    const batch = await this.#reader.read(new AbortController().signal, this.#cursor);
    await this.#detector.ingest(batch);
    this.#cursor = batch.cursor ?? this.#cursor;
  }

  /** Seconds pass; the lines of each are written, with their time, and read. */
  async run(seconds: number, lines: (at: Date, second: number) => readonly string[]): Promise<void> {
    for (let second = 1; second <= seconds; second += 1) {
      this.clock.nowMs += 1_000;
      const text = lines(new Date(this.clock.nowMs - 200), second);
      if (text.length > 0) this.log.write(`${text.join('\n')}\n`);
      await this.read();
    }
  }

  /** `!`: people are told. A mean alone never lets Belay act. */
  async status(trigger: string, scope = ''): Promise<string> {
    const view = (await this.#detector.readings.views(trigger)).find((one) => one.scope === scope);
    return view === undefined ? 'none' : `${view.status}${view.announced ? '!' : ''}${view.level === 'none' ? '' : ` ${view.level}`}`;
  }
}

async function watching(config: string, body: (world: Watched) => Promise<void>): Promise<void> {
  const world = new Watched(config);
  try {
    await world.read();
    await body(world);
  } finally {
    world.log.remove();
  }
}

const times = <T>(count: number, make: (n: number) => T): readonly T[] => Array.from({ length: count }, (_, n) => make(n));

test('[WHATSAPP] errors of one organization are a breach of that organization alone, and errors of other tags are none', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/sources/log.md'), 'utf8');
  const example = (/```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? '')
    .replace(/^belay: 1\nname: Shop\n/, '')
    .replace('logs/app.log', 'app.log');
  return watching(example, async (world) => {
    const traffic = (bad: number) => (at: Date, second: number) =>
      ['acme', 'globex'].flatMap((org) => [
        ...times(10, (n) => `${at.toISOString()} [WHATSAPP] ${org === 'acme' && n < bad ? 'ERROR' : 'INFO'} org=${org} sent`),
        `${at.toISOString()} [MAIL] ERROR org=globex refused ${second}`,
      ]);
    await world.run(150, traffic(0));
    expect(await world.status('whatsapp-fails', 'acme')).toBe('ok');
    await world.run(60, traffic(4));
    expect(await world.status('whatsapp-fails', 'acme')).toBe('breached! act');
    expect(await world.status('whatsapp-fails', 'globex')).toBe('ok');
  });
});

test('mass 401 and 403 answers of an access log are a breach for the kind of caller that gets them [S1-TR-02]', () => {
  const config = `
sources:
  access:
    driver: log
    path: app.log
    pattern: '^\\S+ \\S+ (?<caller>user|webhook)\\S* \\[(?<time>[^\\]]+)\\] "[^"]*" (?<status>\\d{3}) '
    time: time
    every: 1s
signals:
  webhooks-refused: { ratio: { bad: 'log_lines{caller="webhook", status=~"401|403"}', all: 'log_lines{caller="webhook"}' } }
  users-refused: { ratio: { bad: 'log_lines{caller="user", status=~"401|403"}', all: 'log_lines{caller="user"}' } }
triggers:
  webhooks: { signal: webhooks-refused, breach: { above: 20%, over: 2m }, clear: { below: 5%, for: 1m } }
  users: { signal: users-refused, breach: { above: 20%, over: 2m }, clear: { below: 5%, for: 1m } }
`;
  const line = (at: Date, caller: string, status: number): string => {
    const [, day, month, year, clock] = /^\w+, (\d\d) (\w{3}) (\d{4}) (\S+)/.exec(at.toUTCString()) ?? [];
    return `10.0.0.1 - ${caller} [${day}/${month}/${year}:${clock} +0000] "POST /v1/hook HTTP/1.1" ${status} 17`;
  };
  return watching(config, async (world) => {
    const traffic = (refused: number) => (at: Date) => [
      ...times(6, (n) => line(at, 'webhook-7', n < refused ? 400 + (n % 2 === 0 ? 1 : 3) : 200)),
      ...times(6, () => line(at, 'user-ana', 200)),
      line(at, 'user-ana', 401),
      line(at, 'webhook-7', 500),
    ];
    await world.run(150, traffic(0));
    expect([await world.status('webhooks'), await world.status('users')]).toEqual(['ok', 'ok']);
    await world.run(90, traffic(6));
    expect([await world.status('webhooks'), await world.status('users')]).toEqual(['breached! act', 'ok']);
  });
});

test('more than 1 % of errors in 5 minutes of a JSON log are a breach, half a percent is none [S2-TR-04]', () => {
  const config = `
sources:
  api: { driver: log, path: app.log, format: json, fields: [http.status], time: ts, every: 1s }
signals:
  errors: { ratio: { bad: 'log_lines{http_status=~"5.."}', all: log_lines } }
triggers:
  error-rate: { signal: errors, breach: { above: 1%, over: 5m }, clear: { below: 0.5%, for: 5m } }
`;
  return watching(config, async (world) => {
    const traffic = (bad: (second: number) => number) => (at: Date, second: number) =>
      times(20, (n) => JSON.stringify({ ts: at.getTime(), http: { status: n < bad(second) ? 503 : 200 } }));
    await world.run(
      400,
      traffic((second) => (second % 10 === 0 ? 1 : 0)),
    );
    expect(await world.status('error-rate')).toBe('ok');
    await world.run(
      240,
      traffic(() => 1),
    );
    expect(await world.status('error-rate')).toBe('breached! act');
  });
});

test('a mean latency above 1 s for more than 5 minutes is told to people, for 4 minutes it is not yet [S1-TR-04]', () => {
  const config = `
sources:
  api: { driver: log, path: app.log, format: json, fields: [route], number: took.s, time: at, every: 1s }
signals:
  latency: { mean: { sum: log_number_sum, count: log_number_count } }
triggers:
  slow: { signal: latency, breach: { above: 1, over: 1m, for: 5m }, clear: { below: 0.8, for: 1m } }
`;
  return watching(config, async (world) => {
    const traffic = (seconds: number) => (at: Date, second: number) =>
      times(5, (n) => JSON.stringify({ at: at.toISOString(), route: '/pay', took: { s: seconds + ((second + n) % 7) / 100 } }));
    await world.run(120, traffic(0.3));
    expect(await world.status('slow')).toBe('ok');
    await world.run(240, traffic(2.5));
    expect(await world.status('slow')).not.toMatch('!');
    await world.run(150, traffic(2.5));
    expect(await world.status('slow')).toBe('suspect! suspect');
  });
});

test('what was written while Belay was away counts when it happened, however many readings it takes, and none of it is late', () => {
  const config = `
sources:
  api: { driver: log, path: app.log, pattern: '^(?<time>\\d+) ', time: time, every: 1s }
signals:
  lines: { rate: log_lines, sources: [api] }
triggers:
  many: { signal: lines, breach: { above: 100000/min, over: 30m }, clear: { below: 1/min, for: 1m } }
`;
  return watching(config, async (world) => {
    await world.run(5, (at) => [`${at.getTime()} here`]);
    const awayAt = world.clock.nowMs;
    world.clock.nowMs += 3_600_000;
    world.restart();
    // 40 MiB over 40 s of an hour ago: readings that lag by nearly the same are not a wrong clock.
    for (let second = 1; second <= 40; second += 1) world.log.write(`${awayAt + second * 1_000} ${'x'.repeat(8_000)}\n`.repeat(130));
    for (let reading = 0; reading < 8; reading += 1) {
      world.clock.nowMs += 1_000;
      await world.read();
    }
    // Who was heard in which minute is kept among them.
    const slots = (await world.store.load(0)).slots.filter((slot) => slot.signal !== HEARD_KEY);
    const ofThen = slots.filter((slot) => slot.slot > awayAt - 60_000 && slot.slot <= awayAt + 41_000);
    expect(ofThen.reduce((sum, slot) => sum + slot.all, 0)).toBe(5 + 40 * 130);
    expect(slots.reduce((sum, slot) => sum + slot.all, 0)).toBe(5 + 40 * 130);
  });
});
