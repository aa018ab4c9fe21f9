// A runbook begun by hand, in a real browser over the real commands: from the list to a running incident, with the keyboard alone, without a
// script, on a phone, by two people at once.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { ReleaseChoice, ReleaseOffer } from '../../src/flows/release-choice.ts';
import { createServer } from '../../src/server/app.ts';
import { createAuth } from '../../src/server/auth.ts';
import { BELAY_YAML, playFolder } from '../world/scenes/folder.ts';
import { axeViolations } from './axe.ts';
import { CHROMIUM, launch, type Room, sit, tabTo } from './browser.ts';

const FRONT = `owner: commander
inputs:
  org: { type: org, required: true }
  to: { type: release, required: true }
  wait: { type: duration, required: true }
  how: { type: string, oneOf: [slow, fast], required: true }
  count: { type: int }
`;
const PEOPLE = 'roles: [commander]\npeople:\n  ana: { name: Ana, roles: [commander] }\n';
const DAY = 86_400_000;

async function openRunRoom() {
  const one = await playFolder({
    yaml: BELAY_YAML.replace(PEOPLE, `${PEOPLE}  bia: { name: Bia, roles: [commander] }\n  eva: { name: Eva }\n`),
    front: FRONT,
    steps: '### Look at it\n- [ ] Seen\n',
  });
  const offer = (ref: string, ageMs: number, more: Partial<ReleaseOffer> = {}): ReleaseOffer => ({
    ...{ ref, version: ref, createdAt: one.clock.now() - ageMs, isLive: false, kind: null, healthyMs: 0, stableSince: null },
    ...{ notRestorable: null, rolledAway: false, smoke: null, verdict: null, unknown: null },
    ...more,
  });
  const releases = [
    offer('r9', DAY, { isLive: true }),
    offer('r8', 3 * DAY, { stableSince: one.clock.now() - 2 * DAY, verdict: 'code-only', smoke: 'pass' }),
    offer('r7', 9 * DAY, { notRestorable: 'pruned' }),
  ];
  const choice: ReleaseChoice = { input: 'to', target: 'app', live: 'r9', releases };
  const dataDir = await mkdtemp(path.join(tmpdir(), 'belay-run-'));
  const { system } = one.world;
  const auth = await createAuth({ dataDir, people: system.people, roles: system.roles }, { time: one.world.time });
  const commands = { ...one.commands, releaseChoices: async () => [choice] };
  const server = createServer({ world: one.world, commands, auth, version: 'test' });
  const listening = await server.listen(0);
  const token = async (person: string): Promise<string> => (await readFile(path.join(dataDir, 'tokens', person), 'utf8')).trim();
  onTestFinished(async () => {
    await listening.close();
    await rm(dataDir, { recursive: true, force: true });
  });
  return { ...one, url: listening.url, room: { url: listening.url, door: { token } } as unknown as Room };
}

