// Releases for a real engine: images of one repository, made without a registry, and containers that run them. It judges nothing.
import type { DockerdPart } from '../../world/parts/dockerd.ts';

/** It costs nothing while it runs, and ends at once when it is told to. */
export const STEADY = ['/bin/sh', '-c', "trap 'exit 0' TERM; busybox sleep 100000 & wait"];

export interface ReleaseImage {
  readonly cmd?: readonly string[];
  readonly env?: readonly string[];
  readonly healthcheck?: object;
  readonly volumes?: object;
  /** A line of the shell that is run in it first. */
  readonly setup?: string;
}

/** An image of busybox under a tag; its id. */
export async function makeImage(docker: DockerdPart, name: string, o: ReleaseImage = {}): Promise<string> {
  const [repo, tag] = name.split(':');
  const made = await docker.ask('POST', '/containers/create', {
    Image: 'belay-test:1',
    Cmd: ['/bin/sh', '-c', o.setup ?? 'true'],
    HostConfig: { NetworkMode: 'none' },
  });
  const { Id: container } = made.json as { readonly Id: string };
  if (o.setup !== undefined) {
    await docker.ask('POST', `/containers/${container}/start`);
    await docker.ask('POST', `/containers/${container}/wait`);
  }
  const body = {
    Cmd: o.cmd ?? STEADY,
    Env: o.env ?? [],
    Labels: { 'org.opencontainers.image.revision': `commit-of-${tag}` },
    ...(o.healthcheck === undefined ? {} : { Healthcheck: o.healthcheck }),
    ...(o.volumes === undefined ? {} : { Volumes: o.volumes }),
  };
  const committed = await docker.ask('POST', `/commit?container=${container}&repo=${repo}&tag=${tag}`, body);
  if (committed.status !== 201) throw new Error(`no image ${name}: ${JSON.stringify(committed.json)}`);
  await docker.ask('DELETE', `/containers/${container}?force=1`);
  return (committed.json as { readonly Id: string }).Id;
}

/** As `docker rm -f` and `docker run` of somebody else. */
export async function runImage(docker: DockerdPart, name: string, image: string, more: object = {}): Promise<void> {
  await docker.ask('DELETE', `/containers/${name}?force=1`);
  const host = (more as { readonly HostConfig?: object }).HostConfig;
  const made = await docker.ask('POST', `/containers/create?name=${name}`, {
    Image: image,
    ...more,
    HostConfig: { NetworkMode: 'none', ...host },
  });
  if (made.status !== 201) throw new Error(`no container ${name}: ${JSON.stringify(made.json)}`);
  const begun = await docker.ask('POST', `/containers/${name}/start`);
  if (begun.status !== 204) throw new Error(`${name} did not start: ${JSON.stringify(begun.json)}`);
}

export interface Inspected {
  readonly Id: string;
  readonly Image: string;
  readonly Name: string;
  readonly Config: { readonly Image: string; readonly Env: readonly string[]; readonly Labels: Readonly<Record<string, string>> };
  readonly HostConfig: Readonly<Record<string, unknown>>;
  readonly State: { readonly Running: boolean; readonly Status: string };
}

export async function inspect(docker: DockerdPart, name: string): Promise<Inspected | null> {
  const { status, json } = await docker.ask('GET', `/containers/${name}/json`);
  return status === 200 ? (json as Inspected) : null;
}

/** All containers, by name, with their state. */
export async function everything(docker: DockerdPart): Promise<Readonly<Record<string, string>>> {
  const { json } = await docker.ask('GET', '/containers/json?all=1');
  const all = json as readonly { readonly Names: readonly string[]; readonly State: string }[];
  return Object.fromEntries(all.map((one) => [one.Names[0]?.slice(1) ?? '', one.State]));
}

/** Serves its version on the first of two ports that is free, as two releases at once must. */
export const WEB = ['/bin/sh', '-c', "trap 'exit 0' TERM; (busybox httpd -f -p 8081 -h /www || busybox httpd -f -p 8082 -h /www) & wait"];
export const webSetup = (version: string): string => `busybox mkdir -p /www; echo ${version} > /www/version`;

export interface Traffic {
  /** Ends it. `failed`: requests that neither port answered. */
  stop(): Promise<{ readonly asked: number; readonly failed: number; readonly longestGapMs: number; readonly versions: readonly string[] }>;
  /** For a test that failed before it stopped it. */
  end(): void;
}

/** A client in the engine's network that asks every 10 ms, and tries the other port when one refuses, as a proxy does. */
export function startTraffic(docker: DockerdPart): Traffic {
  const child = docker.inside([process.execPath, '-e', CLIENT]);
  let said = '';
  child.stdout?.on('data', (bytes: Buffer) => {
    said += bytes.toString('utf8');
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  return {
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
      return JSON.parse(said) as Awaited<ReturnType<Traffic['stop']>>;
    },
    end: () => void child.kill('SIGKILL'),
  };
}

const CLIENT = `
const { get } = require('node:http');
const ask = (port) => new Promise((resolve, reject) => {
  get({ host: '127.0.0.1', port, path: '/version', agent: false, timeout: 2000 }, (answer) => {
    let text = '';
    answer.on('data', (part) => { text += part; });
    answer.on('error', reject);
    answer.on('end', () => (answer.statusCode === 200 ? resolve(text.trim()) : reject(new Error(String(answer.statusCode)))));
  }).on('error', reject);
});
let over = false;
process.on('SIGTERM', () => { over = true; });
(async () => {
  let [asked, failed, longestGapMs, well] = [0, 0, 0, performance.now()];
  const versions = [];
  while (!over) {
    asked += 1;
    const version = await ask(8081).catch((error) => (error.code === 'ECONNREFUSED' ? ask(8082) : Promise.reject(error))).catch(() => null);
    if (version === null) failed += 1;
    else {
      longestGapMs = Math.max(longestGapMs, performance.now() - well);
      well = performance.now();
      if (versions.at(-1) !== version) versions.push(version);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  process.stdout.write(JSON.stringify({ asked, failed, longestGapMs, versions }));
})();
`;
