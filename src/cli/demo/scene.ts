// What a story does to the world: the shop runs, customers buy, and then somebody deploys the wrong thing. Everything here may be
// called again after a kill and does nothing twice.
import { existsSync, lstatSync, readFileSync, readlinkSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { BelayError } from '../../domain/errors.ts';
import type { Instant } from '../../domain/json.ts';
import { linesOf } from './log-lines.ts';
import { ensureProgram, runProgram } from './program.ts';
import { BAD_RELEASE, type Story, saveStory, shopUrl } from './story.ts';

/** Forgotten programs end by themselves. */
const LIFETIME_MINUTES = '120';

export interface Running {
  readonly story: Story;
  readonly pid: number;
  readonly url: string;
  /** True: it ran before, and was found by its pid file. */
  readonly attached: boolean;
}

/** Starts the shop on the release that `current` names, or finds the one that runs. */
export async function ensureShop(story: Story): Promise<Running> {
  const argv = ['shop.mjs', '--port', String(story.port), '--minutes', LIFETIME_MINUTES] as const;
  const { pid, attached } = await ensureProgram({ folder: story.service, argv, name: 'shop' }, (ready) => listening(story)?.pid === ready);
  const port = listening(story)?.port ?? story.port;
  const known = port === story.port ? story : saveStory({ ...story, port });
  return { story: known, pid, url: shopUrl(known), attached };
}

function listening(story: Story): { readonly pid: number; readonly port: number } | null {
  const file = join(story.service, 'run', 'shop.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { pid: number; port: number }) : null;
}

/** So many requests a second for each organization, as near as timers allow. The shop has been started before. */
export async function ensureTraffic(story: Story, ratePerSecond = 60): Promise<Running> {
  const argv = ['traffic.mjs', '--url', shopUrl(story), '--rate', String(ratePerSecond), '--minutes', LIFETIME_MINUTES] as const;
  const { pid, attached } = await ensureProgram({ folder: story.service, argv, name: 'traffic' }, () => true);
  return { story, pid, url: shopUrl(story), attached };
}

/** Does the wrong thing, once in a story. @returns when it was done. */
export async function provoke(story: Story): Promise<Instant> {
  return provokedAt(story) ?? (story.scenario === 'deploy' ? deployBad(story) : putEverybodyOnNext(story));
}

export const isProvoked = (story: Story): boolean => provokedAt(story) !== null;

function provokedAt(story: Story): Instant | null {
  return story.scenario === 'deploy' ? deployed(story) : onNext(story);
}

async function deployBad(story: Story): Promise<Instant> {
  const { code, said } = await runProgram({ folder: story.service, argv: ['deploy.mjs', BAD_RELEASE], name: 'deploy' });
  const at = deployed(story);
  if (code === 0 && at !== null) return at;
  throw new BelayError(code === 3 ? 'BELAY_DEPLOY_FROZEN' : 'BELAY_PROCESS_FAILED', said, {
    hint: 'Begin a new story: npm start -- --data with another directory.',
  });
}

/** As the deployer wrote it down; killed before it could, the link itself says that it was switched. */
function deployed(story: Story): Instant | null {
  const lines = linesOf<{ t: Instant; event: string; release: string }>(join(story.service, 'run', 'deploys.ndjson'));
  const written = lines.find((line) => line.event === 'done' && line.release === BAD_RELEASE)?.t;
  if (written !== undefined) return written;
  const link = join(story.service, 'current');
  return basename(readlinkSync(link)) === BAD_RELEASE ? Math.round(lstatSync(link).mtimeMs) : null;
}

const flowsFile = (story: Story): string => join(story.service, 'flows.json');
const noteFile = (story: Story): string => join(story.service, 'run', 'provoked.json');

/** The note comes first: if a kill comes between, the file itself says whether it was done. */
function putEverybodyOnNext(story: Story): Instant {
  const flows = JSON.parse(readFileSync(flowsFile(story), 'utf8')) as Record<string, string>;
  const t = Date.now();
  writeWhole(noteFile(story), { t });
  writeWhole(flowsFile(story), Object.fromEntries(Object.keys(flows).map((org) => [org, 'next'])));
  return t;
}

function onNext(story: Story): Instant | null {
  if (!existsSync(noteFile(story)) || !readFileSync(flowsFile(story), 'utf8').includes('"next"')) return null;
  return (JSON.parse(readFileSync(noteFile(story), 'utf8')) as { t: Instant }).t;
}

function writeWhole(path: string, value: unknown): void {
  writeFileSync(`${path}.story-draft`, `${JSON.stringify(value, null, 2)}\n`);
  renameSync(`${path}.story-draft`, path);
}
