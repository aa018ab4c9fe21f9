// `npm start`: plays the first-rollback story on real parts and follows it to its end. Belay, the shop and its traffic are
// processes of their own: this command may be killed at any time, and the next one goes on with the same story.

import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { assert } from '../domain/assert.ts';
import { BelayError, EXIT } from '../domain/errors.ts';
import type { Event } from '../domain/event.ts';
import type { Incident } from '../domain/incident.ts';
import { isOpen } from '../domain/incident-fold.ts';
import type { Http } from '../ports/http.ts';
import type { Client } from './client.ts';
import { connect } from './client.ts';
import type { StoryReport } from './demo/report.ts';
import { finishStory, isFinished, reportOf } from './demo/report.ts';
import { ensureShop, ensureTraffic, isProvoked, provoke } from './demo/scene.ts';
import type { Scenario, Story } from './demo/story.ts';
import { loadStory, prepareStory, stopStory } from './demo/story.ts';
import { follow } from './follow.ts';
import { loadConfig } from './load-config.ts';
import { livingServer } from './server-file.ts';
import { ensureServer, stopServer } from './server-process.ts';
import type { Wiring } from './wiring.ts';

interface StartOptions {
  readonly scenario: Scenario;
  readonly dataDir: string;
  readonly port: number;
  readonly exit: boolean;
  readonly json: boolean;
}

const STORY_TIMEOUT_MS = 5 * 60_000;
const READY_TIMEOUT_MS = 90_000;
/** Healthy traffic before anything goes wrong: longer than the window of the story's trigger. */
const QUIET_TRAFFIC_MS = 6_000;
/** How long an open question may wait for more evidence before the story counts as waiting for people. */
const PATIENCE_MS = 20_000;

/** @returns the exit code: 0 only when the incident was handled and proven. */
export async function runStart(argv: readonly string[], wiring: Wiring): Promise<number> {
  const options = optionsOf(argv);
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const http = await wiring.http();
  const story = await openStory(options, say);
  const report = await play(options, story, { wiring, http, say });
  process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : '');
  say(summary(report));
  if (options.exit) await stopAll(options, story, say);
  else await stayOpen(options, story, say);
  return report.ok ? EXIT.ok : report.incident.waiting ? EXIT.waiting : EXIT.verification;
}

function optionsOf(argv: readonly string[]): StartOptions {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        scenario: { type: 'string', default: 'deploy' },
        data: { type: 'string', default: '.belay' },
        port: { type: 'string', default: '7070' },
        exit: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
      },
    });
    const port = Number(values.port);
    if (values.scenario !== 'deploy' && values.scenario !== 'org') throw new Error(`--scenario is deploy or org, not ${values.scenario}`);
    if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error(`--port is a number from 0 to 65535, not ${values.port}`);
    return { scenario: values.scenario, dataDir: resolve(values.data), port, exit: values.exit, json: values.json };
  } catch (error) {
    throw new BelayError('BELAY_USAGE', (error as Error).message, {
      hint: 'npm start -- [--exit] [--json] [--scenario deploy|org] [--data DIR] [--port N]',
      cause: error,
    });
  }
}

/** The story in progress, else a new one. A living Belay keeps the story that it serves. */
async function openStory(options: StartOptions, say: (line: string) => void): Promise<Story> {
  const known = loadStory(options.dataDir);
  const unfinished = known !== null && !isFinished(known);
  if (unfinished) say(`Going on with the ${known.scenario} story of ${options.dataDir}.`);
  const keep =
    unfinished || (known !== null && livingServer(options.dataDir) !== null && known.scenario === options.scenario && !isFinished(known));
  if (!keep && livingServer(options.dataDir) !== null) await stopServer(options.dataDir);
  return prepareStory(options.dataDir, { scenario: options.scenario, mode: keep ? 'keep' : 'reset' });
}

interface Stage {
  readonly wiring: Wiring;
  readonly http: Http;
  readonly say: (line: string) => void;
}

