// `belay doctor`: whether a signal matches anything of what its sources told, in both languages.
import { describe, expect, onTestFinished, test } from 'vitest';
import { createHttp } from '../../src/adapters/http/index.ts';
import { checkSignals, heardHere } from '../../src/cli/doctor-signals.ts';
import { BelayError } from '../../src/domain/errors.ts';
import { selectorText, type Told } from '../../src/domain/selection.ts';
import type { Selector, SignalKind } from '../../src/domain/signal.ts';
import type { Lang } from '../../src/domain/system.ts';
import type { ToldNames } from '../../src/ports/readings.ts';
import { scrape, signal, system } from '../flows/detect-world.ts';
import { livingDoor } from './belay.ts';

const of = (name: string, ...labels: readonly (readonly [string, '=' | '!=' | '=~' | '!~', string])[]): Selector => ({
  name,
  labels: labels.map(([label, op, value]) => ({ label, op, value })),
});
const PAGE: readonly Told[] = [
  { name: 'http_requests_total', labels: { code: '200', org: 'acme' } },
  { name: 'http_requests_total', labels: { code: '404', org: 'acme' } },
  { name: 'latency_seconds_count', labels: { org: 'acme' } },
  { name: 'latency_seconds_bucket', labels: { org: 'acme', le: '0.5' } },
  { name: 'queue', labels: {} },
];

function found(
  kind: SignalKind,
  o: {
    readonly lang?: Lang;
    readonly by?: string | null;
    readonly sources?: readonly string[];
    readonly heard?: readonly ToldNames[];
  } = {},
) {
  const spec = { ...signal(kind, { by: o.by === undefined ? 'org' : o.by, sources: o.sources ?? ['shop'] }), id: 'it' };
  const all = system({ sources: [scrape(), { id: 'hooks', driver: 'push', everyMs: 1_000 } as never], signals: [spec], triggers: [] });
  return checkSignals(all, new Map([['shop', PAGE]]), { lang: o.lang ?? 'en', ...(o.heard === undefined ? {} : { heard: o.heard }) });
}

describe('doctor, of a signal', () => {
  test('that matches says how many series it selects', () => {
    expect(found({ kind: 'rate', of: of('http_requests_total', ['code', '=~', '4..']) })).toEqual([
      { what: 'signal it', state: 'ok', says: 'selects 1 series of what shop told' },
    ]);
    expect(found({ kind: 'quantile', of: of('latency_seconds'), q: 0.99 })).toMatchObject(
      [{ state: 'ok', says: /^selects 2 series/ }].map(loose),
    );
  });

  test('whose name is not there says what was told, and what may be meant', () => {
    const kind: SignalKind = { kind: 'rate', of: of('http_request_total', ['class', '=', '5xx']) };
    expect(found(kind)).toEqual([
      {
        what: 'signal it',
        state: 'warn',
        says: 'selects http_request_total{class="5xx"}, and shop told only: http_requests_total, latency_seconds_bucket, latency_seconds_count, queue',
        todo: 'Did you mean http_requests_total?',
      },
    ]);
    expect(found(kind, { lang: 'pt-BR' })).toMatchObject([
      {
        says: expect.stringMatching(/^seleciona http_request_total\{class="5xx"\}, e shop disse apenas: http_/),
        todo: 'Seria http_requests_total?',
      },
    ]);
  });

  test('whose labels are not there says which labels and values there are', () => {
    const kind: SignalKind = { kind: 'ratio', bad: of('http_requests_total', ['class', '=', '5xx']), all: of('http_requests_total') };
    expect(found(kind)).toMatchObject([
      {
        state: 'warn',
        says: 'selects http_requests_total{class="5xx"}, and no series of http_requests_total matches: there are code="200|404", org="acme"',
        todo: expect.stringMatching(/belay\.yaml/),
      },
    ]);
    expect(found(kind, { lang: 'pt-BR' })).toMatchObject([
      { says: expect.stringMatching(/nenhuma série de http_requests_total corresponde: há code="200\|404", org="acme"$/) },
    ]);
  });

  test('that counts what has not happened yet is in order, where the labels are there', () => {
    const kind: SignalKind = { kind: 'ratio', bad: of('http_requests_total', ['code', '=~', '5..']), all: of('http_requests_total') };
    expect(found(kind)).toMatchObject([
      {
        state: 'ok',
        says: expect.stringMatching(/^nothing matches http_requests_total\{code=~"5\.\."\} now, which is right while .*; there are code=/),
      },
    ]);
  });

  test('whose scope is no label of its series is warned of: nothing of it could ever be acted on', () => {
    expect(found({ kind: 'gauge', of: of('queue') })).toMatchObject([
      { state: 'warn', says: 'no series of queue has the label org: there are no labels', todo: expect.stringMatching(/\(other\)/) },
    ]);
    expect(found({ kind: 'gauge', of: of('queue') }, { by: null })).toMatchObject([{ state: 'ok' }]);
  });

  test('that another source may feed, which is not looked at, is no trouble; one that selects nothing, or was told nothing, is passed over', () => {
    expect(found({ kind: 'rate', of: of('webhook') }, { sources: [] })).toMatchObject([
      { state: 'skip', says: expect.stringMatching(/ \(not looked at here: hooks\)$/) },
    ]);
    expect(found({ kind: 'rate', of: of('webhook') }, { sources: ['hooks'] })).toEqual([]);
    expect(found({ kind: 'composite', of: ['a'], atLeast: 1 })).toEqual([]);
    expect(selectorText(of('a', ['b', '!~', 'c"d']))).toBe('a{b!~"c\\"d"}');
  });
});

