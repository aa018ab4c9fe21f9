// The status page source against real servers over the real client: pages that are fine, that are not, and that are no such pages.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createHttp } from '../../../src/adapters/http/index.ts';
import { createStatusPageReader } from '../../../src/adapters/status-page/index.ts';
import { systemTime } from '../../../src/adapters/system/index.ts';
import { DurableDisk } from '../../../src/adapters/virtual/durable-disk.ts';
import { createVirtualSignalStore } from '../../../src/adapters/virtual/signal-store.ts';
import type { Batch } from '../../../src/domain/signal.ts';
import { polled } from '../../../src/flows/detect/poll.ts';
import { createDetector } from '../../../src/flows/detect.ts';
import { lintFolder, told } from '../../config/workspace.ts';
import { signalSourceContract } from '../../contracts/signal-source.ts';
import { StillClock } from '../../flows/detect-world.ts';
import { type Answer, servePage, summary } from './page.ts';

const http = createHttp({ allow: ['127.0.0.1'] });
const never = new AbortController().signal;
const readerOf = (
  url: string,
  o: { readonly components?: readonly string[]; readonly time?: { now(): number }; readonly timeoutMs?: number } = {},
) =>
  createStatusPageReader(
    {
      id: 'vendor',
      driver: 'status-page',
      url,
      everyMs: 20,
      timeoutMs: o.timeoutMs ?? 2_000,
      ...(o.components === undefined ? {} : { components: o.components }),
    },
    { http, time: o.time ?? systemTime },
  );

signalSourceContract('the status-page adapter', async () => {
  const page = await servePage();
  return {
    source: polled(readerOf(page.url), systemTime),
    beat: async (count) => {
      for (let n = 0; n <= count; n += 1) await Promise.race([page.nextAsked(), systemTime.sleep(200)]);
    },
    trouble: async (on) => page.set(on ? { status: 503, body: '' } : {}),
    close: page.close,
  };
});

async function served(answer: Answer = {}) {
  const page = await servePage(answer);
  onTestFinished(page.close);
  return page;
}

async function reading(answer: Answer, o: Parameters<typeof readerOf>[1] = {}): Promise<Batch> {
  return readerOf((await served(answer)).url, o).read(never, {});
}

/** `name{component}` → value. */
function values({ samples }: Batch): Readonly<Record<string, number>> {
  return Object.fromEntries(
    samples.map((sample) => {
      if (sample.kind !== 'value') throw new Error(`a ${sample.kind} sample`);
      const { component } = sample.labels;
      return [component === undefined ? sample.name : `${sample.name}{${component}}`, sample.value];
    }),
  );
}