async function play(options: StartOptions, prepared: Story, stage: Stage): Promise<StoryReport> {
  const { say } = stage;
  const { story, url } = await ensureShop(prepared);
  await ensureTraffic(story);
  const trafficSince = Date.now();
  say(`The shop answers at ${url}, with traffic of three organizations.`);
  const server = await ensureServer({
    dataDir: options.dataDir,
    configDir: story.dir,
    port: options.port,
    env: { ...stage.wiring.env, SHOP_URL: url },
    say,
  });
  say(`War room: http://127.0.0.1:${server.port}  (log in with the token in ${server.tokenFile})`);
  const reach = (): Client => connect(options.dataDir, stage.http);
  const known = (await untilAnswered(reach, story)) ?? (await beginAndWait(story, stage, { reach, trafficSince }));
  const { incident, events } = await followStory(known, reach, say);
  const config = await loadConfig(story.dir, { ...stage.wiring, env: { ...stage.wiring.env, SHOP_URL: url } }, say);
  const rule = config.system.triggers.find((one) => one.id === incident.trigger);
  assert(rule !== undefined, `${incident.id} has no trigger of the story`);
  const leftOpen = await stillOpen(reach, story, incident.id);
  const digest = await stage.wiring.digest();
  const report = await reportOf({ story, dataDir: options.dataDir, incident, events, rule, digest, leftOpen });
  finishStory(story, report);
  return report;
}

/** Nothing has gone wrong yet, or nobody has noticed yet: the wrong thing is done, once, and the incident awaited. */
async function beginAndWait(
  story: Story,
  { say }: Stage,
  { reach, trafficSince }: { readonly reach: () => Client; readonly trafficSince: number },
): Promise<string> {
  if (!isProvoked(story)) {
    await untilWatching(reach, say);
    // A full window of traffic for whoever judges, and no fixed phase to the scrapes: both would flatter or spoil the delay.
    await sleep(Math.max(0, trafficSince + QUIET_TRAFFIC_MS - Date.now()) + Math.random() * 1_000);
    say(
      story.scenario === 'deploy'
        ? 'Somebody deploys v1.1.0, which answers half of the requests with an error.'
        : 'Every organization is put on the new checkout, which fails for acme.',
    );
  }
  await provoke(story);
  return untilDeclared(reach, story);
}

/** To its end, also where a question about one organization has become a part of the incident of all. */
async function followStory(id: string, reach: () => Client, say: (line: string) => void): ReturnType<typeof follow> {
  const seen = await follow({ incident: id, lang: 'en', say, until: untilOver(), timeoutMs: STORY_TIMEOUT_MS, connect: reach });
  return seen.incident.mergedInto === undefined ? seen : followStory(seen.incident.mergedInto, reach, say);
}

/** Written up, or stuck on people: a question that more evidence has not settled after a while. */
function untilOver(): (incident: Incident, events: readonly Event[]) => boolean {
  let waitingSince: number | null = null;
  return (incident, events) => {
    const waits = Object.values(incident.approvals).some((approval) => approval.state === 'open') || Object.keys(incident.tasks).length > 0;
    waitingSince = waits ? (waitingSince ?? Date.now()) : null;
    const stuck = waitingSince !== null && Date.now() - waitingSince > PATIENCE_MS;
    return incident.mergedInto !== undefined || stuck || events.some((event) => event.type === 'postmortem.drafted');
  };
}

async function untilWatching(reach: () => Client, say: (line: string) => void): Promise<void> {
  say('Watching until the windows are full.');
  await eventually(READY_TIMEOUT_MS, 'the triggers never saw enough traffic', async () => {
    const { triggers } = await reach().get<{ triggers: readonly { status: string; unknown: boolean; warming: boolean }[] }>('/v1/triggers');
    return triggers.length > 0 && triggers.every((view) => view.status === 'ok' && !view.unknown && !view.warming) ? true : null;
  });
}

/** What a server that may still be on its way up says at first: the incident of this story, or that there is none. */
async function untilAnswered(reach: () => Client, story: Story): Promise<string | null> {
  const { id } = await eventually(READY_TIMEOUT_MS, 'Belay did not say which incidents there are', async () => ({
    id: await incidentOf(reach(), story),
  }));
  return id;
}

