// The pages without a script: everything is there, nothing is run, every form works, both languages.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { instantOf } from '../../src/server/form-fields.ts';
import { html } from '../../src/server/markup.ts';
import { foldLog } from '../../src/server/pages/log-panel.ts';
import { countdown } from '../../src/server/times.ts';
import { chooseLang } from '../../src/server/words.ts';
import { withOldBackup } from './override-of-guard.ts';
import { type Browser, type Door, HOST, openDoor } from './world.ts';

let door: Door;
let browser: Browser;
beforeEach(async () => {
  door = await openDoor();
  browser = await door.browser('ana');
});
afterEach(() => door.remove());

const text = async (response: Response | Promise<Response>): Promise<string> => (await response).text();
const review = (): string => `/incidents/INC-1/review/${encodeURIComponent(door.story.approval)}`;

describe('the screen of an incident', () => {
  test('a runbook whose file changed since its run began is told on the page, and one that did not is not', async () => {
    const told = async (lang: string): Promise<string> =>
      text((await door.browser('bob')).get('/incidents/INC-1', { 'accept-language': lang }));
    const runbooks = door.story.world.runbooks as Record<string, { irHash: string }>;
    const kept = { ...runbooks };
    expect(await told('en')).not.toContain('file-newer');
    runbooks['org-rollback'] = { ...kept['org-rollback'], irHash: 'f'.repeat(64) };
    expect(await told('en')).toContain('The file of this runbook changed since the run began');
    expect(await told('pt-BR')).toContain('O arquivo deste runbook mudou desde o início da execução');
    Object.assign(runbooks, kept);
  });

  test('it says what, since when, which organization, the next clock, the next action and what comes if nobody acts', async () => {
    const page = await text(browser.get('/incidents/INC-1'));
    for (const words of [
      'ACME',
      'Shop API',
      '4.1%',
      'limit 2%',
      '03:02',
      '06:02 UTC',
      'mitigate',
      '3:00',
      'Put this organization on the stable checkout',
      'flow.set',
      'checkout: stable → next',
      'Review and approve',
      'does not run by itself',
      'Pause everything',
      'Ana Souza',
      'restored-at',
      '1 in 24,000',
    ]) {
      expect([words, page.includes(words)]).toEqual([words, true]);
    }
    expect(page.match(/class="big"/g)).toHaveLength(1);
  });

  test('where approving is not possible the reason stands beside it, and no button leads to it', async () => {
    const page = await text((await door.browser('bob')).get('/incidents/INC-1'));
    expect(page).toContain('You need the role commander.');
    expect(page).not.toContain('id="approve"');
  });

  test('names and values of the world are text, never markup', async () => {
    await door.story.add([
      {
        type: 'note.added',
        data: { by: 'bob', text: '<img src=x onerror=alert(1)>"\'&', lang: 'en' },
        at: door.time.now(),
        actor: { kind: 'user', id: 'bob' },
      },
    ]);
    const page = await text(browser.get('/incidents/INC-1'));
    expect(page).toContain('&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;');
    expect(page).not.toContain('<img src=x');
    expect(html`<p title="${'"><script>'}">${['<b>', html`<i>${'<'}</i>`]}</p>`.text).toBe(
      '<p title="&quot;&gt;&lt;script&gt;">&lt;b&gt;<i>&lt;</i></p>',
    );
  });

  test('evidence that is missing has a form, and what a person writes in it is kept; what the log tells itself is not asked for', async () => {
    const page = await text(browser.get('/incidents/INC-1'));
    expect(page).toContain('<option value="restored-at">restored-at</option>');
    expect(page).not.toContain('<option value="decision">');
    const sent = await browser.submit('/incidents/INC-1/evidence', { evidence: 'restored-at', text: 'at 09:14' });
    expect(sent.headers.get('location')).toContain('done=kept');
    expect(door.story.commands.asked).toContain('keepEvidence ana restored-at at 09:14');
    expect(await text(browser.get('/incidents/INC-1'))).not.toContain('<option value="restored-at">');
  });

  test('a task is a form whose answers arrive with their types', async () => {
    await door.story.add([
      {
        type: 'step.started',
        data: { step: 'look', kind: 'manual', title: 'Look', attempt: 1 },
        at: door.time.now(),
        actor: { kind: 'engine', id: 'belay' },
      },
      {
        type: 'step.waiting',
        data: { step: 'look', kind: 'manual', who: 'comms', ask: 'Look', count: 1, answers: {} },
        at: door.time.now(),
        actor: { kind: 'engine', id: 'belay' },
      },
    ]);
    const comms = await door.browser('bob');
    const page = await text(comms.get('/incidents/INC-1'));
    expect(page).toContain('name="answer.int.orders_stuck"');
    const response = await comms.submit('/incidents/INC-1/steps/look', {
      tick: 'No payment is stuck',
      'answer.int.orders_stuck': '3',
      note: 'ok',
    });
    expect(response.headers.get('location')).toBe('/incidents/INC-1?done=answered');
    expect(door.story.commands.asked).toEqual(['answer bob {"ticks":["No payment is stuck"],"answers":{"orders_stuck":3}}']);
    expect((await browser.submit('/incidents/INC-1/steps/look', { tick: 'No payment is stuck' })).status).toBe(403);
  });
});