describe('a page', () => {
  test('on which all is well says so for itself and for every component', async () => {
    const batch = await reading({});
    expect(batch.alive).toBe(true);
    expect(values(batch)).toEqual({
      status_indicator: 0,
      status_maintenance: 0,
      status_unknown: 0,
      ...Object.fromEntries(
        ['Database', 'Auth', 'Storage'].flatMap((name) =>
          ['down', 'level', 'maintenance'].map((what) => [`status_component_${what}{${name}}`, 0]),
        ),
      ),
    });
    for (const sample of batch.samples) expect(sample.at).toBe(batch.at);
  });

  test.each([
    ['operational', 0, 0, 0],
    ['under_maintenance', 0, 0, 1],
    ['degraded_performance', 0, 1, 0],
    ['partial_outage', 1, 2, 0],
    ['major_outage', 1, 3, 0],
  ])('whose component is %s', async (status, down, level, maintenance) => {
    const told = values(await reading({ body: summary({ components: [{ name: 'Database', status }] }) }));
    expect(told).toMatchObject({
      'status_component_down{Database}': down,
      'status_component_level{Database}': level,
      'status_component_maintenance{Database}': maintenance,
    });
  });

  test('keeps its series when a status changes: only values do', async () => {
    const page = await served();
    const reader = readerOf(page.url);
    const series = (batch: Batch) => batch.samples.map((sample) => ('labels' in sample ? [sample.name, sample.labels] : []));
    const before = await reader.read(never, {});
    page.set({
      body: summary({
        indicator: 'critical',
        components: ['Database', 'Auth', 'Storage'].map((name) => ({ name, status: 'major_outage' })),
      }),
    });
    const after = await reader.read(never, {});
    expect(series(after)).toEqual(series(before));
    expect(values(after)).not.toEqual(values(before));
  });

  test.each([
    ['none', 0, 0],
    ['minor', 1, 0],
    ['major', 2, 0],
    ['critical', 3, 0],
    ['maintenance', 0, 1],
  ])('whose indicator is %s', async (indicator, value, maintenance) => {
    const told = values(await reading({ body: summary({ indicator }) }));
    expect(told).toMatchObject({ status_indicator: value, status_maintenance: maintenance, status_unknown: 0 });
  });

  test('says that a planned maintenance is under way, and not that one is only planned', async () => {
    const maintenance = async (...maintenances: readonly string[]) =>
      values(await reading({ body: summary({ maintenances }) }))['status_maintenance'];
    expect(await maintenance('scheduled', 'completed')).toBe(0);
    expect(await maintenance('scheduled', 'in_progress')).toBe(1);
    expect(await maintenance('verifying')).toBe(1);
  });

  test('with words that nobody knows is never healthy by them: they are counted and left out', async () => {
    const told = values(
      await reading({
        body: summary({
          indicator: 'constructor',
          components: [
            { name: 'Database', status: 'toString' },
            { name: 'Auth', status: 'operational' },
            { name: 'Storage', status: 'operational' },
            { name: 'Storage', status: 'on_fire' },
          ],
        }),
      }),
    );
    expect(Object.keys(told).filter((name) => /status_indicator|Database|Storage/.test(name))).toEqual([]);
    expect(told).toMatchObject({ status_unknown: 3, 'status_component_down{Auth}': 0 });
  });

  test('with two components of one name tells the worst of them, once', async () => {
    const batch = await reading({
      body: summary({
        components: [
          { name: 'Login', status: 'partial_outage' },
          { name: 'Login', status: 'operational' },
        ],
      }),
    });
    expect(values(batch)).toMatchObject({ 'status_component_down{Login}': 1, 'status_component_level{Login}': 2 });
    expect(batch.samples).toHaveLength(6);
  });

  test('is looked at for the components that are named, and only for them', async () => {
    const told = values(await reading({}, { components: ['Auth'] }));
    expect(
      Object.keys(told)
        .filter((name) => name.includes('{'))
        .sort(),
    ).toEqual(['status_component_down{Auth}', 'status_component_level{Auth}', 'status_component_maintenance{Auth}']);
  });

  test('with names full of control characters, or longer than a label may be, is tamed and still found by them', async () => {
    const name = `a\u0000b\u001b[31m\u202e\ud800${'x'.repeat(400)}`;
    const components = [{ name, status: 'major_outage' }];
    const [label] = (await reading({ body: summary({ components }) }, { components: [name] })).samples.flatMap((sample) =>
      'labels' in sample ? (sample.labels['component'] ?? []) : [],
    );
    expect(label).toBe(`a\uFFFDb\uFFFD[31m\uFFFD\uFFFD${'x'.repeat(400)}`.slice(0, 256));
  });

  test('that has not changed for years is as good as new', async () => {
    expect(await reading({ body: summary({ updatedAt: '2019-01-01T00:00:00Z' }) })).toMatchObject({ alive: true });
  });

  test('of almost 1 MiB is read', async () => {
    const body = summary().replace('"As they say"', `"${'x'.repeat(1_040_000)}"`);
    expect(await reading({ body })).toMatchObject({ alive: true });
  });
});

