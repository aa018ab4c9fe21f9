// The platforms on loopback, with a service that runs its old release, and the target over them.
import { onTestFinished } from 'vitest';
import { createHttp } from '../../../src/adapters/http/index.ts';
import { createHeroku, createRailway, createVercel } from '../../../src/adapters/paas/index.ts';
import { systemTime } from '../../../src/adapters/system/index.ts';
import type { DeployTarget } from '../../../src/ports/deploy-target.ts';
import type { DeployTargetUnderTest } from '../../contracts/deploy-target.ts';
import { type HerokuServer, startHeroku } from '../../world/vendors/heroku.ts';
import { type RailwayServer, startRailway } from '../../world/vendors/railway.ts';
import { startVercel, type VercelServer } from '../../world/vendors/vercel.ts';

export const TOKEN = 'hunter2-hunter2-hunter2';
export const APP = 'sdr-analytics';
export const OLD_COMMIT = '60883d9e8947a57e04dc9124f25df004866a2051';
export const NEW_COMMIT = '9fceb02d0ae598e95dc970b74767f19372d61af8';
export const IDS = {
  project: '6b1f9c1e-5c0f-4c3a-9f5a-0d1e2f3a4b5c',
  environment: '7c2f9c1e-5c0f-4c3a-9f5a-0d1e2f3a4b5c',
  service: '8d3f9c1e-5c0f-4c3a-9f5a-0d1e2f3a4b5c',
};
export const deps = { http: createHttp({ allow: ['127.0.0.1'] }), time: systemTime };

/** What a platform can be told to do, and somebody who deploys by other means. */
export interface Hands {
  /** Says yes to the next orders and does nothing. */
  lie(): void;
  /** From now on the history is told as it is now. */
  stale(): void;
  /** Somebody else deploys the new release once more, right before, or right after the next order is carried out. */
  overtake(when: 'before' | 'after'): void;
  /** What is put live from now on takes its time, or does not get there. */
  next(how: 'lasts' | 'fails'): void;
  /** Another Belay, which remembers nothing. */
  again(o?: { readonly timeoutMs?: number; readonly token?: string }): DeployTarget;
}

export interface HerokuWorld extends DeployTargetUnderTest, Hands {
  readonly server: HerokuServer;
  readonly names: { readonly old: string; readonly new: string };
}

export async function herokuWorld(): Promise<HerokuWorld> {
  const server = await startHeroku({ app: APP, token: TOKEN });
  const again: Hands['again'] = ({ timeoutMs = 5_000, token = TOKEN } = {}) =>
    createHeroku({ app: APP, token, url: server.url, timeoutMs }, deps);
  const slugs = new Map<string, string>();
  const built = (commit: string, name: string): string => {
    const slug = server.deploy({ commit }).slug ?? '';
    slugs.set(name, slug);
    return slug;
  };
  const old = '60883d9e8947-5001abcd';
  const names = { old, new: '9fceb02d0ae5-5002abcd' };
  built(OLD_COMMIT, old);
  const nameOf = (slug: string | null): string => [...slugs].find(([, one]) => one === slug)?.[0] ?? 'another';
  return {
    server,
    names,
    again,
    target: again(),
    lie: () => {
      server.app.lies = true;
    },
    stale: () => {
      server.app.stale = server.app.releases.map((one) => ({ ...one }));
      server.app.staleCurrent = server.app.current;
    },
    overtake: (when) => {
      server.app[when] = () => void server.deploy({ slug: slugs.get(names.new) ?? '' });
    },
    next: (how) => {
      server.app.phase = how;
    },
    deploy: async (release) => {
      const slug = slugs.get(release);
      if (slug === undefined) built(NEW_COMMIT, release);
      else server.deploy({ slug });
    },
    running: async () => nameOf(server.app.releases.find((one) => one.version === server.app.dynos[0]?.version)?.slug ?? null),
    prune: async (release) => server.prune(slugs.get(release) ?? ''),
    close: server.close,
  };
}

export interface RailwayWorld extends DeployTargetUnderTest, Hands {
  readonly server: RailwayServer;
  readonly names: { readonly old: string; readonly new: string };
}

