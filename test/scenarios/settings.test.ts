// Runbooks that set what a service reads: files of settings and flags of a small service on a real port, judged by what the service answers.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runInNewContext } from 'node:vm';
import { describe, expect, onTestFinished, test } from 'vitest';
import { SERVICE_FILES, startSmallService, writeReload } from '../world/parts/small-service.ts';
import { BELAY_YAML, folderOf, playFolder } from '../world/scenes/folder.ts';
import { ANA, asks, openApproval } from '../world/scenes/play.ts';

async function service() {
  const dir = mkdtempSync(path.join(tmpdir(), 'belay-service-'));
  for (const [name, text] of Object.entries(SERVICE_FILES)) writeFileSync(path.join(dir, name), text);
  const running = await startSmallService(dir);
  onTestFinished(async () => {
    await running.close();
    rmSync(dir, { recursive: true, force: true });
  });
  const reload = JSON.stringify(writeReload(dir, running.url));
  const yaml = `${BELAY_YAML}network: { allow: [127.0.0.1] }
config:
  crm: { driver: env-file, file: ${dir}/.env, reload: ${reload} }
flags:
  writes-paused: { driver: json-file, file: ${dir}/flags.json, key: writesPaused, onUnreachable: off }
  voice: { driver: json-file, file: ${dir}/flags.json, key: newVoiceAnalysis, onUnreachable: off }
`;
  return { ...running, dir, yaml, text: (name: string) => readFileSync(path.join(dir, name), 'utf8') };
}

const step = (id: string, block: string): string => `### Step ${id} {#${id}}\n\n\`\`\`belay ${block}\n\`\`\`\n\n`;
const undo = (...ids: readonly string[]): string => step('back', `do belay.undo\nwith: { steps: [${ids.join(', ')}] }`);
const sees = (id: string, url: string, expect: string, more = ''): string =>
  step(id, `verify\nall: [{ probe: http, with: { url: "${url}"${more} }, expect: '${expect}' }]\ntimeout: 2s`);

async function carryOut(o: { readonly yaml: string; readonly steps: string; readonly ids: readonly string[] }) {
  const one = await playFolder({ yaml: o.yaml, steps: o.steps, acts: true });
  await one.run();
  for (const id of o.ids) expect(await one.ended(id), `${id}: ${JSON.stringify(await one.ended(id))}`).toMatchObject({ status: 'done' });
  return one;
}