describe('no evidence is a dead reading with its reason:', () => {
  const without = (key: string): string => JSON.stringify({ ...(JSON.parse(summary()) as object), [key]: undefined });
  const many = Array.from({ length: 1_001 }, (_, index) => ({ name: `Component ${index}`, status: 'operational' }));
  const troubles: readonly (readonly [what: string, answer: Answer, reason: RegExp])[] = [
    ['an error', { status: 500, body: 'oops' }, /summary\.json: answered 500$/],
    [
      'a page that has moved',
      { status: 302, headers: { location: 'https://ana:hunter2@x.test/api?token=hunter2#hunter2' } },
      /answered 302: it is at https:\/\/x\.test\/api now$/,
    ],
    [
      'a page for people',
      { body: '<!doctype html>\n<title>x</title>' },
      /the page is not JSON: it begins with "<!doctype html>\uFFFD<title>/,
    ],
    ['an empty body', { body: '' }, /the page is empty$/],
    ['a body that is cut off', { body: summary().slice(0, -20) }, /the page is not JSON/],
    ['bytes', { body: Uint8Array.from([255, 254, 0, 1]) }, /the page is not JSON/],
    ['a list', { body: '[]' }, /the page is not an object: this is not a summary\.json/],
    ['null', { body: 'null' }, /the page is not an object/],
    ['brackets without end', { body: '['.repeat(500_000) }, /the page is not JSON/],
    ['no page', { body: without('page') }, /page is missing/],
    ['no status', { body: without('status') }, /status is missing/],
    ['no components', { body: without('components') }, /components is missing/],
    ['a look-alike', { body: '{"page":{"name":"x","status":"UP"}}' }, /page\.updated_at is missing/],
    ['a time that is none', { body: summary({ updatedAt: 'yesterday' }) }, /page\.updated_at is not a time$/],
    ['an indicator that is a number', { body: summary().replace('"none"', '0') }, /status\.indicator is not a text/],
    ['a component without a name', { body: summary().replace('"Auth"', '" "') }, /components\[1\]\.name is not a text/],
    [
      'a component that is null',
      { body: '{"page":{"updated_at":"2025-01-01"},"status":{"indicator":"none"},"components":[null]}' },
      /components\[0\] is not/,
    ],
    [
      'maintenances that are a word',
      { body: summary().replace('"scheduled_maintenances":[]', '"scheduled_maintenances":"no"') },
      /not a list/,
    ],
    ['more than 1 MiB', { body: summary().replace('"As they say"', `"${'x'.repeat(1_048_576)}"`) }, /longer than 1048576 bytes/],
    ['more components than can be watched', { body: summary({ components: many }) }, /1001 components, more than 1000: name the ones/],
    ['a copy out of a cache that stands still', { headers: { age: '7200' } }, /a cache answered with a copy that is 7200 s old$/],
    ['no answer', { hang: true }, /no answer within 300 ms/],
  ];
  test.each(troubles)('%s', async (_what, answer, reason) => {
    expect(await reading(answer, { timeoutMs: answer.hang === true ? 300 : 2_000 })).toMatchObject({
      alive: false,
      samples: [],
      reason: expect.stringMatching(reason),
    });
  });

  test('a component that the page does not name, and which it may have been', async () => {
    expect((await reading({}, { components: ['Auth', 'Databse'] })).reason).toMatch(/names no component "Databse"; it names Database$/);
    expect((await reading({}, { components: ['Realtime'] })).reason).toMatch(/"Realtime"; it names Database, Auth, Storage$/);
    const none = await reading({ body: summary({ components: [] }) }, { components: ['Auth'] });
    expect(none).toMatchObject({ alive: false, reason: expect.stringMatching(/it names none$/) });
  });

  test('a page of a thousand names and one is read for those that are chosen', async () => {
    expect(await reading({ body: summary({ components: many }) }, { components: ['Component 7'] })).toMatchObject({ alive: true });
  });

  test('nobody there', async () => {
    const page = await servePage();
    await page.close();
    expect(await readerOf(page.url).read(never, {})).toMatchObject({ alive: false, samples: [], reason: expect.stringMatching(/./) });
  });

  test('an older copy than the one before, until it has been the only one for ten minutes', async () => {
    const page = await served({ body: summary({ updatedAt: '2025-03-10T12:00:00Z', indicator: 'major' }) });
    let now = Date.parse('2025-03-10T12:00:05Z');
    const reader = readerOf(page.url, { time: { now: () => now } });
    expect(await reader.read(never, {})).toMatchObject({ alive: true });
    page.set({ body: summary({ updatedAt: '2025-03-10T11:00:00Z' }) });
    for (const laterMs of [30_000, 300_000, 599_000]) {
      now = Date.parse('2025-03-10T12:00:05Z') + laterMs;
      expect(await reader.read(never, {})).toMatchObject({
        alive: false,
        reason: expect.stringMatching(/older copy: of 2025-03-10T11:00:00\.000Z, and one of 2025-03-10T12:00:00\.000Z was read before it$/),
      });
    }
    now += 1_000;
    expect(await reader.read(never, {})).toMatchObject({ alive: true });
    now += 1_000;
    expect(await reader.read(never, {})).toMatchObject({ alive: true });
  });
});

