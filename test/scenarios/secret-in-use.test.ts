// "Were the keys rotated?": a small service that signs with a key, the key that it should have, and a runbook that compares the two. No
// value may stand anywhere that is kept.
import { createHmac } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { CHALLENGE_PREFIX } from '../../src/adapters/secrets/compare.ts';
import { START } from '../world/scenes/deploy.ts';
import { BELAY_YAML, type FolderPlay, folderOf, playFolder } from '../world/scenes/folder.ts';
import { startVendor } from '../world/vendors/vendor-server.ts';

const OURS = 'jwt-access-secret-42';
const YAML = `${BELAY_YAML}secrets:\n  jwt-access: { driver: env, variable: JWT_ACCESS_SECRET }\n`;

interface Service {
  key: string;
  prefix: string;
  expires: number;
  alg: string;
}

async function service(change: Partial<Service> = {}) {
  const state: Service = { key: OURS, prefix: CHALLENGE_PREFIX, expires: START / 1_000 + 600, alg: 'HS256', ...change };
  const server = await startVendor(({ method, path: at, body, headers }) => {
    if (method === 'POST' && at === '/check') {
      const { challenge } = JSON.parse(body) as { challenge: string };
      return {
        status: 200,
        json: {
          hmac: createHmac('sha256', state.key)
            .update(state.prefix + challenge)
            .digest('hex'),
        },
      };
    }
    if (at === '/me') return { status: headers['authorization'] === `Bearer ${state.key}` ? 200 : 401, json: {} };
    const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const signed = `${part({ alg: state.alg })}.${part({ sub: 'probe', exp: state.expires })}`;
    return { status: 200, json: { token: `${signed}.${createHmac('sha256', state.key).update(signed).digest('base64url')}` } };
  });
  onTestFinished(server.close);
  return { ...server, state };
}

const verify = (args: string, expectation: string): string =>
  `### Same key\n\`\`\`belay verify\nall: [{ probe: secret, with: { name: jwt-access, ${args} }, expect: ${expectation} }]\ntimeout: 1s\n\`\`\`\n`;

async function looked(args: string, expectation = 'same'): Promise<FolderPlay> {
  const one = await playFolder({ yaml: YAML, env: { JWT_ACCESS_SECRET: OURS }, steps: verify(args, expectation) });
  await one.run();
  return one;
}

async function nothingKept(one: FolderPlay): Promise<void> {
  const kept = [await one.events(), await one.world.journal.all(), [...one.disk.runs.values()].map((run) => [...run.checkpoints])];
  expect(JSON.stringify(kept)).not.toContain(OURS);
}

const result = async (one: FolderPlay) => (await one.all('check.recorded')).at(-1);

describe('the key of a service', () => {
  test('is proven to be ours by a challenge and by its token, and rotated elsewhere it is told; the value stands nowhere [S1-ST-12, S1-SE-01]', async () => {
    const { url, state } = await service();
    const seen: string[] = [];
    for (const args of [`challenge: "${url}/check"`, `jwt: "${url}/token"`]) {
      const one = await looked(args);
      expect(await one.ended('same-key')).toMatchObject({ status: 'done' });
      seen.push(String((await result(one))?.values['digest']));
      await nothingKept(one);
    }
    // One secret has one digest, and it is no hash that can be tried.
    expect(new Set(seen).size).toBe(1);
    expect(seen[0]).toBe(createHmac('sha256', 'key').update(OURS).digest('hex').slice(0, 16));
    state.key = 'rotated-elsewhere-1';
    for (const args of [`challenge: "${url}/check"`, `jwt: "${url}/token"`]) {
      const one = await looked(args);
      expect(await one.ended('same-key')).toMatchObject({ status: 'failed', detail: { result: 'fail' } });
      await nothingKept(one);
    }
  });

  test('signs a token that is over: that is told apart from another key [S1-ST-12]', async () => {
    const { url } = await service({ expires: START / 1_000 - 1 });
    expect(await (await looked(`jwt: "${url}/token"`, '"same && expired"')).ended('same-key')).toMatchObject({ status: 'done' });
  });

  test('in a file of variables is compared, quoted or exported', async () => {
    for (const text of [`PORT=1\nexport JWT_ACCESS_SECRET="${OURS}"\n`, `JWT_ACCESS_SECRET=${OURS}\r\n`, 'JWT_ACCESS_SECRET=other\n']) {
      const one = await playFolder({
        yaml: YAML,
        env: { JWT_ACCESS_SECRET: OURS },
        files: { '.env': text },
        steps: verify('envFile: .env, field: JWT_ACCESS_SECRET', 'same'),
      });
      await one.run();
      expect((await result(one))?.result).toBe(text.includes('other') ? 'fail' : 'pass');
      await nothingKept(one);
    }
  });

  test.each<readonly [string, Partial<Service>, string, RegExp]>([
    ['signs whatever it is given', { prefix: '' }, 'challenge: "{url}/check"', /anybody may have tokens signed/],
    ['signs with a key pair', { alg: 'RS256' }, 'jwt: "{url}/token"', /not signed with a shared secret/],
    ['signs nothing', { alg: 'none' }, 'jwt: "{url}/token"', /not signed with a shared secret/],
    ['has no such field', {}, 'jwt: "{url}/token", field: jwt', /no signed token/],
  ])('is not known where the service %s', async (_, change, args, why) => {
    const { url } = await service(change);
    const one = await looked(args.replace('{url}', url));
    expect(await result(one)).toMatchObject({ result: 'inconclusive', reason: expect.stringMatching(why) });
  });
});

