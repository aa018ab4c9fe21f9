// The bad day of examples/vocalcoach: its folder over a real repository, npm scripts, files and mailbox, with servers of Swarm, Sentry and
// Google Analytics that remember. It says what is so at the end, and judges nothing.
import { appendFileSync, symlinkSync, utimesSync } from 'node:fs';
import path from 'node:path';
import { journalLinesOf } from '../../../src/adapters/virtual/journal.ts';
import { apiFiles, startCoach } from '../../world/parts/coach.ts';
import { startMailbox } from '../../world/parts/mailbox.ts';
import {
  type Answers,
  type ExampleLife,
  eventsOf,
  incidentOf,
  type Lives,
  liveThrough,
  openExampleStory,
} from '../../world/scenes/example.ts';
import { startGoogleAnalytics } from '../../world/vendors/google-analytics.ts';
import { startSentryApi } from '../../world/vendors/sentry-api.ts';
import { startSwarm } from '../../world/vendors/swarm.ts';

export const MINUTE = 60_000;
export const ANA = { person: 'ana', roles: ['commander', 'on-call', 'support'] };
const TOKEN = 'sntrys-1';

/** What a person writes who fills in the forms of assessment and decision. */
export const FORMS: Answers = {
  avaliar: { answers: { impacto: 'aulas lentas', escopo: 'todos os usuários', recursos: 'duas pessoas' } },
  pesar: { answers: { severidade: 'P1', correcao: 'duas horas', perda: 'nenhuma' } },
};

async function startParts(closing: (() => Promise<unknown>)[]) {
  const opened = async <T extends { close(): Promise<unknown> }>(starting: Promise<T>): Promise<T> => {
    const part = await starting;
    closing.push(() => part.close());
    return part;
  };
  return {
    coach: await opened(startCoach()),
    mailbox: await opened(startMailbox()),
    sentry: await opened(startSentryApi({ token: TOKEN, organization: 'vocalcoach' })),
    analytics: await opened(startGoogleAnalytics({ property: '123456789' })),
    swarm: await opened(startSwarm({ service: 'vocalcoach_api', replicas: 2 })),
  };
}

type Parts = Awaited<ReturnType<typeof startParts>>;
export type BadDay = Awaited<ReturnType<typeof badDay>>;

export interface Trouble {
  readonly slow?: boolean;
  /** More servers, more cache and fewer features are enough. */
  readonly helps?: boolean;
  /** How many there are already; two, if not given. */
  readonly servers?: number;
}

/** What is served, and how, as detection measures it. */
function latencyOf({ coach, swarm }: Parts, { slow = false, helps = false }: Trouble): number {
  if (!slow || coach.release === 'r7') return 0.2;
  const relieved = swarm.state.replicas >= 4 && coach.cacheMode() === 'aggressive' && coach.features()['newVoiceAnalysis'] === false;
  return relieved && helps ? 0.35 : 0.9;
}

