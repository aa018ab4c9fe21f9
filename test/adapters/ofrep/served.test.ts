// Flags that Belay keeps and serves: read by the official OpenFeature SDK over a real port, from the file when Belay is down, and proven by
// Belay's own verifier of the protocol.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { OFREPProvider } from '@openfeature/ofrep-provider';
import { OpenFeature } from '@openfeature/server-sdk';
import fc from 'fast-check';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { createFileWriter } from '../../../src/adapters/file-writer/index.ts';
import { createHttp } from '../../../src/adapters/http/index.ts';
import { createOfrep } from '../../../src/adapters/ofrep/index.ts';
import { createProcesses } from '../../../src/adapters/process/index.ts';
import { createBelayFlag } from '../../../src/adapters/settings-file/index.ts';
import { createDigest, systemTime } from '../../../src/adapters/system/index.ts';
import type { SettingValue } from '../../../src/domain/setting.ts';
import type { FlagSpec } from '../../../src/domain/setting-catalog.ts';
import { createActions } from '../../../src/flows/actions/index.ts';
import { ofrepProbe } from '../../../src/flows/probes/settings.ts';
import type { Flag } from '../../../src/ports/settings.ts';
import { openFlag } from '../../../src/registry-settings.ts';
import { actionContract } from '../../contracts/action.ts';
import { flagContract } from '../../contracts/settings.ts';
import { HOST, openDoor } from '../../server/world.ts';

const TOKEN = 'app-token-1234567890';
const http = createHttp({ allow: ['127.0.0.1'] });

function kept(more: Partial<Extract<FlagSpec, { driver: 'belay' }>> = {}) {
  const dir = mkdtempSync(path.join(tmpdir(), 'belay-flags-'));
  const deps = {
    processes: createProcesses(),
    digest: createDigest('key'),
    files: createFileWriter(),
    baseDir: dir,
    dataDir: dir,
    time: systemTime,
    http,
  };
  const open = (id = 'paused') => createBelayFlag({ id, driver: 'belay', default: 'off', onUnreachable: 'off', ...more }, deps);
  return { dir, deps, open, file: path.join(dir, 'flags.json'), close: async () => rmSync(dir, { recursive: true, force: true }) };
}

const set = async (flag: Flag, to: SettingValue, org: string | null = null): Promise<void> =>
  flag.set(to, { expected: (await flag.get(org)).fingerprint, key: 'k', reason: 'INC-1', org });

