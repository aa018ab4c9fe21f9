// The commands that ask a living Belay, against the API of the server's story.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { IncidentView } from '../../src/domain/incident-view.ts';
import { type LivingDoor, livingDoor } from './belay.ts';

let door: LivingDoor;
beforeEach(async () => {
  door = await livingDoor();
});
afterEach(() => door.remove());

const short = (): string => door.story.plan.planHash.slice(0, 8);
/** What changes with the clock of the machine is the same in every run. */
const still = (text: string): string =>
  text
    .replaceAll(/\b\d\d:\d\d(:\d\d)?( GMT-3| BRT)?/g, (all) => all.replaceAll(/\d/g, '0'))
    .replaceAll(/\d+:\d\d(?= left| restam)/g, 'm:ss')
    .replaceAll(/\b1[12] min\b/g, '12 min')
    .replaceAll(/[▓░]{10}/g, '▓▓▓▓▓▓▓▓░░')
    .replaceAll(/\b[0-9a-f]{8}\b/g, 'planhash')
    .replaceAll(/\b[0-9a-f]{64}\b/g, 'whole plan hash');

describe('what is shown', () => {
  test('status says what is open, which clock runs, and what it waits for', async () => {
    const status = await door.belay(['status', '--plain']);
    expect({ code: status.code, err: status.err }).toEqual({ code: 0, err: '' });
    expect(still(status.out)).toMatchInlineSnapshot(`
      "First rollback                                                            1 open

      P1  INC-1    responding  Put one organization back on the stable checkout
          ACME - Shop API - since 12 min - mitigate: m:ss left
          waits for approval by commander
          belay incident INC-1

      WATCHING
        http-5xx  1 breached - 1 ok
      "
    `);
  });

  test('status in Portuguese', async () => {
    expect(still((await door.belay(['status', '--lang', 'pt-BR'])).out)).toMatchInlineSnapshot(`
      "First rollback                                                       1 em aberto

      P1  INC-1    em resposta  Put one organization back on the stable checkout
          ACME · Shop API · desde 12 min · mitigate: m:ss restam
          espera por aprovação de commander
          belay incident INC-1

      OBSERVANDO
        http-5xx  1 violado · 1 ok
      "
    `);
  });

  test('incident is one screen: next clock, next action with its arguments, how to approve, and what if nobody acts', async () => {
    const incident = await door.belay(['incident', '1', '--log', '2']);
    expect(incident.code).toBe(0);
    expect(still(incident.out)).toMatchInlineSnapshot(`
      "P1  INC-1  responding
      Put one organization back on the stable checkout
      ACME · Shop API · since 00:00 GMT-0 (12 min ago)
      first bad change: checkout: stable → next (00:00 GMT-0) · commander: Ana Souza

      NEXT CLOCK      mitigate        m:ss left  ▓▓▓▓▓▓▓▓░░  at 00:00 GMT-0
                      update to team  m:ss left  at 00:00 GMT-0
                      approval ends   m:ss left  at 00:00 GMT-0
      NEXT ACTION     Put this organization on the stable checkout
                      4 of 7, needs approval
                      runs       flow.set switch=checkout org=acme to=stable   next →
                                 stable
                      reach      acme · checkout · 1 to change
                      undo       flow.set switch=checkout org=acme to=next
                      takes      1 s
      APPROVE         needs 1 of 1 by commander · plan planhash
                      type       belay approve INC-1 --plan planhash
      IF NOBODY ACTS  It is escalated and keeps waiting. It does not run by itself.
                      (00:00 GMT-0)

      STEPS
        ✓ 1  Tell the team                                 done 200 ms
        – 2  Look at the checkout of this organization     skipped
               when value > 0.02
        ◆ 3  Approve the switch                            waiting for a person
        ○ 4  Put this organization on the stable checkout  to come
        ○ 5  This organization is answered again           to come
        ○ 6  Watch the stable checkout                     to come
        ○ 7  Say that it is stable                         to come

      SIGNAL          http-5xx ACME: 4.12 %, limit 2 %, 35 bad of 850 in 5 min (enough
                      to act)
                      at breach  4.1 %, 35 bad of 853
      DECISION        Belay asks people, by belay: G5 cannot be told
                                 G5: Is it worse than in the others? cannot be told
                                 (the others have little traffic)

      CHECKS
        ✗ metric trigger=http-5xx org=acme: value < 0.02  failed, 0 of 2
             value=0.0412 bad=35 all=850

      MESSAGES        team terminal en     org-initial  sent
                      clients email pt-BR  org-initial  planned
      EVIDENCE        3 of 4, missing: restored-at

      LOG  16 earlier lines: belay incident INC-1 --log all
        00:00:00  Check metric of go failed: value < 0.02
        00:00:00  Message team-1: sent
      "
    `);
    expect(incident.out.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });

  test('incident says beside it why somebody may not approve', async () => {
    const incident = await door.belay(['incident', '1', '--as', 'bob']);
    expect(incident.out).toContain('You need the role commander.');
    expect(incident.out).not.toContain('belay approve INC-1');
  });

  test('plan names every step, what it changes, and the hash to run it with', async () => {
    const plan = await door.belay(['plan', 'org-rollback', '--org', 'acme']);
    expect(still(plan.out)).toMatchInlineSnapshot(`
      "Plan of org-rollback 1.0.0  planhash  inputs: org=acme
      whole plan hash

      STEPS
        1  Tell the team                                     notify
        2  Look at the checkout of this organization         manual
        3  Approve the switch                                approve
        4  Put this organization on the stable checkout      changes
           flow.set switch=checkout org=acme to=stable   next → stable
           takes 1 s
           undo: flow.set switch=checkout org=acme to=next
        5  This organization is answered again               verify
        6  Watch the stable checkout                         watch
        7  Say that it is stable                             notify
      "
    `);
    expect(plan.err).toContain(`belay run org-rollback --org acme --plan ${short()}`);
  });

  test('json is the answer of the API, whatever the language', async () => {
    const status = (await door.belay(['status', '--json', '--lang', 'pt-BR'])).json();
    expect(status).toMatchObject({
      system: 'First rollback',
      pause: { paused: false, by: [] },
      incidents: { open: 1, list: [{ id: 'INC-1', severity: 'P1' }] },
    });
    const incident = (await door.belay(['incident', 'inc-1', '--json'])).json<{ view: IncidentView; events: unknown[] }>();
    expect({ id: incident.view.id, events: incident.events.length, approve: incident.view.approve.state }).toEqual({
      id: 'INC-1',
      events: incident.view.seq,
      approve: 'ready',
    });
    expect((await door.belay(['plan', 'org-rollback', '--org', 'acme', '--json'])).json()).toMatchObject({
      planHash: door.story.plan.planHash,
    });
  });

  test('texts of others cannot steer the terminal', async () => {
    await door.story.add([
      {
        type: 'note.added',
        data: { by: 'eve', text: '\u001b[2J\u001b]0;owned\u0007 \u202e gone', lang: 'en' },
        at: Date.now(),
        actor: { kind: 'user', id: 'eve' },
      },
    ]);
    const incident = await door.belay(['incident', '1']);
    expect(incident.out).toContain('gone');
    expect(incident.out.match(/(?!\n)[\p{Cc}\p{Bidi_Control}]/gu)).toBeNull();
  });

  test('an incident that is not there ends with 2', async () => {
    const none = await door.belay(['incident', '99']);
    expect({ code: none.code, says: none.err.includes('INC-99') }).toEqual({ code: 2, says: true });
  });
});

describe('explain', () => {
  test('says of an incident what was measured, how sure that was, and which guard kept Belay from acting', async () => {
    const told = await door.belay(['explain', '1', '--plain']);
    expect({ code: told.code, err: told.err }).toEqual({ code: 0, err: '' });
    expect(told.out).toContain('http-5xx (ACME) is breached since');
    expect(told.out).toMatch(/Measured: .* bad of .* within 5 min; the limit is above 2 %/);
    expect(told.out).toMatch(/By chance so much comes once in .* looks/);
    expect(told.out).toContain('Belay decided: ask people');
  });

  test('says of a trigger how each organization stands, or one of them, in Portuguese too', async () => {
    const all = await door.belay(['explain', 'http-5xx', '--json']);
    expect((JSON.parse(all.out) as { explanations: { scope: string }[] }).explanations.map((one) => one.scope)).toEqual(['acme', 'globex']);
    const one = await door.belay(['explain', 'http-5xx', '--org', 'globex', '--lang', 'pt-BR', '--plain']);
    expect(one.out).toContain('está normal');
    expect(one.out).not.toContain('ACME');
  });

  test('of what is not there ends with 2 and says where to look', async () => {
    for (const what of ['nothing', '99']) {
      const told = await door.belay(['explain', what]);
      expect(told.code).toBe(2);
      expect(told.err).toContain('belay status');
    }
  });
});

describe('approve', () => {
  test('takes the hash of the plan, and nothing else, for a yes', async () => {
    const yes = await door.belay(['approve', 'INC-1', '--yes']);
    expect({
      code: yes.code,
      says: yes.err.includes('--yes never approves'),
      shown: yes.err.includes('flow.set switch=checkout org=acme to=stable'),
    }).toEqual({ code: 2, says: true, shown: true });
    const other = await door.belay(['approve', 'INC-1', '--plan', 'a'.repeat(8)]);
    expect({ code: other.code, says: other.err.includes('BELAY_PLAN_CHANGED') }).toEqual({ code: 6, says: true });
    expect(door.story.commands.asked).toEqual([]);
    const granted = await door.belay(['approve', '1', '--plan', short(), '--json']);
    expect(granted.code).toBe(0);
    expect(granted.json()).toMatchObject({ incident: { id: 'INC-1' } });
    expect(door.story.commands.asked).toEqual(['approve operator grant']);
  });

  test('denies with a reason, for the person whose token is used', async () => {
    const denied = await door.belay(['approve', 'INC-1', '--deny', '--reason', 'not us', '--as', 'ana']);
    expect({ code: denied.code, out: denied.out }).toEqual({ code: 0, out: 'Denied. INC-1 does not run this plan.\n' });
    expect(door.story.commands.asked).toEqual(['approve ana deny not us']);
  });

  test('without the role ends with 5 and the reason of the screen', async () => {
    const bob = await door.belay(['approve', 'INC-1', '--plan', short(), '--as', 'bob']);
    expect({ code: bob.code, says: bob.err.includes('You need the role commander.') }).toEqual({ code: 5, says: true });
    expect(door.story.commands.asked).toEqual([]);
  });

  test('with nothing to approve ends with 2 and says why', async () => {
    await door.belay(['approve', 'INC-1', '--deny']);
    const again = await door.belay(['approve', 'INC-1', '--plan', short()]);
    expect({ code: again.code, code2: again.err.includes('BELAY_NOT_FOUND') }).toEqual({ code: 2, code2: true });
  });

  test('a person without a token is refused before anything is asked', async () => {
    const nobody = await door.belay(['status', '--as', 'nobody']);
    expect({ code: nobody.code, says: nobody.err.includes('BELAY_UNAUTHORIZED') }).toEqual({ code: 5, says: true });
  });
});

describe('answer', () => {
  beforeEach(async () => {
    const at = Date.now();
    const actor = { kind: 'engine', id: 'belay' } as const;
    await door.story.add([
      { type: 'step.started', data: { step: 'look', kind: 'manual', title: 'Look', attempt: 1 }, at, actor },
      { type: 'step.waiting', data: { step: 'look', kind: 'manual', who: 'comms', ask: '', count: 1 }, at, actor },
    ]);
  });

  test('without an answer shows what is asked and the command to type', async () => {
    const shown = await door.belay(['answer', 'INC-1']);
    expect(shown.code).toBe(2);
    expect(shown.err).toContain('No payment is stuck');
    expect(shown.err).toContain('belay answer INC-1 look --tick all --set orders_stuck=…');
    expect(door.story.commands.asked).toEqual([]);
  });

  test('ticks boxes by number, text or all, and types the answers', async () => {
    const done = await door.belay(['answer', 'INC-1', 'look', '--tick', '2', '--set', 'orders_stuck=3', '--json']);
    expect(done.code).toBe(0);
    expect(done.json()).toMatchObject({ incident: { id: 'INC-1' } });
    expect(door.story.commands.asked).toEqual([
      `answer operator ${JSON.stringify({ ticks: ['No payment is stuck'], answers: { orders_stuck: 3 } })}`,
    ]);
  });

  test.each([
    [['--set', 'orders_stuck=many'], 'not a whole number'],
    [['--set', 'orders=3'], 'It asks for: orders_stuck'],
    [['--tick', '7'], 'a number from 1 to 2'],
    [['--set', 'orders_stuck'], 'is not name=value'],
  ])('refuses %j with 2', async (flags, says) => {
    const refused = await door.belay(['answer', 'INC-1', 'look', ...flags]);
    expect({ code: refused.code, says: refused.err.includes(says) }).toEqual({ code: 2, says: true });
    expect(door.story.commands.asked).toEqual([]);
  });
});

describe('run', () => {
  test('starts nothing that nobody said yes to', async () => {
    const run = await door.belay(['run', 'org-rollback', '--org', 'acme']);
    expect({ code: run.code, names: run.err.includes(`--plan ${short()}`) }).toEqual({ code: 2, names: true });
    const other = await door.belay(['run', 'org-rollback', '--org', 'acme', '--plan', 'b'.repeat(8)]);
    expect(other.code).toBe(6);
    expect((await door.belay(['run', 'org-rollback', '--org', 'acme', '--dry-run', '--json'])).json()).toMatchObject({
      planHash: door.story.plan.planHash,
    });
    expect(door.story.commands.asked).toEqual([]);
  });

  test('follows until it waits for people, and ends with 3', async () => {
    const run = await door.belay(['run', 'org-rollback', '--org', 'acme', '--plan', short(), '--json']);
    expect({ code: run.code, ...run.json<object>() }).toMatchObject({ code: 3, outcome: 'waiting', exitCode: 3 });
    expect(run.err).toContain('Approval asked of commander');
  });

  test('with --detach returns at once with the incident', async () => {
    const run = await door.belay(['run', 'org-rollback', '--org', 'acme', '--yes', '--detach', '--json']);
    expect({ code: run.code, ...run.json<object>() }).toMatchObject({ code: 0, incident: { id: 'INC-1' } });
  });

  test('Ctrl-C lets go of it with 130, and the run goes on', async () => {
    const run = await door.belay(['run', 'org-rollback', '--org', 'acme', '--yes', '--until-end'], { interruptAt: /Approval asked/ });
    expect({ code: run.code, says: run.err.includes('INC-1 goes on') }).toEqual({ code: 130, says: true });
  });
});

describe('watch without a screen', () => {
  test('prints what happened, then lets go with 130', async () => {
    const watch = await door.belay(['watch', 'INC-1'], { interruptAt: /Message team-1: sent/ });
    expect({ code: watch.code, lines: watch.out.includes('Step "Tell the team" started') }).toEqual({ code: 130, lines: true });
    const all = await door.belay(['watch', '--json'], { interruptAt: /comms\.changed/ });
    expect(all.code).toBe(130);
    expect(
      all.out
        .trimEnd()
        .split('\n')
        .map((line) => (JSON.parse(line) as { seq: number }).seq),
    ).toEqual(expect.arrayContaining([1, 2, 3]));
  });
});

describe('other writes', () => {
  test('note and pause say what they did and answer with JSON', async () => {
    const note = await door.belay(['note', 'INC-1', 'it', 'was', 'the', 'flow']);
    expect({ code: note.code, out: note.out }).toMatchObject({ code: 0, out: expect.stringContaining('Noted in INC-1') });
    const pause = await door.belay(['pause', '--reason', 'look', '--json']);
    expect({ code: pause.code, ...pause.json<object>() }).toMatchObject({ code: 0, paused: true, server: 'answered' });
    expect(existsSync(join(door.dataDir, 'pause'))).toBe(true);
  });

  test('evidence export never overwrites, and --out names what was written', async () => {
    const file = join(door.dataDir, 'evidence.json');
    const raw = await door.belay(['evidence', 'export', 'INC-1']);
    const exported = await door.belay(['evidence', 'export', 'INC-1', '--out', file, '--json']);
    expect(readFileSync(file, 'utf8')).toBe(raw.out);
    // The story's record is not a sealed one: it is handed over, and the caller is told.
    expect({ code: exported.code, ...exported.json<object>() }).toMatchObject({ code: 4, ok: false, incident: 'INC-1', file });
    const again = await door.belay(['evidence', 'export', 'INC-1', '--out', file]);
    expect({ code: again.code, says: again.err.includes('there already') }).toEqual({ code: 2, says: true });
  });
});
