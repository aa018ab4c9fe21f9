// A story on disk: <data>/example, a copy of examples/first-rollback with the service's own state. Ordinary client code: nothing in the
// product knows that it exists.
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Instant } from '../../domain/json.ts';
import { stopProgram } from './program.ts';

export const GOOD_RELEASE = 'v1.0.0';
export const BAD_RELEASE = 'v1.1.0';
export type Scenario = 'deploy' | 'org';

export interface Story {
  readonly scenario: Scenario;
  /** Copy of the example: belay.yaml, runbooks/, templates/, service/. */
  readonly dir: string;
  readonly service: string;
  readonly beganAt: Instant;
  /** 0 until the shop has been started once; it keeps its port for the whole story. */
  readonly port: number;
}

const HOUR_MS = 3_600_000;
/** What running leaves in the folder; a story never begins with somebody else's. */
const LEFT_BEHIND = /^(run|current|FREEZE|\.belay-.*|\.current\..*|flows\.json\..*|node_modules)$/;

export const storyDir = (dataDir: string): string => join(dataDir, 'example');
const fileOf = (dir: string): string => join(dir, 'story.json');

/** The story of a data directory, or null when there is none that was prepared to the end. */
export function loadStory(dataDir: string): Story | null {
  const dir = storyDir(dataDir);
  if (!existsSync(fileOf(dir))) return null;
  const { scenario, beganAt, port } = JSON.parse(readFileSync(fileOf(dir), 'utf8')) as Pick<Story, 'scenario' | 'beganAt' | 'port'>;
  return { scenario, dir, service: join(dir, 'service'), beganAt, port };
}

export function saveStory(story: Story): Story {
  const { scenario, beganAt, port, dir } = story;
  writeFileSync(`${fileOf(dir)}.draft`, JSON.stringify({ scenario, beganAt, port }));
  renameSync(`${fileOf(dir)}.draft`, fileOf(dir));
  return story;
}

export interface PrepareOptions {
  readonly scenario: Scenario;
  /** `keep` goes on with the story that is there, whatever its scenario; `reset` ends it and begins anew. */
  readonly mode: 'keep' | 'reset';
  readonly exampleDir?: string;
}

/** A kill at any point leaves a story that is whole, or none: the copy gets its name last. */
export async function prepareStory(dataDir: string, o: PrepareOptions): Promise<Story> {
  const known = loadStory(dataDir);
  if (known !== null && o.mode === 'keep') return known;
  if (known !== null) await stopStory(known);
  const dir = storyDir(dataDir);
  const draft = `${dir}.draft`;
  for (const left of [draft, dir]) rmSync(left, { recursive: true, force: true });
  mkdirSync(dataDir, { recursive: true, mode: 0o711 });
  cpSync(o.exampleDir ?? exampleDir(), draft, { recursive: true, filter: (path) => !LEFT_BEHIND.test(basename(path)) });
  const now = Date.now();
  layOut(join(draft, 'service'), now);
  saveStory({ scenario: o.scenario, dir: draft, service: join(draft, 'service'), beganAt: now, port: 0 });
  renameSync(draft, dir);
  return { scenario: o.scenario, dir, service: join(dir, 'service'), beganAt: now, port: 0 };
}

/** The good release has been live for long, the other one came an hour ago. */
function layOut(service: string, now: Instant): void {
  symlinkSync(join('releases', GOOD_RELEASE), join(service, 'current'));
  for (const [release, ageMs] of [
    [GOOD_RELEASE, 72 * HOUR_MS],
    [BAD_RELEASE, HOUR_MS],
  ] as const) {
    const at = new Date(now - ageMs);
    utimesSync(join(service, 'releases', release), at, at);
  }
}

function exampleDir(): string {
  return fileURLToPath(new URL('../../../examples/first-rollback', import.meta.url));
}

/** Ends the service and its traffic; what they wrote stays. */
export async function stopStory(story: Story): Promise<void> {
  await stopProgram(join(story.service, 'run', 'traffic.pid'));
  await stopProgram(join(story.service, 'run', 'shop.pid'));
}

export const shopUrl = (story: Story): string => `http://127.0.0.1:${story.port}`;