describe('who drives the run', () => {
  const takenOver = (by: string) =>
    door.story.add([
      { type: 'run.takenOver', data: { run: 'run/1', by, from: null }, at: door.time.now(), actor: { kind: 'user', id: by } },
    ]);

  test('a run that nobody drives is taken over or stopped by plain forms, and stopping wants a reason', async () => {
    const page = await text(browser.get('/incidents/INC-1'));
    for (const words of ['Nobody drives it', 'value="takeOver"', 'value="abort"', 'name="reason" rows="2" maxlength="1000" required'])
      expect([words, page.includes(words)]).toEqual([words, true]);
    const taken = await browser.submit('/incidents/INC-1/run', { verb: 'takeOver' });
    expect(taken.headers.get('location')).toBe('/incidents/INC-1?done=taken-over');
    expect(await text(browser.get('/incidents/INC-1?done=taken-over'))).toContain('You drive the run now.');
    const stopped = await browser.submit('/incidents/INC-1/run', { verb: 'abort', reason: 'by hand', key: 'another-form' });
    expect(stopped.headers.get('location')).toBe('/incidents/INC-1?done=stopped');
    expect(door.story.commands.asked).toEqual(['steer ana takeOver', 'steer ana abort by hand']);
    expect(await text(browser.get('/incidents/INC-1?lang=pt-BR'))).toContain('Ninguém a conduz');
  });

  test('a run that somebody else drives is taken over first: there is no button that would be refused', async () => {
    await takenOver('bob');
    const page = await text(browser.get('/incidents/INC-1'));
    expect(page).toContain('Driven by <b>Bob');
    expect(page).toContain('value="takeOver"');
    expect(page).not.toContain('value="abort"');
    await takenOver('ana');
    const own = await text(browser.get('/incidents/INC-1'));
    expect(own).toContain('You drive it.');
    expect(own).not.toContain('value="takeOver"');
    expect(own).toContain('value="abort"');
  });

  test('the forms ask for nothing else, and a run that has ended has none', async () => {
    for (const fields of [{ verb: 'skip', reason: 'x' }, { verb: 'continue' }, {}])
      expect((await browser.submit('/incidents/INC-1/run', fields)).status).toBe(422);
    expect(door.story.commands.asked).toEqual([]);
    await door.story.add([
      {
        type: 'run.finished',
        data: { run: 'run/1', outcome: 'done', reason: '' },
        at: door.time.now(),
        actor: { kind: 'engine', id: 'belay' },
      },
    ]);
    expect(await text(browser.get('/incidents/INC-1'))).not.toContain('/incidents/INC-1/run');
  });
});