export async function railwayWorld(
  o: { readonly rollback?: 'new-id' | 'same-id'; readonly tokenOf?: 'account' | 'project' } = {},
): Promise<RailwayWorld> {
  const { rollback = 'new-id', tokenOf = 'account' } = o;
  const server = await startRailway({ ...IDS, token: TOKEN, tokenOf });
  server.service.rollback = rollback;
  const options = { ...IDS, tokenOf, url: `${server.url}/graphql/v2` };
  const again: Hands['again'] = ({ timeoutMs = 5_000, token = TOKEN } = {}) => createRailway({ ...options, token, timeoutMs }, deps);
  const names = { old: OLD_COMMIT.slice(0, 12), new: NEW_COMMIT.slice(0, 12) };
  const metaOf = (release: string) => ({ commitHash: release === names.old ? OLD_COMMIT : NEW_COMMIT, branch: 'main' });
  server.deploy(metaOf(names.old));
  return {
    server,
    names,
    again,
    target: again(),
    lie: () => {
      server.service.lies = true;
    },
    stale: () => {
      server.service.stale = server.service.deployments.map((one) => ({ ...one }));
    },
    overtake: (when) => {
      server.service[when] = () => void server.deploy(metaOf(names.new));
    },
    next: (how) => {
      server.service.next = how;
    },
    deploy: async (release) => void server.deploy(metaOf(release)),
    begin: async (release) => {
      server.service.next = 'lasts';
      server.deploy(metaOf(release));
      server.service.next = 'succeeds';
    },
    running: async () => String(server.live()?.meta['commitHash'] ?? '').slice(0, 12),
    prune: async (release) => {
      for (const one of server.service.deployments) if (one.meta['commitHash'] === metaOf(release).commitHash) one.canRollback = false;
    },
    close: server.close,
  };
}

export interface VercelWorld extends DeployTargetUnderTest, Hands {
  readonly server: VercelServer;
  readonly names: { readonly old: string; readonly new: string };
}

export const PROJECT = 'prj_1a2b3c4d5e6f';

export async function vercelWorld({ team }: { readonly team?: string } = {}): Promise<VercelWorld> {
  const ofTeam = team === undefined ? {} : { team };
  const server = await startVercel({ project: PROJECT, token: TOKEN, ...ofTeam });
  const again: Hands['again'] = ({ timeoutMs = 5_000, token = TOKEN } = {}) =>
    createVercel({ project: PROJECT, token, url: server.url, timeoutMs, ...ofTeam }, deps);
  const names = { old: `${OLD_COMMIT.slice(0, 12)}-001FqxYdDM`, new: `${NEW_COMMIT.slice(0, 12)}-002FqxYdDM` };
  const uids = new Map([[names.old, server.build(OLD_COMMIT).uid]]);
  const putLive = (release: string): void => {
    const uid = uids.get(release);
    if (uid === undefined) uids.set(release, server.build(NEW_COMMIT).uid);
    else server.point(uid, 'promote');
  };
  return {
    server,
    names,
    again,
    target: again(),
    lie: () => {
      server.service.lies = true;
    },
    stale: () => {
      const { deployments, production, request } = server.service;
      server.service.stale = { deployments: deployments.map((one) => ({ ...one })), production, request };
    },
    overtake: (when) => {
      server.service[when] = () => putLive(names.new);
    },
    next: (how) => {
      server.service.next = how;
    },
    deploy: async (release) => putLive(release),
    running: async () => [...uids].find(([, uid]) => uid === server.service.production)?.[0] ?? 'another',
    prune: async (release) => {
      for (const one of server.service.deployments) if (one.uid === uids.get(release)) one.state = 'DELETED';
    },
    close: server.close,
  };
}

/** An incident's world: the new release is live, and closed with the test. */
export async function incident<W extends DeployTargetUnderTest & { readonly names: { readonly new: string } }>(
  world: Promise<W>,
): Promise<W> {
  const made = await world;
  onTestFinished(made.close);
  await made.deploy(made.names.new);
  return made;
}

export const order = (expected: string, key = 'run/switch#1:act') => ({ expected, key, reason: 'INC-1' });