describe('{secret.name}', () => {
  const steps = (url: string): string =>
    `### Ask\n\`\`\`belay verify\nall: [{ probe: http, with: { url: "${url}/me", headers: { authorization: "Bearer {secret.jwt-access}" } }, expect: status == 200 }]\ntimeout: 1s\n\`\`\`\n`;

  test('is filled in where it is sent, and what is kept holds the name', async () => {
    const { url } = await service();
    const one = await playFolder({ yaml: YAML, env: { JWT_ACCESS_SECRET: OURS }, steps: steps(url) });
    await one.run();
    expect(await one.ended('ask')).toMatchObject({ status: 'done' });
    expect((await result(one))?.with).toMatchObject({ headers: { authorization: 'Bearer {secret.jwt-access}' } });
    await nothingKept(one);
  });

  test('that cannot be read is a check that does not know, and says which', async () => {
    const { url } = await service();
    const one = await playFolder({ yaml: YAML, env: {}, steps: steps(url) });
    await one.run();
    expect(await result(one)).toMatchObject({
      result: 'inconclusive',
      reason: 'secret jwt-access: the variable JWT_ACCESS_SECRET is not set',
    });
  });

  test('is refused by the lint where it would be kept, and where no secret has the name', () => {
    const { loaded } = folderOf({
      yaml: YAML,
      steps:
        '### A\n```belay verify\nall:\n  - { probe: http, with: { url: "http://a/{secret.jwt-access}" }, expect: status == 200 }\n  - { probe: http, with: { url: "http://a/", headers: { a: "{secret.jwt}" } }, expect: status == 200 }\n```\n',
    });
    const errors = loaded().diagnostics.filter((one) => one.severity === 'error');
    expect(errors.map((one) => one.message)).toEqual([
      '{secret.jwt-access} stands for nothing: a secret may not stand here: this is kept, in the plan and in the record',
      '{secret.jwt} stands for nothing: there is no secret jwt',
    ]);
  });

  test('in a log is hidden in the evidence, in any form', async () => {
    const one = await playFolder({
      yaml: `${YAML}sources:\n  app: { driver: log, path: app.log, pattern: '^(?<level>[A-Z]+)', every: 1s }\n`,
      env: { JWT_ACCESS_SECRET: OURS },
      files: { 'app.log': '' },
      steps: '### Log\n```belay collect\nfrom: [{ probe: log, with: { source: app }, evidence: log }]\n```\n',
    });
    writeFileSync(path.join(one.folder, 'app.log'), `INFO key is ${OURS}\nINFO or ${Buffer.from(`a:${OURS}`).toString('base64')}\n`);
    await one.run();
    expect((((await one.kept('log')) ?? {})['seen'] as { lines: string[] }).lines).toEqual([
      'INFO key is •••',
      expect.stringMatching(/^INFO or \w{0,3}•••$/),
    ]);
    await nothingKept(one);
  });
});

describe('a maintenance window', () => {
  // 03:00 UTC on a Monday: midnight in São Paulo.
  const yaml = `${BELAY_YAML}zone: America/Sao_Paulo\nwindows:\n  night: { days: [mon], from: "00:00", to: "00:20" }\n  noon: { from: "12:00", to: "13:00" }\n`;
  const guard = (window: string): string =>
    `require:\n  - { id: in-window, text: "15 min of the window are left", probe: window, with: { window: ${window}, atLeast: 15m }, expect: enough }\n`;
  const steps = '### Look\n- [ ] Looked\n';

  test('lets a run begin while 15 minutes of it are left, and not when fewer are, or it is closed [S3-GU-09]', async () => {
    const good = await playFolder({ yaml, steps, front: guard('night') });
    await good.run();
    expect((await good.incident()).tasks).toMatchObject({ look: {} });
    const late = await playFolder({ yaml, steps, front: guard('night') });
    await late.clock.advance(6 * 60_000);
    await expect(late.run()).rejects.toMatchObject({ code: 'BELAY_GUARD_REFUSED', message: expect.stringContaining('in-window') });
    const closed = await playFolder({ yaml, steps, front: guard('noon') });
    await expect(closed.run()).rejects.toMatchObject({ code: 'BELAY_GUARD_REFUSED' });
  });

  test.each([
    ['nobody: { from: "02:00" }', /days, from and to, or cron and for/],
    ['nobody: { from: "2am", to: "04:00" }', /a time of the day such as "02:00"/],
    ['nobody: { cron: "0 2 * *", for: 2h }', /minute, hour, day of the month/],
    ['nobody: { cron: "0 2 * * *", for: 8d }', /7d at most/],
    ['nobody: { days: [mo], from: "02:00", to: "04:00" }', /mon/],
  ])('that means nothing is told at its place: %s', (window, why) => {
    const { loaded } = folderOf({ yaml: `${BELAY_YAML}windows:\n  ${window}\n`, steps });
    const told = loaded().diagnostics.map((one) => `${one.message} ${one.expected ?? ''} ${one.didYouMean ?? ''}`);
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(why);
  });
});