describe('a degraded mode of a running service', () => {
  test('rate limits are relaxed by settings that the service reads again, all or none, and come back [S1-ST-08]', async () => {
    const { yaml, url, loads, text } = await service();
    const relax = `do config.set
with: { config: crm, set: { RATE_LIMIT: 1000, RATE_WINDOW: 60 } }
undo: { do: config.set, with: { config: crm, set: { RATE_LIMIT: 2, RATE_WINDOW: null } } }
verify: [{ probe: config, with: { config: crm, key: RATE_LIMIT }, expect: 'value == "1000" && loaded' }]`;
    const steps =
      sees('was', `${url}/limited`, 'ok < tried', ', times: 3') +
      step('relax', relax) +
      sees('sees', `${url}/limited`, 'ok == tried', ', times: 50') +
      undo('relax') +
      sees('sees-again', `${url}/limited`, 'ok < tried', ', times: 3');
    await carryOut({ yaml, steps, ids: ['was', 'relax', 'sees', 'back', 'sees-again'] });
    expect([loads(), text('.env')]).toEqual([3, SERVICE_FILES['.env']]);
  });

  test('legacy webhooks are taken again instead of 410 Gone, until they are closed again [S1-ST-09]', async () => {
    const { yaml, url, get } = await service();
    const steps =
      sees('was', `${url}/webhook/v1`, 'status == 410') +
      step(
        'legacy',
        `do config.set
with: { config: crm, set: { LEGACY_WEBHOOKS: on } }
undo: { do: config.set, with: { config: crm, set: { LEGACY_WEBHOOKS: off } } }`,
      ) +
      sees('sees', `${url}/webhook/v1`, 'status == 200') +
      undo('legacy');
    await carryOut({ yaml, steps, ids: ['was', 'legacy', 'sees', 'back'] });
    expect((await get('/webhook/v1')).status).toBe(410);
  });

  test('the cache is made aggressive, and its configuration is restored to the byte [S2-ST-13, S2-ST-15]', async () => {
    const { yaml, url, get, text } = await service();
    const steps =
      step(
        'cache',
        `do config.set
with: { config: crm, set: { CACHE_MODE: aggressive } }
undo: { do: config.set, with: { config: crm, set: { CACHE_MODE: normal } } }`,
      ) + sees('sees', `${url}/page`, 'status == 200');
    await carryOut({ yaml, steps, ids: ['cache', 'sees'] });
    expect((await get('/page')).headers.get('cache-control')).toBe('max-age=3600');
    const restore = step(
      'restore',
      `do config.set
with: { config: crm, set: { CACHE_MODE: normal } }
undo: { do: config.set, with: { config: crm, set: { CACHE_MODE: aggressive } } }`,
    );
    await carryOut({ yaml, steps: restore, ids: ['restore'] });
    expect((await get('/page')).headers.get('cache-control')).toBe('max-age=5');
    expect(text('.env')).toBe(SERVICE_FILES['.env']);
  });

  test('writes are paused for as long as the runbook says: 503 meanwhile, reads go on, and then they are taken again [S2-ST-29]', async () => {
    const { yaml, url, get, post } = await service();
    expect(await post('/orders')).toBe(200);
    const pause = step(
      'pause',
      `do flag.set
with: { flag: writes-paused, to: on }
undo: { do: flag.set, with: { flag: writes-paused, to: off } }
verify: [{ probe: flag, with: { flag: writes-paused }, expect: "on" }]`,
    );
    await carryOut({ yaml, steps: pause + sees('sees', `${url}/page`, 'status == 200'), ids: ['pause', 'sees'] });
    expect([await post('/orders'), (await get('/page')).status]).toEqual([503, 200]);
    const resume = step(
      'resume',
      'do flag.set\nwith: { flag: writes-paused, to: off }\nundo: { do: flag.set, with: { flag: writes-paused, to: on } }',
    );
    await carryOut({ yaml, steps: resume, ids: ['resume'] });
    expect(await post('/orders')).toBe(200);
  });
});

describe('a feature flag', () => {
  test('takes a heavy or faulty feature out of a running service without a deploy, and brings it back [S2-ST-11, S2-ST-20, S3-PO-04]', async () => {
    const { yaml, url, get, loads, text } = await service();
    expect((await get('/voice')).body).toBe('new analysis');
    const steps =
      step('off', 'do flag.set\nwith: { flag: voice, to: off }\nundo: { do: flag.set, with: { flag: voice, to: on } }') +
      sees('sees', `${url}/voice`, 'found', ', contains: "old analysis"');
    const one = await carryOut({ yaml, steps, ids: ['off', 'sees'] });
    expect((await one.ended('off'))?.detail).toMatchObject({ current: false, desired: false });
    // The same process, which nobody restarted.
    expect([(await get('/voice')).body, loads()]).toEqual(['old analysis', 1]);
    expect(text('flags.json')).toBe(SERVICE_FILES['flags.json'].replace('"newVoiceAnalysis": true', '"newVoiceAnalysis": false'));
  });

  test('of the code is turned off where it stands, three at once, and counts once it is deployed [S2-ST-07]', async () => {
    const features = `// config/features.ts
export const featureFlags = {
  newVoiceAnalysis: true,
  betaGamification: true, // since March
  improvedOffline: true
};
`;
    const flags = ['newVoiceAnalysis', 'betaGamification', 'improvedOffline'];
    const id = (key: string): string => key.replaceAll(/[A-Z]/g, (one) => `-${one.toLowerCase()}`);
    const yaml = `${BELAY_YAML}flags:\n${flags.map((key) => `  ${id(key)}: { driver: ts-file, file: config/features.ts, key: ${key} }\n`).join('')}`;
    const steps = flags
      .map((key) =>
        step(id(key), `do flag.set\nwith: { flag: ${id(key)}, to: false }\nundo: { do: flag.set, with: { flag: ${id(key)}, to: true } }`),
      )
      .join('');
    const one = await playFolder({ yaml, steps, files: { 'config/features.ts': features }, acts: true });
    const deployed = (): unknown => {
      // A deploy takes the folder as it is.
      cpSync(path.join(one.folder, 'config'), path.join(one.folder, 'live'), { recursive: true });
      const text = readFileSync(path.join(one.folder, 'live/features.ts'), 'utf8');
      return runInNewContext(`${stripTypeScriptTypes(text).replace('export ', '')}; ({ ...featureFlags })`);
    };
    expect(deployed()).toEqual({ newVoiceAnalysis: true, betaGamification: true, improvedOffline: true });
    await one.run();
    expect(await Promise.all(flags.map(async (key) => (await one.ended(id(key)))?.status))).toEqual(['done', 'done', 'done']);
    expect(readFileSync(path.join(one.folder, 'config/features.ts'), 'utf8')).toBe(features.replaceAll('true', 'false'));
    expect(deployed()).toEqual({ newVoiceAnalysis: false, betaGamification: false, improvedOffline: false });
  });
});