export async function badDay(closing: (() => Promise<unknown>)[], trouble: Trouble = {}) {
  const parts = await startParts(closing);
  const { coach, mailbox, sentry, analytics, swarm } = parts;
  swarm.state.replicas = trouble.servers ?? swarm.state.replicas;
  const at = new Date(Date.now() - 12 * MINUTE).toISOString();
  const story = openExampleStory({
    example: 'vocalcoach',
    env: (folder) => ({
      ...{ API_URL: coach.apiUrl, APP_URL: coach.appUrl, APP_GIT: coach.host.url, API_LOG: path.join(folder, 'logs/api.log') },
      ...{ SENTRY_URL: sentry.url, SENTRY_TOKEN: TOKEN, SENTRY_HOOK_SECRET: 's', ANALYTICS_URL: analytics.url },
      ...{ SWARM_URL: swarm.url, SMTP_HOST: '127.0.0.1', SMTP_PORT: String(mailbox.port) },
    }),
    files: {
      ...apiFiles(coach.apiUrl),
      'ga4-key.json': analytics.key,
      'logs/api.log': `${JSON.stringify({ time: at, level: 'error', route: '/lesson', msg: 'too slow' })}\n`,
      'logs/transactions.log': `${at} ERROR lesson 17 was written twice\n${at} INFO lesson 18 was written\n`,
    },
    measured: (trigger) => {
      const value = { 'latency-high': latencyOf(parts, trouble), 'errors-1-percent': 0.001 }[trigger] ?? 0.5;
      return { value, lower: value, upper: value };
    },
  });
  closing.push(async () => story.remove());
  const day = new Date(Date.now() - 24 * 60 * MINUTE);
  utimesSync(path.join(story.folder, 'api/releases/r7'), day, day);
  symlinkSync('releases/r8', path.join(story.folder, 'api/current'));
  await coach.settle(story.folder);
  analytics.state.now = () => story.clock.now();
  const minute = Math.floor(story.clock.now() / MINUTE) * MINUTE;
  for (let back = 1; back <= 10; back += 1) {
    sentry.state.errors.set(minute - back * MINUTE, 9);
    analytics.state.minutes.set(minute - back * MINUTE, { '': [120] });
  }
  const live = (runbook: string, more: Partial<Lives> = {}): Promise<ExampleLife> =>
    liveThrough(story, {
      begin: (life) => life.commands.startRun(ANA, { runbook, inputs: {}, key: 'by-hand' }),
      who: ANA,
      withinMs: 3 * 60 * MINUTE,
      ...more,
      meanwhile: async (incident) => {
        const line = { time: new Date(story.clock.now()).toISOString(), level: 'info', route: '/lesson', msg: 'given' };
        appendFileSync(path.join(story.folder, 'logs/api.log'), `${JSON.stringify(line)}\n`);
        await more.meanwhile?.(incident);
      },
    });
  return { ...parts, story, live };
}

/** Quoted-printable, as mail writes headers and bodies. */
const plain = (text: string): string =>
  Buffer.from(
    text.replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  ).toString('utf8');

/** Who got which mail, and what it says. */
export const mailsOf = ({ mailbox }: Pick<BadDay, 'mailbox'>): readonly { readonly what: string; readonly text: string }[] =>
  mailbox.mails.map(({ to, raw }) => {
    const folded = /^Subject: ((?:.*\r?\n )*.*)$/m.exec(raw)?.[1] ?? '';
    const subject = folded.replaceAll(/=\?UTF-8\?Q\?(.*?)\?=\s*/g, (_, text: string) => text.replaceAll('_', ' ')).trim();
    return { what: `${to.join()} ${plain(subject)}`, text: plain(raw.replaceAll(/=\r?\n/g, '')) };
  });

/** What must be so however often Belay died. */
export async function endOf({ coach, swarm, mailbox, story }: BadDay, life: ExampleLife) {
  const incident = await incidentOf(life);
  const done = journalLinesOf(story.disk).filter((line) => line.kind === 'outcome' && line.effect === 'done');
  return {
    steps: Object.fromEntries(Object.entries(incident?.steps ?? {}).map(([id, { status }]) => [id, status])),
    evidence: incident?.evidence.toSorted(),
    open: incident?.contingencies.filter((one) => one.closedAt === undefined).map((one) => one.step),
    acts: [...new Set(done.map((line) => line.step))],
    api: { release: coach.release, loads: coach.loads, cache: coach.cacheMode(), units: swarm.state.orders },
    app: { features: coach.features(), text: await coach.host.running() },
    commits: (await coach.host.bare('log', '--format=%s', 'main')).split('\n').slice(0, -4),
    mails: new Set(mailbox.mails.map((mail) => /^Message-ID: (.*)$/im.exec(mail.raw)?.[1])).size,
  };
}

/** Every call of a person, with its reason, and when it was due. */
export const callsOf = async (life: ExampleLife) =>
  (await eventsOf(life)).flatMap(({ type, data, at }) =>
    type === 'escalation.fired' ? [{ ...(data as { readonly to: string; readonly why: string }), at }] : [],
  );