describe('approving by plain forms', () => {
  test('the review shows the whole plan, its hash and its undo, and its form approves it', async () => {
    const page = await text(browser.get(review()));
    for (const words of [door.story.plan.planHash, 'Say that it is stable', 'to=</span>next', 'Approve this plan'])
      expect([words, page.includes(words)]).toEqual([words, true]);
    const action = /action="(\/incidents\/INC-1\/approvals\/[^"]+)"/.exec(page)?.[1] ?? '';
    const response = await browser.submit(action, { planHash: door.story.plan.planHash, decision: 'grant' });
    expect(response.headers.get('location')).toBe('/incidents/INC-1?done=approved');
    expect(await text(browser.get('/incidents/INC-1?done=approved'))).toContain('Your approval is recorded.');
  });

  test('one that overrides a guard says which, and its reason goes with the yes; the start form has a field for it', async () => {
    await withOldBackup(door.story);
    const page = await text(browser.get(review()));
    expect(page).toContain('Your yes overrides a guard of the runbook, for half an hour');
    expect(page).toMatch(/<label for="override-reason">Why all the same\?<\/label><input id="override-reason" name="reason" required/);
    const action = /action="(\/incidents\/INC-1\/approvals\/[^"]+)"/.exec(page)?.[1] ?? '';
    await browser.submit(action, { planHash: door.story.plan.planHash, decision: 'grant', reason: 'it will do' });
    const form = await text(browser.get('/runbooks/org-rollback?in.org=acme&plan=1', { 'accept-language': 'pt-BR' }));
    expect(form).toContain('Passar por cima da guarda fresh-backup (commander pode), porque:');
    const fields = { 'in.org': 'acme', planHash: door.story.plan.planHash, 'override.fresh-backup': ' it will do ' };
    await browser.submit('/runbooks/org-rollback/runs', fields);
    const asked = ['approve ana grant it will do', 'run ana org-rollback in spite of fresh-backup: it will do'];
    expect(door.story.commands.asked.filter((one) => /^(?:approve|run)/.test(one))).toEqual(asked);
  });

  test('pressing twice approves once', async () => {
    const path = `/incidents/INC-1/approvals/${encodeURIComponent(door.story.approval)}`;
    const fields = { planHash: door.story.plan.planHash, decision: 'grant', key: 'double-press' };
    const both = await Promise.all([browser.submit(path, fields), browser.submit(path, fields)]);
    expect(both.map((one) => one.status)).toEqual([303, 303]);
    expect(door.story.commands.asked).toEqual(['approve ana grant']);
  });

  test('a plan that changed is a page that says so, with the way back and the pause button', async () => {
    const path = `/incidents/INC-1/approvals/${encodeURIComponent(door.story.approval)}`;
    const response = await browser.submit(path, { planHash: 'b'.repeat(64), decision: 'grant' });
    expect(response.status).toBe(409);
    const page = await text(response);
    for (const words of ['The plan has changed', 'nothing was approved', 'href="/incidents/INC-1"', 'action="/pause"'])
      expect([words, page.includes(words)]).toEqual([words, true]);
  });
});

describe('trouble', () => {
  test('when the store is down the page says so and still pauses', async () => {
    const { BelayError } = await import('../../src/domain/errors.ts');
    const incidents = door.story.world.incidents as unknown as { list: () => Promise<never> };
    incidents.list = () =>
      Promise.reject(new BelayError('BELAY_STORE_UNAVAILABLE', 'The store does not answer.', { hint: 'See `belay doctor`.' }));
    const response = await browser.get('/');
    expect(response.status).toBe(503);
    expect(await text(response)).toContain('action="/pause"');
    expect((await browser.submit('/pause', { reason: '', back: '/' })).status).toBe(303);
    expect(door.story.commands.asked).toEqual(['pause ana paused from the war room']);
  });

  test('nobody is sent anywhere but to our own pages', async () => {
    for (const next of ['//evil.test', '/\\evil.test', 'https://evil.test', 'javascript:alert(1)']) {
      const page = await text(door.server.app.request(`/login?next=${encodeURIComponent(next)}`, { headers: { host: HOST } }));
      expect(page).toContain('name="next" value="/"');
    }
  });

  test('a stranger is sent to log in and back; a link from a chat is asked again with the cookie', async () => {
    const stranger = await door.server.app.request('/incidents/INC-1', { headers: { host: HOST } });
    expect(stranger.headers.get('location')).toBe('/login?next=%2Fincidents%2FINC-1');
    const bounced = await door.server.app.request('/incidents/INC-1', { headers: { host: HOST, 'sec-fetch-site': 'cross-site' } });
    expect(await text(bounced)).toContain('http-equiv="refresh"');
  });
});