describe('the example of the documentation', () => {
  const doc = readFileSync(path.join(import.meta.dirname, '../../../docs/sources/status-page.md'), 'utf8');

  async function example() {
    const page = await served();
    const folder = mkdtempSync(path.join(tmpdir(), 'belay-status-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const yaml = /```yaml\n([\s\S]+?)```/.exec(doc)?.[1] ?? '';
    writeFileSync(path.join(folder, 'belay.yaml'), yaml.replace('https://status.example.com', page.base));
    const loaded = lintFolder(folder);
    const spec = loaded.system?.sources[0];
    if (loaded.system === null || spec?.driver !== 'status-page') throw new Error('the example has no status page');
    return { page, loaded, spec, system: loaded.system };
  }

  test('loads without a problem and reads a real page; every sample is in its table', async () => {
    const { loaded, spec } = await example();
    expect(told(loaded)).toEqual([]);
    const batch = await createStatusPageReader(spec, { http, time: systemTime }).read(never, {});
    expect(batch).toMatchObject({ source: 'db-vendor', alive: true });
    expect(values(batch)).toHaveProperty('status_component_down{Auth}');
    expect(values(batch)).not.toHaveProperty('status_component_down{Storage}');
    for (const sample of batch.samples) expect(doc).toContain(`| \`${'name' in sample ? sample.name : ''}\` |`);
  });

  test('is breached by an outage of the component that it names, not by one of another, and a page without words is unknown', async () => {
    const { page, spec, system } = await example();
    const clock = new StillClock();
    const reader = createStatusPageReader(spec, { http, time: clock.time() });
    const store = createVirtualSignalStore({ disk: new DurableDisk() });
    const detector = createDetector({ system, store, time: clock.time(), sources: [] });
    const run = async (readings: number, answer: Answer): Promise<void> => {
      page.set(answer);
      for (let n = 0; n < readings; n += 1) {
        clock.nowMs += spec.everyMs;
        await detector.ingest(await reader.read(never, {}));
      }
    };
    const outage = (name: string): Answer => ({
      body: summary({
        components: ['Database', 'Auth'].map((one) => ({ name: one, status: one === name ? 'major_outage' : 'operational' })),
      }),
    });
    const view = async () => (await detector.readings.views('db-vendor-down'))[0];
    await run(12, outage('Auth'));
    expect(await view()).toMatchObject({ status: 'ok', unknown: false, value: 0 });
    await run(12, outage('Database'));
    expect(await view()).toMatchObject({ status: 'breached', value: 1 });
    await run(4, { body: '<html>' });
    expect(await view()).toMatchObject({ status: 'breached', unknown: true });
  });
});