describe.skipIf(CHROMIUM === undefined)('a runbook is begun by hand', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser?.close());

  const seatAt = async (at: Awaited<ReturnType<typeof openRunRoom>>, person: string, script = true) => {
    const seat = await sit(browser, at.room, { person, script });
    onTestFinished(seat.leave);
    return seat.page;
  };
  const QUERY = 'in.org=acme&in.to=r8&in.wait=15m&in.how=slow&plan=1';

  test('from the list to the running incident with the keyboard alone; what is wrong stands beside its field, and nothing that was typed is lost', async () => {
    const at = await openRunRoom();
    const page = await seatAt(at, 'ana');
    const enter = () => Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
    await page.goto(`${at.url}/`);
    for (const next of ['#run-open', '#runbook-look a']) {
      await tabTo(page, next);
      await enter();
    }
    await tabTo(page, '#in-org');
    await page.keyboard.type('acme');
    await tabTo(page, '#in-to-r8');
    await page.keyboard.press('Space');
    await tabTo(page, '#in-wait');
    await page.keyboard.type('soon');
    await tabTo(page, '#in-count');
    await page.keyboard.type('x');
    await tabTo(page, '#show-plan');
    await enter();
    const wrong = await page.$$eval('[aria-invalid]', (all) =>
      all.map((one) => [one.id, document.getElementById(one.getAttribute('aria-describedby') ?? '')?.textContent]),
    );
    expect(wrong.map(([id, said]) => [id, said?.trim()])).toEqual([
      ['in-wait', 'A whole number and s, m, h or d, such as 15m.'],
      ['in-how', 'This is needed.'],
      ['in-count', 'A whole number, such as 3.'],
    ]);
    const kept = await page.$$eval('#run-inputs [name^="in."]:not([type=radio]), #run-inputs :checked[type=radio]', (all) =>
      all.map((one) => (one as HTMLInputElement).value),
    );
    expect(kept).toEqual(['acme', 'r8', 'soon', '', 'x']);
    expect(await page.$('#start')).toBeNull();
    for (const [field, text] of [
      ['#in-wait', '15m'],
      ['#in-count', '3'],
    ] as const) {
      await page.$eval(field, (one) => (one as HTMLInputElement).select());
      await page.type(field, text);
    }
    await page.select('#in-how', 'slow');
    await tabTo(page, '#show-plan');
    await enter();
    expect(await page.$eval('#plan', (one) => one.textContent)).toContain('Look at it');
    const planned = await page.$eval('#plan-inputs', (one) => one.textContent);
    expect(planned).toBe('Made with org: acme · to: r8 · wait: 15m · how: slow · count: 3');
    await tabTo(page, '#start');
    await enter();
    expect(page.url()).toContain('/incidents/INC-1?done=run-started');
    await at.until((incident) => Object.keys(incident.tasks).length > 0);
    expect(await at.incident()).toMatchObject({ runbook: 'look', driver: 'ana', isRunning: true });
    expect((await at.all('run.requested'))[0]).toMatchObject({ inputs: { org: 'acme', to: 'r8', wait: 900_000, how: 'slow', count: 3 } });
    await page.goto(`${at.url}/runbooks`);
    expect(await page.$eval('#runbook-look', (one) => one.textContent)).toMatch(/last run .*INC-1/s);
  });

  test('without a script, in Portuguese: the picker says what each release is, a double click begins one run, and whoever comes second hears who has it', async () => {
    const at = await openRunRoom();
    const page = await seatAt(at, 'ana', false);
    await page.goto(`${at.url}/runbooks/look?lang=pt-BR&${QUERY}`);
    const offers = await page.$$eval('#in-to label', (all) =>
      all.map((one) => [one.textContent?.trim(), one.querySelector('input')?.disabled]),
    );
    expect(offers).toEqual([
      [expect.stringMatching(/^r9\s*no ar agora · /), true],
      [expect.stringMatching(/^r8.*estável há .*smoke test passou · code-only$/), false],
      [expect.stringMatching(/^r7.*não pode voltar: pruned$/), true],
    ]);
    const other = await seatAt(at, 'bia', false);
    await other.goto(`${at.url}/runbooks/look?${QUERY}`);
    await Promise.all([page.waitForNavigation(), page.click('#start', { count: 2 })]);
    await Promise.all([other.waitForNavigation(), other.click('#start')]);
    expect(await other.$eval('main', (one) => one.textContent)).toMatch(/INC-1 already runs look for acme, begun by ana/);
    expect((await at.world.incidents.list({ limit: 9 })).map((one) => one.id)).toEqual(['INC-1']);
  });

  test('a plan that has changed meanwhile is not begun; who may only look sees the plan and why there is no button', async () => {
    const at = await openRunRoom();
    const page = await seatAt(at, 'ana');
    await page.goto(`${at.url}/runbooks/look?${QUERY}`);
    await page.$eval('#start-form [name=planHash]', (one) => one.setAttribute('value', 'f'.repeat(64)));
    await Promise.all([page.waitForNavigation(), page.click('#start')]);
    expect(await page.$eval('h1', (one) => one.textContent)).toContain('changed');
    expect(await at.world.incidents.list({ limit: 9 })).toEqual([]);
    await Promise.all([page.waitForNavigation(), page.click('main .button.plain')]);
    expect(await page.$eval('#in-wait', (one) => (one as HTMLInputElement).value)).toBe('15m');
    const eva = await seatAt(at, 'eva');
    await eva.goto(`${at.url}/runbooks/look?${QUERY}`);
    expect([await eva.$('#start'), await eva.$eval('#why-not', (one) => one.textContent)]).toEqual([
      null,
      expect.stringContaining('needs a role'),
    ]);
    await eva.goto(`${at.url}/runbooks/nothing`);
    expect(await eva.$eval('main', (one) => one.textContent)).toContain('There is no runbook nothing.');
  });

  test('both pages have no axe violation and are no wider than a phone, in light and dark', async () => {
    const at = await openRunRoom();
    const page = await seatAt(at, 'ana');
    await page.setBypassCSP(true);
    for (const [scheme, lang, width] of [
      ['light', 'pt-BR', 320],
      ['dark', 'en', 1280],
    ] as const) {
      await page.setViewport({ width, height: 800 });
      await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
      for (const where of ['/runbooks?', '/runbooks/look?plan=1&', `/runbooks/look?${QUERY}&`]) {
        await page.goto(`${at.url}${where}lang=${lang}`);
        expect([where, await axeViolations(page)]).toEqual([where, []]);
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
      }
    }
  });
});
