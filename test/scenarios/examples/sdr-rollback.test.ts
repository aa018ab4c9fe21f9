// The deploy of examples/sdr-analytics taken back by its written procedure: a real repository over http whose pushes are deployed, the servers
// of Sentry and Slack, a real mailbox and log file. The judges are the repository, what is served, and what people got.
import { appendFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { journalLinesOf } from '../../../src/adapters/virtual/journal.ts';
import { guardText } from '../../../src/domain/event-text.ts';
import { breach, breachOf } from '../../world/scenes/deploy.ts';
import { dataOf, type ExampleLife, incidentOf } from '../../world/scenes/example.ts';
import { badDeploy, MINUTE, TECH_LEAD, withoutBrowser, yamlOfExample } from './sdr-world.ts';

type World = Awaited<ReturnType<typeof badDeploy>>;

/** What must be so at the end, however often Belay died. */
async function endOf({ host, slack, mailbox, story }: World, life: ExampleLife) {
  const incident = await incidentOf(life);
  const acts = journalLinesOf(story.disk).filter((line) => line.kind === 'outcome' && line.effect === 'done');
  return {
    steps: Object.fromEntries(Object.entries(incident?.steps ?? {}).map(([id, { status }]) => [id, status])),
    evidence: incident?.evidence.toSorted(),
    served: await host.running(),
    commits: Number(await host.bare('rev-list', '--count', 'main')),
    acts: [...new Set(acts.map((line) => `${line.step} ${line.target}`))],
    posts: new Set(slack.posts.map((post) => `${post.channel} ${post.text.split('\n')[0] ?? ''}`)),
    mails: new Set(mailbox.mails.map((mail) => `${mail.to.join()} ${/^Subject: (.*)$/m.exec(mail.raw)?.[1] ?? ''}`)).size,
  };
}

const DONE = [
  'confirmar',
  'decidir',
  'alerta',
  'congelar',
  'versao',
  'saude',
  'dashboard',
  'tela',
  'sentry-parou',
  'vigiar',
  'completo',
  'liberar',
  'post-mortem',
];
const END = {
  steps: Object.fromEntries(DONE.map((step) => [step, 'done'])),
  evidence: ['decision', 'detected-at', 'erros-antes', 'restored-at', 'saude-antes', 'tela-synthetic'],
  served: 'v1.0.0',
  commits: 3,
  acts: ['versao target:streamlit'],
  // The alert promised a word within fifteen minutes, and the watch alone takes thirty: whoever promised it is called.
  posts: new Set([
    '#tech *INC-1 (P1) espera por você*',
    '#tech 🚨 ALERTA DE ROLLBACK',
    '#tech *INC-1 (P1): venceu a atualização prometida a equipe*',
    '#tech *INC-1 (P1): venceu a atualização prometida a tech*',
    '#tech ✅ ROLLBACK COMPLETO',
  ]),
  mails: 2,
};

test('a bad deploy goes back by one commit on top; what was wrong is kept, and it is proven, watched for half an hour and told [S3-CL-01] [S3-CH-01] [S3-CH-02]', async () => {
  const world = await badDeploy();
  const life = await world.live();
  expect(await endOf(world, life)).toEqual(END);
  const kept = Object.fromEntries((await dataOf(life, 'evidence.captured')).map(({ evidence, value }) => [evidence, value]));
  expect(kept['saude-antes']).toMatchObject({ values: { status: 500, json: { status: 'broken' } } });
  expect(kept['erros-antes']).toMatchObject({ values: { errors: 126 } });
  // The bad version stays in the history, below what took it back.
  expect(await world.host.bare('rev-list', 'main')).toContain(world.host.commits['v1.1.0']);
  const of = (step: string) => dataOf(life, 'step.finished').then((all) => all.find((one) => one.step === step));
  const [began, ended] = [
    (await incidentOf(life))?.steps['vigiar']?.startedAt ?? 0,
    (await incidentOf(life))?.steps['vigiar']?.endedAt ?? 0,
  ];
  expect(ended - began).toBeGreaterThanOrEqual(30 * MINUTE);
  expect(await of('vigiar')).toMatchObject({ status: 'done' });
});

test('errors that go on in Sentry are no proof: people are asked, nothing says that it is restored, and the good version stays [S3-VE-04] [S3-DE-01]', async () => {
  const world = await badDeploy();
  const from = Math.floor(world.story.clock.now() / MINUTE) * MINUTE;
  for (let ahead = 0; ahead < 120; ahead += 1) world.sentry.state.errors.set(from + ahead * MINUTE, 3);
  const life = await world.live({ enough: (incident) => incident?.tasks['sentry-parou'] !== undefined });
  expect((await incidentOf(life))?.steps).toMatchObject({ versao: { status: 'done' }, 'sentry-parou': { status: 'waiting' } });
  expect(world.slack.posts.some((post) => post.text.includes('COMPLETO'))).toBe(false);
  expect(await world.host.running()).toBe('v1.0.0');
});

test('an error in the log of the app, twenty minutes into the watch, asks people before anybody is told that it is over [S3-ST-12]', async () => {
  const world = await badDeploy();
  let written = false;
  const life = await world.live({
    meanwhile: (incident) => {
      const since = incident?.steps['vigiar']?.startedAt;
      if (!written && since !== undefined && world.story.clock.now() - since > 20 * MINUTE) {
        written = true;
        appendFileSync(`${world.story.folder}/logs/app.log`, `${new Date(world.story.clock.now()).toISOString()} ERROR timeout\n`);
      }
    },
    enough: (incident) => incident?.tasks['vigiar'] !== undefined,
  });
  expect(written).toBe(true);
  expect((await incidentOf(life))?.steps['vigiar']).toMatchObject({ status: 'waiting' });
  expect(world.slack.posts.some((post) => post.text.includes('COMPLETO'))).toBe(false);
});

test('somebody who pushes between the approval and the act is not run over: the copy is behind, the step says so, and main keeps what they pushed [S3-GU-07]', async () => {
  const world = await badDeploy();
  let pushed = '';
  const life = await world.live({
    enough: (incident) => incident?.steps['versao']?.status === 'failed',
    meanwhile: async (incident) => {
      if (pushed === '' && incident?.steps['congelar'] !== undefined)
        pushed = await world.host.commit('A fix of somebody else', { 'app.txt': 'v1.1.1\n' });
    },
  });
  expect(pushed).not.toBe('');
  expect(await world.host.head()).toBe(pushed);
  expect((await incidentOf(life))?.steps['versao']?.detail).toMatchObject({ code: 'BELAY_GUARD_REFUSED', guard: 'branch-em-dia' });
});

const armed = (trigger: string): Readonly<Record<string, string>> => ({
  'belay.yaml': withoutBrowser(yamlOfExample()).replace(`  ${trigger}:\n`, '$&    mode: armed\n'),
});

test('more than ten errors a minute ask people "only a minor bug?" and "would a hotfix do?"; whoever says yes stops it, and nothing has changed [S3-GU-03] [S3-GU-05]', async () => {
  const world = await badDeploy(armed('errors-10-per-minute'));
  const { clock, disk } = world.story;
  const head = await world.host.head();
  const breached = breachOf('', clock.now(), { trigger: 'errors-10-per-minute', episode: 'errors-10-per-minute//1' });
  const life = await world.live({
    begin: () => breach(disk, breached),
    who: { person: 'nobody', roles: [] },
    enough: (incident) => Object.keys(incident?.approvals ?? {}).length > 0,
  });
  const [decided] = await dataOf(life, 'decision.made');
  const asked = (decided?.guards ?? []).flatMap((one) => (one.facts['ask'] === undefined ? [] : [guardText(one, 'pt-BR')]));
  expect(decided?.choice).toBe('ask');
  expect(asked).toEqual([expect.stringContaining('É apenas um bug menor?'), expect.stringContaining('Um hotfix rápido resolve?')]);
  const [approval] = Object.values((await incidentOf(life))?.approvals ?? {});
  await life.commands.approve(TECH_LEAD, {
    ...{ incident: 'INC-1', approval: approval?.id ?? '', planHash: approval?.planHash ?? '' },
    ...{ decision: 'deny', reason: 'Só um bug menor; o hotfix já vem', key: 'no' },
  });
  await clock.advance(MINUTE);
  expect(await dataOf(life, 'approval.denied')).toMatchObject([{ by: 'ana', reason: 'Só um bug menor; o hotfix já vem' }]);
  expect(await dataOf(life, 'step.started')).toEqual([]);
  expect([await world.host.head(), await world.host.running(), journalLinesOf(disk)]).toEqual([head, 'v1.1.0', []]);
  expect(world.slack.posts.filter((post) => post.text.includes('ROLLBACK'))).toEqual([]);
});

test.each([[[23]], [[31, 17]], [[47, 29, 11]]])(
  'killed at boundary %j it ends the same: one commit, each message on Slack and by mail, nothing skipped [S3-SY-09] [S3-SY-10]',
  async (killedAt) => {
    const world = await badDeploy();
    const life = await world.live({ killedAt });
    expect(await endOf(world, life)).toEqual(END);
  },
);