describe('doctor, of a signal that is sent', () => {
  const heard = (o: Partial<ToldNames> = {}): readonly ToldNames[] => [
    { source: 'hooks', isAll: true, names: [{ name: 'webhook', isAll: true, labels: [{ type: 'opened', org: 'acme' }] }], ...o },
  ];
  const kind: SignalKind = { kind: 'rate', of: of('webhook', ['class', '=', '5xx']) };
  const asked = { sources: ['hooks'] };

  test('says what the running Belay heard of its sender', () => {
    expect(found({ kind: 'rate', of: of('webhook', ['type', '=', 'opened']) }, { ...asked, heard: heard() })).toMatchObject([
      { state: 'ok', says: 'selects 1 series of what hooks told' },
    ]);
    expect(found(kind, { ...asked, heard: heard() })).toMatchObject([
      { state: 'warn', says: 'selects webhook{class="5xx"}, and no series of webhook matches: there are type="opened", org="acme"' },
    ]);
  });

  test('says nothing is missing of what is known in part', () => {
    const names = heard()[0]?.names.map((one) => ({ ...one, isAll: false })) ?? [];
    expect(found(kind, { ...asked, heard: heard({ names }) })).toEqual([]);
    expect(found({ kind: 'rate', of: of('other') }, { ...asked, heard: heard({ isAll: false }) })).toEqual([]);
    expect(found({ kind: 'rate', of: of('other') }, { ...asked, heard: heard() })).toMatchObject([{ state: 'warn' }]);
  });
});

test('doctor asks a running Belay what its senders told, and goes on where it does not answer', async () => {
  const door = await livingDoor();
  onTestFinished(() => door.remove());
  const heard = [{ source: 'hooks', isAll: true, names: [{ name: 'webhook', isAll: true, labels: [{ type: 'opened' }] }] }];
  Object.assign(door.story.world.readings, { told: async () => heard });
  const context = { dataDir: door.dataDir, as: undefined, wiring: { http: async () => createHttp({ allow: ['127.0.0.1'] }) } };
  const asked = (dataDir: string) => heardHere({ ...context, dataDir } as unknown as Parameters<typeof heardHere>[0]);
  expect(await asked(door.dataDir)).toEqual(heard);
  expect(await asked(`${door.dataDir}/none`)).toEqual([]);
  Object.assign(door.story.world.readings, {
    told: async () => {
      throw new BelayError('BELAY_STORE_UNAVAILABLE', 'no store');
    },
  });
  expect(await asked(door.dataDir)).toEqual([]);
});

const loose = (one: { readonly state: string; readonly says: RegExp }) => ({ ...one, says: expect.stringMatching(one.says) as string });