/** As an application reads the file. */
function inFile(file: string, org: string | null): unknown {
  let flags: Record<string, { value: unknown; orgs?: Record<string, unknown> }> = {};
  try {
    flags = (JSON.parse(readFileSync(file, 'utf8')) as { flags: typeof flags }).flags;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const flag = flags['paused'];
  return (org === null ? undefined : flag?.orgs?.[org]) ?? flag?.value ?? false;
}

flagContract('a flag that Belay keeps', async () => {
  const { open, file, close } = kept();
  return { flag: open(), is: false, to: true, given: async (org) => inFile(file, org), close };
});

flagContract('a flag of several values that Belay keeps', async () => {
  const { open, close } = kept({ values: ['normal', 'low', 'aggressive'], default: 'normal' });
  const flag = open();
  return { flag, is: 'normal', to: 'aggressive', put: () => set(flag, 'low'), given: (org) => open().evaluate(org), close };
});

actionContract('flag.set on a flag that Belay keeps', async () => {
  const { open, close } = kept();
  const flag = open();
  const action = createActions({ targets: {}, switches: {}, pause: null as never, flags: { paused: flag } })['flag.set'];
  if (action === undefined) throw new Error('no action flag.set');
  const interfere = async (): Promise<void> => set(flag, true, 'globex');
  return { action, args: { flag: 'paused', to: 'on' }, impossible: { flag: 'paused', to: 'maybe' }, interfere, close };
});

describe('a flag that Belay keeps', () => {
  it('says in its file since when and why it is so, and what to do where it cannot be read', async () => {
    const { open, file, close } = kept();
    onTestFinished(close);
    await set(open(), true, 'acme');
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({
      flags: {
        paused: { value: false, orgs: { acme: true }, onUnreachable: 'off', reason: 'INC-1', changedAt: expect.stringMatching(/^20.*Z$/) },
      },
    });
  });

  it('is the same for all once it is set for all', async () => {
    const { open, file, close } = kept();
    onTestFinished(close);
    await set(open(), true, 'acme');
    expect((await open().get(null)).value).toBe('by organization');
    await set(open(), false);
    expect([inFile(file, 'acme'), (await open().get(null)).value]).toEqual([false, false]);
  });

  it('is told as damaged where its file is, and never taken for its default', async () => {
    const { open, file, close } = kept();
    onTestFinished(close);
    writeFileSync(file, '{"flags": [');
    await expect(open().evaluate(null)).rejects.toMatchObject({
      code: 'BELAY_TARGET_UNREACHABLE',
      message: expect.stringMatching(/damaged/),
    });
    await expect(set(open(), true)).rejects.toMatchObject({ code: 'BELAY_TARGET_UNREACHABLE' });
  });
});

describe('applications that read flags of Belay', () => {
  afterEach(() => OpenFeature.close());

  async function served() {
    const { open, ...rest } = kept();
    const flags = { paused: open(), 'of-table': { ...open('of-table'), evaluate: () => open('x').meant('neither', null) } };
    const door = await openDoor({ flags, system: { ofrep: { tokens: [TOKEN, 'another'] } } });
    const listening = await door.server.listen(0);
    let up = true;
    const stop = async (): Promise<void> => {
      if (up) await listening.close();
      up = false;
    };
    onTestFinished(async () => {
      await stop();
      await door.remove();
      await rest.close();
    });
    return { ...rest, open, door, url: listening.url, stop };
  }

  it('get what is set, for their organization, with the official SDK; and their own default once Belay is down', async () => {
    const { open, url, file, stop } = await served();
    await OpenFeature.setProviderAndWait(new OFREPProvider({ baseUrl: url, headers: { Authorization: `Bearer ${TOKEN}` } }));
    const client = OpenFeature.getClient();
    const paused = (org: string, otherwise: boolean) => client.getBooleanDetails('paused', otherwise, { targetingKey: org });
    expect(await paused('acme', true)).toMatchObject({ value: false, flagMetadata: { onUnreachable: 'off' } });
    await set(open(), true, 'acme');
    expect([(await paused('acme', false)).value, (await paused('globex', true)).value]).toEqual([true, false]);
    expect(await client.getBooleanDetails('unknown', true)).toMatchObject({ value: true, errorCode: 'FLAG_NOT_FOUND' });
    expect(await client.getBooleanDetails('of-table', true)).toMatchObject({ value: true, reason: 'ERROR' });
    await stop();
    expect(await paused('acme', false)).toMatchObject({ value: false, reason: 'ERROR' });
    // What stands in the file is still true.
    expect([inFile(file, 'acme'), inFile(file, 'globex')]).toEqual([true, false]);
  });

  it('are known by their token, which opens nothing else', async () => {
    const { door } = await served();
    const ask = (path: string, token: string | null, body: unknown = {}) =>
      door.ask('POST', path, { as: null, body, headers: token === null ? {} : { authorization: `Bearer ${token}` } });
    for (const token of [null, 'wrong', await door.token('operator')])
      expect((await ask('/ofrep/v1/evaluate/flags', token)).status).toBe(401);
    expect((await ask('/ofrep/v1/evaluate/flags/paused', 'another')).status).toBe(200);
    expect((await door.ask('GET', '/v1/status', { as: null, headers: { authorization: `Bearer ${TOKEN}` } })).status).toBe(401);
  });

  it('get nothing where no token is configured', async () => {
    const { open, close } = kept();
    const door = await openDoor({ flags: { paused: open() } });
    onTestFinished(async () => {
      await door.remove();
      await close();
    });
    expect((await door.ask('POST', '/ofrep/v1/evaluate/flags', { body: {} })).status).toBe(404);
  });

  it('get all flags with a mark, and nothing again while nothing has changed', async () => {
    const { door, open } = await served();
    const all = (etag = '') =>
      door.ask('POST', '/ofrep/v1/evaluate/flags', {
        ...{ as: null, body: { context: { targetingKey: 'acme' } } },
        headers: { authorization: `Bearer ${TOKEN}`, 'if-none-match': etag },
      });
    const first = await all();
    const etag = first.headers.get('etag') ?? '';
    expect(await first.json()).toEqual({
      flags: [
        { key: 'of-table', errorCode: 'GENERAL', errorDetails: 'it cannot be read now', metadata: { onUnreachable: 'off' } },
        { key: 'paused', reason: 'STATIC', variant: 'false', value: false, metadata: { onUnreachable: 'off' } },
      ],
    });
    const again = await all(etag);
    expect([again.status, await again.text(), again.headers.get('etag')]).toEqual([304, '', etag]);
    await set(open(), true, 'acme');
    expect((await all(etag)).status).toBe(200);
  });

  it('are told what is wrong with a question, in the words of the protocol', async () => {
    const { door } = await served();
    const ask = async (body: unknown) => {
      const response = await door.ask('POST', '/ofrep/v1/evaluate/flags/paused', {
        as: null,
        body,
        headers: { authorization: `Bearer ${TOKEN}` },
      });
      return [response.status, ((await response.json()) as { errorCode?: string }).errorCode];
    };
    expect(await ask('{')).toEqual([400, 'PARSE_ERROR']);
    expect(await ask('{"context": []}')).toEqual([400, 'INVALID_CONTEXT']);
    expect(await ask({ context: { targetingKey: 'x'.repeat(300) } })).toEqual([400, 'INVALID_CONTEXT']);
    expect(await ask({ context: { targetingKey: 'x'.repeat(70_000) } })).toEqual([413, 'PARSE_ERROR']);
  });

  it('never bring the server down, whatever they ask', async () => {
    const { door } = await served();
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.json(), fc.string()), async (body) => {
        const request = new Request(`http://${HOST}/ofrep/v1/evaluate/flags/paused`, {
          ...{ method: 'POST', body, headers: { host: HOST, authorization: `Bearer ${TOKEN}` } },
        });
        expect([200, 400]).toContain((await door.server.app.request(request)).status);
      }),
      { numRuns: 1_000 },
    );
    expect(door.bugs).toEqual([]);
  });

  it('are asked for by a flag that counts only when they would get it', async () => {
    const { open, deps, url } = await served();
    const spec = { id: 'paused', driver: 'belay', default: 'off', ofrep: url, ofrepToken: TOKEN } as const;
    // Its own file is not the one that is served: set, but nobody gets it.
    const aside = openFlag({ ...spec, file: 'aside.json' }, deps);
    const flags = { aside, paused: openFlag(spec, deps) };
    const action = createActions({ targets: {}, switches: {}, pause: null as never, flags })['flag.set'];
    await set(aside, true);
    expect(await action?.observe({ flag: 'aside', to: 'on' })).toMatchObject({
      reached: false,
      current: 'true (applications still get false)',
    });
    await set(open(), true);
    expect(await action?.observe({ flag: 'paused', to: 'on' })).toMatchObject({ reached: true, current: true });
  });
});