async function untilDeclared(reach: () => Client, story: Story): Promise<string> {
  return eventually(READY_TIMEOUT_MS, 'no incident was declared', () => incidentOf(reach(), story));
}

/** The incident of this story: the first one declared after it began that is not a part of another. */
async function incidentOf(client: Client, story: Story): Promise<string | null> {
  const ours = (await incidentsOf(client, story)).filter((incident) => incident.mergedInto === undefined);
  return ours.sort((a, b) => a.number - b.number)[0]?.id ?? null;
}

async function incidentsOf(client: Client, story: Story): Promise<readonly Incident[]> {
  const { incidents } = await client.get<{ incidents: readonly { id: string }[] }>('/v1/incidents');
  const all = await Promise.all(incidents.map(({ id }) => client.get<{ incident: Incident }>(`/v1/incidents/${id}`)));
  return all.map(({ incident }) => incident).filter((incident) => incident.declaredAt >= story.beganAt);
}

/** Others than this one that wait for somebody. */
async function stillOpen(reach: () => Client, story: Story, id: string): Promise<readonly string[]> {
  const all = await eventually(READY_TIMEOUT_MS, 'Belay did not say which incidents there are', () => incidentsOf(reach(), story));
  return all.filter((incident) => incident.id !== id && isOpen(incident)).map((incident) => incident.id);
}

/** Asks until there is an answer; a server that is away for a moment is asked again. */
async function eventually<T>(timeoutMs: number, what: string, ask: () => Promise<T | null>): Promise<T> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const answer = await ask().catch((error: unknown) => {
      if (BelayError.is(error) && error.exitCode === EXIT.unreachable) return null;
      throw error;
    });
    if (answer !== null) return answer;
    if (Date.now() > end)
      throw new BelayError('BELAY_TIMEOUT', `After ${timeoutMs / 1000} s ${what}.`, { hint: 'See belay.log in the data directory.' });
    await sleep(200);
  }
}

function summary(report: StoryReport): string {
  const { timings, requests, files } = report;
  const seconds = (ms: number | null): string => (ms === null ? 'unknown' : `${(ms / 1000).toFixed(1)} s`);
  const changed = report.release ?? report.flow;
  return [
    '',
    `${report.incident.id} ${report.incident.phase}${report.ok ? ', handled and proven' : ''}: ${changed?.before ?? '?'} → ${changed?.after ?? '?'}`,
    `  detected in ${seconds(timings.detectMs)}, decided in ${seconds(timings.decideMs)}, first good answer after ${seconds(timings.actMs)}, proven in ${seconds(timings.proveMs)}`,
    `  ${requests.failed} of ${requests.total} requests failed; ${requests.failedOtherOrgs} of other organizations`,
    `  evidence: ${report.evidence.events} events, ${report.evidence.verified ? 'verified' : 'NOT VERIFIED'}`,
    `  post-mortem: ${files.postmortem}`,
    `  status page: ${files.status}`,
  ].join('\n');
}

async function stopAll(options: StartOptions, story: Story, say: (line: string) => void): Promise<void> {
  say('Stopping Belay, the shop and its traffic.');
  await stopServer(options.dataDir);
  await stopStory(story);
}

/** Ctrl-C, the end of a service, a terminal that is closed. */
const ENDS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The war room stays open until Ctrl-C. */
async function stayOpen(options: StartOptions, story: Story, say: (line: string) => void): Promise<void> {
  say('\nThe war room stays open. Ctrl-C stops everything.');
  // Listening for signals alone does not keep a process alive.
  const alive = setInterval(() => undefined, 60_000);
  // npm, a terminal and whoever ends the whole group may each deliver the same signal: a second one must not cut off the stopping.
  await new Promise<void>((done) => {
    for (const signal of ENDS) process.on(signal, () => done());
  });
  clearInterval(alive);
  await stopAll(options, story, say);
}
