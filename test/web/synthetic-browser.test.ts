// A synthetic customer in a real Chromium: logs in to a small app with a session, and sees whether its dashboard loads data.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { createChromium } from '../../src/adapters/chromium/index.ts';
import { createNet } from '../../src/adapters/http/index.ts';
import { createProcesses } from '../../src/adapters/process/index.ts';
import { realTime } from '../server/story.ts';
import { type SalesFaults, startSalesApp } from '../world/parts/sales-app.ts';
import { BELAY_YAML, folderOf, playFolder } from '../world/scenes/folder.ts';
import { CHROMIUM } from './browser.ts';

const PASSWORD = 'senha-da-ana-77';

const yamlOf = (
  url: string,
  o: { readonly within?: string; readonly browser?: string; readonly head?: string } = {},
): string => `${BELAY_YAML}
network: { allow: ["127.0.0.1"] }
secrets: { agent: { driver: env, variable: AGENT_PASSWORD } }
${o.head ?? `browser: { executablePath: ${CHROMIUM} }`}
synthetics:
  painel:
    timeout: 10s
    browser: ${o.browser ?? '{ against: production, readOnly: true }'}
    steps:
      - { name: página, open: "${url}/login", status: 200 }
      - { name: e-mail, fill: { role: textbox, name: E-mail }, value: ana@empresa.com }
      - { name: senha, fill: { role: textbox, name: Senha }, value: "{secret.agent}" }
      - { name: formulário, shot: formulario }
      - { name: entrar, click: { role: button, name: Entrar } }
      - { name: dentro, see: { url: "/painel" }, within: ${o.within ?? '10s'} }
      - { name: sem aviso, see: { text: Senha errada }, gone: true, within: ${o.within ?? '10s'} }
      - { name: dados, see: { testId: row }, within: ${o.within ?? '10s'} }
      - { name: pedido, see: { answer: "/rows*", status: 200 } }
      - { name: foto, shot: painel }
`;

const KEEP = '### Keep\n```belay collect\nfrom: [{ probe: synthetic, with: { synthetic: painel }, evidence: painel }]\n```\n';
const PROVE =
  '### Prove\n```belay verify\nall: [{ probe: synthetic, with: { synthetic: painel }, expect: ok }]\nevery: 1s\ntimeout: 1s\n```\n';

async function salesApp(faults: Partial<SalesFaults> = {}) {
  const app = await startSalesApp(PASSWORD);
  Object.assign(app.faults, faults);
  onTestFinished(app.close);
  return app;
}

/** What the probe said once, kept as evidence; null: it could not be told. */
async function look(yaml: string, password = PASSWORD) {
  const one = await playFolder({ yaml, env: { AGENT_PASSWORD: password }, steps: KEEP });
  const running = one.run();
  return {
    one,
    kept: () => running.then(() => one.kept('painel')) as Promise<Kept | null>,
    missing: () => running.then(() => one.ended('keep')),
  };
}

interface Kept {
  readonly values: { readonly ok: boolean; readonly passed: number; readonly failedAt: string };
  readonly seen: { readonly why: string; readonly shots?: Readonly<Record<string, string>>; readonly notes?: readonly string[] };
}

const profiles = (): readonly string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('belay-browser-'));
const own = (pid = process.pid): readonly string[] => profiles().filter((name) => name.startsWith(`belay-browser-${pid}-`));
const browsersOf = (profile: string): readonly number[] =>
  readdirSync('/proc').flatMap((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`--user-data-dir=${tmpdir()}/${profile}`)
        ? [Number(pid)]
        : [];
    } catch {
      // It ended while we looked.
      return [];
    }
  });

test('logs in as a customer does and sees the rows of the main dashboard, past a dialog and a window that it closes; its picture is kept, the password is nowhere, no browser is left [S3-VE-02, S3-VE-03]', async () => {
  const app = await salesApp({ says: 'Sessão vence em 5 min' });
  const one = await playFolder({ yaml: yamlOf(app.url), env: { AGENT_PASSWORD: PASSWORD }, steps: KEEP });
  await one.run();
  const kept = (await one.kept('painel')) as unknown as Kept;
  expect(kept.values).toMatchObject({ ok: true, passed: 10, failedAt: '' });
  const pictures = Object.entries(kept.seen.shots ?? {}).map(([name, png]) => [
    name,
    Buffer.from(png.split(',')[1] ?? '', 'base64')
      .subarray(1, 4)
      .toString(),
  ]);
  expect(pictures).toEqual([
    ['formulario', 'PNG'],
    ['painel', 'PNG'],
  ]);
  expect(JSON.stringify(await one.events())).not.toContain(PASSWORD);
  expect(app.asked).toContain('GET /rows');
  expect(kept.seen.notes).toEqual(
    expect.arrayContaining(['it said in a dialog: Sessão vence em 5 min', 'it opened a window, which was closed']),
  );
  expect(own()).toEqual([]);
});