describe('the list', () => {
  test('it shows what waits for whom, and the age of the last look', async () => {
    const page = await text(browser.get('/'));
    for (const words of ['ACME', 'approval by commander', 'mitigate', 'http-5xx', '1/2', 'last look'])
      expect([words, page.includes(words)]).toEqual([words, true]);
  });

  test('a pause is a banner with its reason and the button to resume', async () => {
    await door.story.world.pause.pause('cli', 'hands off');
    const page = await text(browser.get('/'));
    expect(page).toContain('hands off');
    expect(page).toContain('action="/resume"');
    expect((await browser.submit('/resume', { back: '/' })).headers.get('location')).toBe('/?done=resumed');
  });
});

describe('languages', () => {
  test('the query wins over the cookie, the cookie over the browser, the browser over the system', () => {
    const from = (query?: string, cookie?: string, accept?: string) => chooseLang({ query, cookie, accept, fallback: 'en' });
    expect(from('pt', 'en', 'en')).toBe('pt-BR');
    expect(from(undefined, 'pt-BR', 'en')).toBe('pt-BR');
    expect(from(undefined, undefined, 'de, pt;q=0.8, en;q=0.5')).toBe('pt-BR');
    expect(from('xx', undefined, 'de')).toBe('en');
  });

  test('the screen is Portuguese through and through for ?lang=pt-BR', async () => {
    const page = await text(browser.get('/incidents/INC-1?lang=pt-BR'));
    expect(page).toContain('<html lang="pt-BR">');
    for (const words of ['Pausar tudo', 'Revisar e aprovar', 'Próximo prazo', '4,1%', 'Se ninguém fizer nada', 'Runbook org-rollback'])
      expect([words, page.includes(words)]).toEqual([words, true]);
    for (const words of ['Pause everything', 'Next action', 'If nobody']) expect([words, page.includes(words)]).toEqual([words, false]);
  });
});

describe('small parts', () => {
  test('clocks count like a kitchen clock', () => {
    expect([0, 61_000, -61_000, 3_725_000, 90_000_000].map(countdown)).toEqual(['0:00', '1:01', '1:01', '1:02:05', '1d 1h']);
  });

  test('repeated checks fold into one line and nothing folds over another kind', () => {
    const line = (seq: number, words: string, folds: boolean) => ({
      seq,
      at: seq,
      until: seq,
      count: 1,
      text: words,
      tone: 'plain' as const,
      folds,
    });
    const folded = foldLog([line(1, 'a', true), line(2, 'b', true), line(3, 'a', true), line(4, 'stop', false), line(5, 'a', true)]);
    expect(folded.map((one) => [one.text, one.count, one.until])).toEqual([
      ['a', 2, 3],
      ['b', 1, 2],
      ['stop', 1, 4],
      ['a', 1, 5],
    ]);
  });

  test('a date field is read on the wall clock of the zone', () => {
    expect(new Date(instantOf('2026-03-01T03:02', 'America/Sao_Paulo')).toISOString()).toBe('2026-03-01T06:02:00.000Z');
    expect(new Date(instantOf('2026-07-01T12:00', 'Europe/Berlin')).toISOString()).toBe('2026-07-01T10:00:00.000Z');
    expect(() => instantOf('tomorrow', 'UTC')).toThrow('not a date');
  });
});
