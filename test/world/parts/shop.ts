// The example's shop as a real process in a folder of its own, with its deployer and, if wanted, its customers. Closing it leaves
// nothing behind.
import { mkdtempSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Asked, Served } from '../../../src/cli/demo/log-lines.ts';
import { askedRequests, servedRequests } from '../../../src/cli/demo/log-lines.ts';
import { runProgram } from '../../../src/cli/demo/program.ts';
import { ensureShop, ensureTraffic } from '../../../src/cli/demo/scene.ts';
import { prepareStory, type Scenario, type Story, stopStory } from '../../../src/cli/demo/story.ts';

export interface Shop {
  readonly dataDir: string;
  readonly story: Story;
  /** Root of the release directory: releases/, current, flows.json, run/. */
  readonly service: string;
  readonly url: string;
  readonly pid: number;
  /** What `current` names. */
  linked(): string;
  /** What the running process says that it serves. */
  running(): Promise<string>;
  ask(org: string): Promise<{ readonly status: number; readonly release: string }>;
  /** The example's own deployer: somebody who is not Belay. */
  deploy(release: string): Promise<{ readonly code: number; readonly said: string }>;
  served(): readonly Served[];
  asked(): readonly Asked[];
  close(): Promise<void>;
}

export async function startShop(o: { readonly scenario?: Scenario; readonly trafficPerSecond?: number } = {}): Promise<Shop> {
  const dataDir = mkdtempSync(join(tmpdir(), 'belay-shop-'));
  const { story, url, pid } = await ensureShop(await prepareStory(dataDir, { scenario: o.scenario ?? 'deploy', mode: 'reset' }));
  if (o.trafficPerSecond !== undefined) await ensureTraffic(story, o.trafficPerSecond);
  const get = async (path: string) => {
    const response = await fetch(`${url}${path}`);
    return { status: response.status, body: (await response.json()) as { release: string } };
  };
  return {
    dataDir,
    story,
    service: story.service,
    url,
    pid,
    linked: () => basename(readlinkSync(join(story.service, 'current'))),
    running: async () => (await get('/version')).body.release,
    ask: async (org) => {
      const { status, body } = await get(`/checkout?org=${org}`);
      return { status, release: body.release };
    },
    deploy: (release) => runProgram({ folder: story.service, argv: ['deploy.mjs', release], name: 'deploy' }),
    served: () => servedRequests(story),
    asked: () => askedRequests(story),
    close: async () => {
      await stopStory(story);
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** Looks until it is true. @throws after two seconds, with what was seen last. */
export async function eventually<T>(look: () => Promise<T> | T, isRight: (seen: T) => boolean, withinMs = 2_000): Promise<T> {
  const until = performance.now() + withinMs;
  for (;;) {
    const seen = await look();
    if (isRight(seen)) return seen;
    if (performance.now() > until) throw new Error(`not within ${withinMs} ms; last seen: ${JSON.stringify(seen)}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