test.each<readonly [string, Partial<SalesFaults>, string, string, string, readonly number[]]>([
  ['the password is wrong', {}, 'other', 'dentro', 'Senha errada', [2]],
  ['its script never ends', { spins: true }, PASSWORD, 'sem aviso|dados', 'the page hangs', [1]],
  [
    'the dashboard is empty, and repeats the password, of which no picture is made',
    { repeats: true, empty: true },
    PASSWORD,
    'dados',
    '•••',
    [1],
  ],
  [
    'it leads to a foreign host, which is not asked',
    { leadsTo: 'http://evil.example/painel' },
    PASSWORD,
    'dentro',
    'leads to http://evil.example/painel, which is not declared',
    // Whether the page that was left can still be pictured is a matter of a moment.
    [1, 2],
  ],
])('fails at its step when %s', async (_, faults, password, failedAt, why, pictures) => {
  const app = await salesApp(faults);
  const { one, kept } = await look(yamlOf(app.url, { within: '700ms' }), password);
  const found = await kept();
  expect(found).toMatchObject({
    values: { ok: false, failedAt: expect.stringMatching(new RegExp(`^(?:${failedAt})$`)) },
    seen: { why: expect.stringContaining(why) },
  });
  expect(pictures).toContain(Object.keys(found?.seen.shots ?? {}).length);
  expect(JSON.stringify(await one.events())).not.toContain(PASSWORD);
});

test('nothing is known where the browser crashes in the middle, where there is none, and where an address may not be asked', async () => {
  const app = await salesApp({ hangs: true });
  const { kept, missing } = await look(yamlOf(app.url));
  await expect.poll(() => app.asked.includes('GET /rows'), { timeout: 30_000, interval: 20 }).toBe(true);
  for (const pid of own().flatMap(browsersOf)) process.kill(pid, 'SIGKILL');
  expect([await kept(), await missing()]).toMatchObject([null, { detail: { collected: 0, missing: 1 } }]);
  expect(own()).toEqual([]);
  const none = await playFolder({
    yaml: yamlOf(app.url, { head: 'browser: { executablePath: /no/chromium }' }),
    env: { AGENT_PASSWORD: PASSWORD },
    steps: PROVE,
  });
  await none.run();
  expect((await none.all('check.recorded')).at(-1)).toMatchObject({
    result: 'inconclusive',
    reason: expect.stringContaining('there is no /no/chromium'),
  });
  const refused = await look(yamlOf('http://169.254.169.254'));
  expect(await refused.kept()).toBeNull();
});

test('a Belay that is killed with -9 leaves no browser, and the next one removes the profile', async () => {
  const app = await salesApp({ hangs: true });
  const child = spawn(process.execPath, [fileURLToPath(new URL('browser-life.ts', import.meta.url)), CHROMIUM ?? '', app.url], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  await expect.poll(() => app.asked.length, { timeout: 30_000, interval: 20 }).toBeGreaterThan(0);
  const [profile = ''] = own(child.pid);
  expect(browsersOf(profile).length).toBeGreaterThan(0);
  child.kill('SIGKILL');
  await expect.poll(() => browsersOf(profile), { timeout: 10_000, interval: 50 }).toEqual([]);
  expect(own(child.pid)).toEqual([profile]);
  const next = createChromium(
    { executablePath: CHROMIUM ?? '', lang: 'pt-BR' },
    { net: createNet({ allow: ['127.0.0.1'] }), processes: createProcesses(), time: realTime() },
  );
  expect(await next.find()).toMatchObject({ path: CHROMIUM, version: expect.stringContaining('Chrom') });
  const why = await next.visit({ origins: [app.url], timeoutMs: 5_000, limitMs: 9_000, hide: async (text) => text }, (visit) =>
    visit.carryOut({ name: 'page', does: 'open', url: `${app.url}/login` }),
  );
  expect([why, own(child.pid), own()]).toEqual([null, [], []]);
});

test('is told at its place where it is written wrongly, where it clicks in production without a promise, and where a guard would log in', () => {
  const told = (yaml: string, front = ''): readonly string[] =>
    folderOf({ yaml, front, env: { AGENT_PASSWORD: 'x' }, steps: PROVE })
      .loaded()
      .diagnostics.map((one) => one.rule);
  expect(told(yamlOf('http://app'))).toEqual([]);
  expect(told(yamlOf('http://app', { browser: '{ against: staging }' }))).toEqual([]);
  expect(told(yamlOf('http://app', { browser: '{ against: production }' }))).toEqual(['smoke-readonly']);
  expect(
    told(yamlOf('http://app'), 'require:\n  - { id: well, text: "It works", probe: synthetic, with: { synthetic: painel }, expect: ok }\n'),
  ).toEqual(['guard-sends']);
  expect(told(yamlOf('http://{run}'))[0]).toBe('wrong-type');
  for (const [right, wrongly] of [
    ['{ role: button, name: Entrar }', '{ role: button }'],
    ['{ testId: row }', '{ testId: row, text: Ana }'],
    ['value: ana@empresa.com', 'gone: true'],
    ['status: 200 } }', '} }'],
    ['click: { role: button, name: Entrar }', 'click: { css: button }, open: "http://app/x"'],
  ] as const)
    expect(told(yamlOf('http://app').replace(right, wrongly))).toContain('wrong-type');
});