describe('a bypass for tests', () => {
  const bypass =
    step('allow', 'approve\nfrom: [commander]') +
    step(
      'bypass',
      `do config.set
with: { config: crm, set: { ENABLE_TEST_BYPASS: true } }
undo: { do: config.set, with: { config: crm, set: { ENABLE_TEST_BYPASS: null } } }
contingency: { owner: commander, expires: 30m, atExpiry: undo }
evidence: bypass-on`,
    );

  const allow = async (one: Awaited<ReturnType<typeof playFolder>>): Promise<void> => {
    const { id, planHash } = openApproval(await one.incident());
    await one.commands.approve(ANA, { incident: 'INC-1', approval: id, planHash, decision: 'grant', key: 'a1' });
  };

  test('is set once somebody approves it, is known as a measure with an owner, and is gone from the file and the service when its time is over [S1-ST-07, S1-GU-01]', async () => {
    const { yaml, get, text } = await service();
    const one = await playFolder({ yaml, steps: bypass, acts: true });
    await one.commands.startRun(ANA, { runbook: 'look', inputs: {}, key: 'r1' });
    await one.until(asks);
    expect([text('.env'), (await get('/admin')).status]).toEqual([SERVICE_FILES['.env'], 401]);
    await allow(one);
    await one.until((incident) => incident.isRunning === false);
    expect(await one.ended('bypass')).toMatchObject({ status: 'done', detail: { current: { ENABLE_TEST_BYPASS: 'true' } } });
    expect([(await get('/admin')).status, text('.env')]).toEqual([200, `${SERVICE_FILES['.env']}ENABLE_TEST_BYPASS=true\n`]);
    const opened = (await one.incident()).contingencies[0];
    expect(opened).toMatchObject({ step: 'bypass', owner: 'commander', action: 'config.set' });
    expect((await one.incident()).evidence).toContain('bypass-on');
    await one.clock.advance(29 * 60_000);
    expect((await get('/admin')).status).toBe(200);
    await one.until((incident) => incident.contingencies.every((open) => open.closedAt !== undefined), 10 * 60_000);
    expect([(await get('/admin')).status, text('.env')]).toEqual([401, SERVICE_FILES['.env']]);
  });

  test('that somebody has changed meanwhile is left alone, and its owner is called', async () => {
    const { yaml, dir, text } = await service();
    const one = await playFolder({ yaml, steps: bypass, acts: true });
    await one.commands.startRun(ANA, { runbook: 'look', inputs: {}, key: 'r1' });
    await one.until(asks);
    await allow(one);
    await one.until((incident) => incident.isRunning === false);
    writeFileSync(path.join(dir, '.env'), text('.env').replace('BYPASS=true', 'BYPASS=only-me'));
    await one.clock.advance(31 * 60_000);
    expect(text('.env')).toContain('ENABLE_TEST_BYPASS=only-me');
    expect((await one.all('escalation.fired')).map(({ to }) => to)).toContain('commander');
  });
});