describe('the probe ofrep', () => {
  it('measures what a server of the protocol gives, and knows nothing where it gives nothing', async () => {
    const { open, close } = kept();
    const door = await openDoor({ flags: { paused: open() }, system: { ofrep: { tokens: [TOKEN] } } });
    const listening = await door.server.listen(0);
    onTestFinished(async () => {
      await listening.close();
      await door.remove();
      await close();
    });
    await set(open(), true, 'acme');
    const withToken = {
      ...http,
      request: (one: Parameters<typeof http.request>[0]) =>
        http.request({ ...one, headers: { ...one.headers, authorization: `Bearer ${TOKEN}` } }),
    };
    const probe = ofrepProbe(createOfrep({ http: withToken }));
    const asks = (flag: string, org?: string) => probe.measure({ url: listening.url, flag, ...(org === undefined ? {} : { org }) });
    expect(await asks('paused', 'acme')).toEqual({ known: true, values: { value: 'true', on: true } });
    expect(await asks('paused')).toEqual({ known: true, values: { value: 'false', on: false } });
    expect(await asks('nobody')).toMatchObject({ known: false, why: expect.stringMatching(/no flag nobody/) });
    expect(await ofrepProbe(createOfrep({ http })).measure({ url: listening.url, flag: 'paused' })).toMatchObject({
      known: false,
      why: expect.stringMatching(/answers 401/),
    });
    expect(await probe.measure({ url: 'http://127.0.0.1:1', flag: 'paused' })).toMatchObject({ known: false });
  });
});

it('reads a file of flags that a kill or a touch left empty as one without a flag, and writes it as if it were not there', async () => {
  const { open, dir, file, close } = kept();
  onTestFinished(close);
  writeFileSync(file, '');
  expect((await open().get(null)).value).toBe(false);
  await set(open(), true);
  expect((await open().get(null)).value).toBe(true);
  rmSync(file);
  await set(open(), true);
  expect([inFile(file, null), readdirSync(dir).filter((name) => name.includes('begun'))]).toEqual([true, []]);
});
