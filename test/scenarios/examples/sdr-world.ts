// The deploy of examples/sdr-analytics that goes wrong: a real repository over http whose pushes are deployed, the app with its form and its
// dashboard, the servers of Sentry and Slack, a real mailbox and log file. What Belay makes of it is judged elsewhere.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { afterEach } from 'vitest';
import { startGitHost } from '../../world/parts/git-host.ts';
import { startMailbox } from '../../world/parts/mailbox.ts';
import { salesPages } from '../../world/parts/sales-app.ts';
import { type ExampleLife, type Lives, liveThrough, openExampleStory } from '../../world/scenes/example.ts';
import { startSentryApi } from '../../world/vendors/sentry-api.ts';
import { startSlack } from '../../world/vendors/slack.ts';

export const MINUTE = 60_000;
export const TECH_LEAD = { person: 'ana', roles: ['commander', 'tech-lead', 'devops'] };
const TOKENS = { SLACK_TOKEN: 'xoxb-1', SENTRY_TOKEN: 'sntrys-1' };
export const SMOKE_PASSWORD = 'senha-de-teste-31';

export const yamlOfExample = (): string => readFileSync(`${import.meta.dirname}/../../../examples/sdr-analytics/belay.yaml`, 'utf8');

/** Where there may be no browser: the same customer asks for the form, which says nothing of what is behind it. */
export const withoutBrowser = (yaml: string): string =>
  yaml.replace(
    / {4}browser: \{[\s\S]*?\n\ntargets:/,
    '    steps:\n      - { name: página, get: "{env.APP_URL}/login", expect: status == 200 }\n\ntargets:',
  );

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});
const until = <T>(part: T, close: () => Promise<unknown>): T => {
  closing.push(close);
  return part;
};

/** The app behind its address: well as long as the good version is served. */
async function startApp(running: () => Promise<string>, version: string) {
  const { faults, answer } = salesPages(SMOKE_PASSWORD);
  const app = createServer((request, response) => {
    void running().then(async (release) => {
      const isWell = release === 'v1.0.0';
      if (request.url === '/version') return response.end(await (await fetch(version)).text());
      if (isWell && request.url !== '/health') return answer(request, response);
      response.writeHead(isWell ? 200 : 500, { 'content-type': 'application/json' });
      return response.end(JSON.stringify({ status: isWell ? 'healthy' : 'broken' }));
    });
  });
  await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', () => resolve()));
  return until({ faults, url: `http://127.0.0.1:${(app.address() as AddressInfo).port}` }, async () => app.close());
}

/** As the example is with `{}`: then there must be a browser. */
export async function badDeploy(files: Readonly<Record<string, string>> = { 'belay.yaml': withoutBrowser(yamlOfExample()) }) {
  const host = await startGitHost();
  closing.push(host.close);
  await host.deploy('v1.1.0');
  const app = await startApp(host.running, `${host.service}/version`);
  const slack = await startSlack({ token: TOKENS.SLACK_TOKEN });
  closing.push(slack.close);
  const mailbox = await startMailbox();
  closing.push(mailbox.close);
  const sentry = await startSentryApi({ token: TOKENS.SENTRY_TOKEN, organization: 'sdr' });
  closing.push(sentry.close);
  const story = openExampleStory({
    example: 'sdr-analytics',
    env: () => ({
      ...TOKENS,
      ...{ APP_URL: app.url, APP_GIT: host.url, SLACK_URL: slack.url, SENTRY_URL: sentry.url },
      ...{ SMTP_HOST: '127.0.0.1', SMTP_PORT: String(mailbox.port), BACKUP_CATALOGUE_URL: 'postgres://127.0.0.1:1/none' },
      ...{ SUPPORT_HOOK_SECRET: 's', SENTRY_HOOK_SECRET: 's', SMOKE_USER: 'ana@empresa.com', SMOKE_PASSWORD },
    }),
    files: { ...files, 'logs/app.log': `${new Date(Date.now() - MINUTE).toISOString()} ERROR before the rollback\n` },
    measured: (trigger) => (trigger === 'backup-too-old' ? { value: 3_600, lower: 3_600, upper: 3_600 } : null),
  });
  closing.push(async () => story.remove());
  await promisify(execFile)('git', ['clone', '-q', host.url, `${story.folder}/checkout`]);
  // Sentry counts errors in each of the ten minutes before.
  const minute = Math.floor(story.clock.now() / MINUTE) * MINUTE;
  for (let back = 1; back <= 10; back += 1) sentry.state.errors.set(minute - back * MINUTE, 14);
  const live = (o: Partial<Lives> = {}): Promise<ExampleLife> =>
    liveThrough(story, {
      begin: (life) => life.commands.startRun(TECH_LEAD, { runbook: 'rollback-deploy', inputs: {}, key: 'by-hand' }),
      who: TECH_LEAD,
      withinMs: 3 * 60 * MINUTE,
      ...o,
    });
  return { host, app, slack, mailbox, sentry, story, live };
}