describe('a setting that lowers the security', () => {
  const yaml = `${BELAY_YAML}config:\n  crm: { driver: env-file, file: .env }\n`;
  const files = { '.env': SERVICE_FILES['.env'] };
  const bypass = (more: string): string =>
    step(
      'bypass',
      `do config.set
with: { config: crm, set: { ENABLE_TEST_BYPASS: true } }
undo: { do: config.set, with: { config: crm, set: { ENABLE_TEST_BYPASS: null } } }${more}`,
    );
  const approve = step('allow', 'approve\nfrom: [commander]');
  const told = (steps: string, policy = ''): readonly string[] =>
    folderOf({ yaml: yaml + policy, steps, files })
      .loaded()
      .diagnostics.filter((one) => one.rule === 'dangerous-setting')
      .map((one) => one.message.replace(/^.* service, /, ''));

  test('is refused without an approval before it, evidence and an end [S1-SE-02, S1-GU-01]', () => {
    expect(told(bypass(''))).toEqual([
      'and the step bypass does not end by itself',
      'and nobody approves it before',
      'and the step bypass leaves no evidence',
    ]);
    const whole = '\ncontingency: { owner: commander, expires: 30m, atExpiry: undo }\nevidence: bypass-on';
    expect(told(bypass(whole))).toEqual(['and nobody approves it before']);
    expect(told(approve + bypass(whole.replace(', atExpiry: undo', '')))).toEqual(['and the step bypass does not end by itself']);
    expect(told(bypass(whole) + approve)).toEqual(['and nobody approves it before']);
    expect(told(approve + bypass(whole))).toEqual([]);
    expect(told(bypass('').replace('set: { ENABLE_TEST_BYPASS: true }', 'set: { ENABLE_TEST_BYPASS: false }'))).toEqual([]);
  });

  test('may be one that only the user knows', () => {
    const own = bypass('').replaceAll('ENABLE_TEST_BYPASS', 'OPEN_THE_GATE');
    expect(told(own)).toEqual([]);
    expect(told(own, 'policy: { dangerous: [OPEN_THE_GATE] }\n')).toHaveLength(3);
  });
});

describe('what cannot work', () => {
  test('is told when the files are read: a flag nobody declared, a value that is none, an undo of other keys', () => {
    const yaml = `${BELAY_YAML}config:\n  crm: { driver: env-file, file: .env }\nflags:\n  beta: { driver: env-file, file: .env, key: BETA }\n`;
    const rules = (steps: string): readonly string[] =>
      folderOf({ yaml, steps })
        .loaded()
        .diagnostics.filter((one) => one.severity === 'error')
        .map((one) => `${one.rule}: ${one.message}`);
    expect(rules(step('a', 'do flag.set\nwith: { flag: betta, to: on }\nirreversible: no'))).toEqual([
      'unknown-flag: there is no flag betta',
    ]);
    expect(rules(step('a', 'do flag.set\nwith: { flag: beta, to: [1] }\nirreversible: no'))).toEqual(['wrong-argument: to is [1]']);
    expect(rules(step('a', 'do config.set\nwith: { config: crm, set: { A: { b: 1 } } }\nirreversible: no'))).toEqual([
      'wrong-argument: set is {"A":{"b":1}}',
    ]);
    expect(
      rules(
        step(
          'a',
          'do config.set\nwith: { config: crm, set: { A: 1, B: 2 } }\nundo: { do: config.set, with: { config: crm, set: { A: 0 } } }',
        ),
      ),
    ).toEqual(['undo-keys: the undo of a is about A, the step about A, B']);
  });
});
