// What the rollback of one organization in examples/instagram-dm leaves behind: who commands, which clocks run and what they do when nobody
// is there, what the client is promised, and the record without which no incident closes.
import { rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import { verifyEvidence } from '../../../src/domain/evidence.ts';
import { evidenceText } from '../../../src/flows/evidence.ts';
import { breach, breachOf } from '../../world/scenes/deploy.ts';
import { dataOf, type ExampleLife, eventsOf, incidentOf } from '../../world/scenes/example.ts';
import { COMMANDER, MINUTE } from '../../world/scenes/instagram.ts';
import { type InstagramWorld, regression } from './instagram-world.ts';

const INES = { person: 'ines', roles: ['commander'] };
const LIA = { person: 'lia', roles: ['comms'] };
const RUN = { runbook: 'org-rollback', inputs: { org: 'acme' }, key: 'by-hand' };

/** Some time in which nobody answers anything. */
async function alone({ story }: InstagramWorld, minutes: number): Promise<ExampleLife> {
  const life = await story.live();
  await life.commands.startRun(INES, RUN);
  for (let minute = 0; minute < minutes; minute += 1) await story.clock.advance(MINUTE);
  return life;
}

/** Of a mail: who gets it, and its text. */
const mailsOf = ({ mailbox }: InstagramWorld) => [
  ...new Map(
    mailbox.mails.map(({ to, raw }) => [
      /^Message-ID: (.*)$/im.exec(raw)?.[1] ?? raw,
      {
        to: to.join(),
        text: Buffer.from(
          raw
            .split('\r\n\r\n')
            .slice(1)
            .join('\n')
            .replaceAll(/=\r?\n/g, ''),
        ).toString(),
      },
    ]),
  ).values(),
];

/** Opened by its trigger; the breach was a minute ago. */
const fired = async ({ story }: InstagramWorld, life: ExampleLife): Promise<void> => {
  const at = story.clock.now() - MINUTE;
  await breach(story.disk, breachOf('acme', at, { trigger: 'roll-back-organization', episode: `roll-back-organization/acme/${at}` }));
  for (let tries = 0; tries < 60 && (await incidentOf(life)) === null; tries += 1) await story.clock.advance(10_000);
};

test('an incident opens with its timeline, asks its commander for first hypotheses within fifteen minutes, and keeps them in their words [S4-ST-05] [S4-RO-01] [S4-CL-01]', async () => {
  const world = await regression();
  const life = await alone(world, 1);
  const opened = await incidentOf(life);
  expect(opened?.roles['commander']?.primary).toBe('ines');
  const due = (clock: string) => (opened?.clocks[clock]?.deadline ?? 0) - (opened?.declaredAt ?? 0);
  expect(['diagnostico', 'mitigacao', 'rca-preliminar'].map(due)).toEqual([15 * MINUTE, 30 * MINUTE, 120 * MINUTE]);
  const hypotheses = { incident: 'INC-1', step: 'hipoteses', answers: { hipoteses: 'o v2 não vincula conversas novas' }, key: 'h' };
  await expect(life.commands.answer(LIA, hypotheses)).rejects.toMatchObject({ code: 'BELAY_FORBIDDEN' });
  await life.commands.answer(INES, hypotheses);
  await world.story.clock.advance(MINUTE);
  const diagnosis = (await incidentOf(life))?.clocks['diagnostico'];
  expect(diagnosis?.stoppedAt).toBeLessThan(diagnosis?.deadline ?? 0);
  const timeline = (await eventsOf(life)).map(({ type, at }) => ({ type, at }));
  expect(timeline[0]?.type).toBe('incident.declared');
  expect(timeline.map(({ at }) => at)).toEqual(timeline.map(({ at }) => at).toSorted((a, b) => a - b));
  expect(JSON.stringify(await dataOf(life, 'checklist.answered'))).toContain('o v2 não vincula conversas novas');
});

test('clocks that nobody meets breach at fifteen minutes, thirty, and two hours, and each calls somebody [S4-CL-02] [S4-CL-03]', async () => {
  const world = await regression();
  const life = await alone(world, 125);
  const breached = (await eventsOf(life)).filter((event) => event.type === 'clock.breached');
  const since = (await incidentOf(life))?.declaredAt ?? 0;
  const after = Object.fromEntries(
    breached.map((event) => [(event.data as { clock: string }).clock, Math.floor((event.at - since) / MINUTE)]),
  );
  expect(after).toMatchObject({ diagnostico: 15, mitigacao: 30, 'rca-preliminar': 120 });
  const headlines = new Set(world.slack.posts.map((post) => post.text.split('\n')[0] ?? ''));
  for (const clock of ['diagnostico', 'mitigacao', 'rca-preliminar'])
    expect([...headlines]).toContain(`*INC-1 (P1): o relógio ${clock} estourou*`);
  // Nothing was rolled back meanwhile: nobody approved.
  expect(world.n8n.ledger).toEqual([]);
});

test('the client is told the name of the organization and when the next word comes, and a promise that is not kept calls those who made it [S4-TM-01] [S4-CL-05] [S4-RO-03]', async () => {
  const world = await regression();
  const life = await world.live({
    who: { ...COMMANDER, roles: ['commander'] },
    enough: (incident) => incident?.steps['avisar']?.status === 'done' && incident.tasks['atender'] !== undefined,
  });
  const [initial] = mailsOf(world);
  expect(initial).toMatchObject({ to: 'cliente@example.com' });
  expect(initial?.text).toMatch(/ACME|acme/);
  expect(initial?.text).toMatch(/Próxima atualização em até|=C3=B3xima atualiza/);
  const [promise] = await dataOf(life, 'comms.promised');
  const promisedFor = (promise?.at ?? 0) - ((await incidentOf(life))?.steps['avisar']?.startedAt ?? 0);
  expect(promisedFor).toBeGreaterThanOrEqual(30 * MINUTE);
  expect(promisedFor).toBeLessThan(31 * MINUTE);
  for (let minute = 0; minute < 32; minute += 1) await world.story.clock.advance(MINUTE);
  expect((await dataOf(life, 'escalation.fired')).map(({ to, why }) => `${to}: ${why}`)).toContain('comms: promised update to client');
});

test('the operations of the CRM alone say that attendance works: neither the commander nor communication can [S4-RO-02]', async () => {
  const world = await regression();
  const life = await world.live({
    who: { ...COMMANDER, roles: ['commander'] },
    enough: (incident) => incident?.tasks['atender'] !== undefined,
  });
  const answer = { incident: 'INC-1', step: 'atender', answers: { conversa: 'https://desk.example/conversas/1' }, key: 'a' };
  for (const who of [INES, LIA]) await expect(life.commands.answer(who, answer)).rejects.toMatchObject({ code: 'BELAY_FORBIDDEN' });
  await life.commands.answer({ person: 'caio', roles: ['crm-ops'] }, answer);
});

test('the record has when and by what it was detected, who decided and when [S4-EV-01] [S4-EV-02] [S4-EV-03]', async () => {
  const world = await regression({ isArmed: true });
  const life = await world.live({
    begin: (one) => fired(world, one),
    enough: (incident) => incident?.steps['estavel']?.status === 'done',
  });
  const incident = await incidentOf(life);
  const events = await eventsOf(life);
  expect(incident?.trigger).toBe('roll-back-organization');
  expect(incident?.evidence).toEqual(expect.arrayContaining(['detected-at', 'trigger', 'decision']));
  expect(events.find((event) => event.type === 'incident.declared')?.data).toMatchObject({ trigger: 'roll-back-organization' });
  expect(incident?.detectedAt).toBeLessThan(incident?.declaredAt ?? 0);
  const granted = events.find((event) => event.type === 'approval.granted');
  expect(granted?.data).toMatchObject({ by: 'ines' });
  expect(granted?.at).toBeGreaterThanOrEqual(incident?.declaredAt ?? 0);
});

test('the record has the restoration, the actions and the date of the new go-live [S4-EV-07] [S4-EV-08] [S4-EV-09]', async () => {
  const world = await regression();
  const life = await world.live();
  const captured = (await eventsOf(life)).filter((event) => event.type === 'evidence.captured');
  const at = (id: string): number => captured.find((event) => (event.data as { evidence: string }).evidence === id)?.at ?? 0;
  const steps = (await incidentOf(life))?.steps ?? {};
  expect(at('restored-at')).toBe(steps['webhooks-ok']?.endedAt);
  expect(at('acoes')).toBeGreaterThan(at('restored-at'));
  expect(JSON.stringify(captured.find((event) => (event.data as { evidence: string }).evidence === 'go-live'))).toContain(
    String(world.goLive),
  );
});

test('the client hears that it is stable once the fallback was watched, by the name of the organization [S4-TM-02]', async () => {
  const world = await regression();
  await world.live({ enough: (incident) => incident?.steps['estavel']?.status === 'done' });
  const last = mailsOf(world).at(-1);
  expect(last?.to).toBe('cliente@example.com');
  expect(last?.text).toMatch(/ACME|acme/);
  expect(last?.text).toMatch(/est=C3=A1|está/);
});

test('an incident whose log could not be read does not close, not even by the word of people, until somebody keeps it by hand [S4-PO-01]', async () => {
  const world = await regression();
  rmSync(`${world.story.folder}/logs/identity.log`);
  const life = await world.live();
  const close = (key: string) => life.commands.close(COMMANDER, { incident: 'INC-1', key });
  await expect(close('1')).rejects.toMatchObject({
    code: 'BELAY_GUARD_REFUSED',
    message: expect.stringContaining('evidence identity-log is missing') as string,
  });
  const kept = { incident: 'INC-1', evidence: 'identity-log', text: 'ERROR org=acme no identity password=hunter22', key: 'k' };
  await expect(life.commands.keepEvidence(INES, { ...kept, evidence: 'decision' })).rejects.toMatchObject({ code: 'BELAY_INPUT_INVALID' });
  await expect(life.commands.keepEvidence(INES, { ...kept, evidence: 'photo' })).rejects.toMatchObject({ code: 'BELAY_INPUT_INVALID' });
  await life.commands.keepEvidence(INES, kept);
  // The same answer that comes twice is one.
  await life.commands.keepEvidence(INES, kept);
  expect((await dataOf(life, 'evidence.captured')).filter(({ evidence }) => evidence === 'identity-log')).toEqual([
    expect.objectContaining({ by: 'ines', step: '', value: { known: true, by: 'ines', text: 'ERROR org=acme no identity password=•••' } }),
  ]);
  await close('2');
  expect((await incidentOf(life))?.phase).toBe('closed');
  await expect(life.commands.keepEvidence(INES, { ...kept, key: 'late' })).rejects.toMatchObject({ code: 'BELAY_GUARD_REFUSED' });
  expect(verifyEvidence((await evidenceText(life.world, 'INC-1')).text, life.world.digest).ok).toBe(true);
});
