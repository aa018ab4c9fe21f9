// A service of a Compose project: what runs is seen through the engine, by the labels that Compose writes, and what is to be done is told to
// Compose itself, by argv. It changes neither the file nor which images the services run.
import { homedir } from 'node:os';
import { basename, dirname, resolve } from 'node:path';
import { Unusable } from '../../domain/answer.ts';
import { BelayError } from '../../domain/errors.ts';
import { labelText } from '../../domain/received.ts';
import type { ServiceOptions } from '../../domain/service-catalog.ts';
import type { Http } from '../../ports/http.ts';
import type { Processes } from '../../ports/process.ts';
import type { ServiceControl } from '../../ports/service-control.ts';
import type { Time } from '../../ports/time.ts';
import { type Box, boxIn, unitOf } from './container-service.ts';
import { listedIn } from './containers.ts';
import { type Engine, failed, openEngine, unreachable } from './engine.ts';

const DRIVER = 'compose';
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/;
const GRACE_SECONDS = 10;

interface Deps {
  readonly http: Http;
  readonly time: Pick<Time, 'now'>;
  readonly processes: Pick<Processes, 'run'>;
  readonly baseDir: string;
}

/** @throws BELAY_CONFIG_INVALID */
export function createComposeService(options: ServiceOptions<'compose'>, { http, time, processes, baseDir }: Deps) {
  const { service, remove, timeoutMs, socket } = options;
  const file = resolve(baseDir, options.file);
  const project = options.project ?? projectOf(file);
  if (!NAME.test(service)) throw wrong('service: it is the name of a service in the compose file');
  if (!/^[a-z0-9][a-z0-9_-]{0,127}$/.test(project))
    throw wrong('project: it is small letters, digits, - and _, and begins with one of the first two');
  const engine = openEngine(DRIVER, socket === undefined ? {} : { socket }, http);
  const compose = composeBy(options.command, processes);
  const tell = async (...args: readonly string[]): Promise<void> => {
    const argv = [...(await compose()), '--project-name', project, '--file', file, ...args] as const;
    const env = { HOME: homedir(), ...(socket === undefined ? {} : { DOCKER_HOST: `unix://${socket}` }) };
    const { code, stderr } = await processes.run(argv as unknown as [string, ...string[]], { cwd: dirname(file), env, timeoutMs });
    // It may have come half way.
    if (code !== 0)
      throw failed(`compose ${args[0] ?? ''} of ${service} ended with ${code}: ${labelText(stderr.trim().slice(-400), 400)}`, 'unknown');
  };
  const begin = async (): Promise<void> =>
    (await boxes(engine, project, service)).length === 0 ? tell('up', '-d', '--no-deps', '--no-build', service) : tell('start', service);
  return {
    compareAndSet: 'none',
    verbs: ['restart', 'stop', 'start', 'scale'],
    look: async () => {
      const all = await boxes(engine, project, service);
      const units = all.filter(([, box]) => box.isUp).map(([name, box]) => unitOf(box, name));
      return { at: time.now(), units, wanted: Math.max(1, all.length), restarts: all.reduce((sum, [, box]) => sum + box.restarts, 0) };
    },
    restart: async () =>
      (await boxes(engine, project, service)).length === 0 ? begin() : tell('restart', '--timeout', String(GRACE_SECONDS), service),
    stop: () => (remove ? tell('rm', '--stop', '--force', service) : tell('stop', '--timeout', String(GRACE_SECONDS), service)),
    start: begin,
    scale: (to) => tell('up', '-d', '--no-deps', '--no-build', '--no-recreate', '--scale', `${service}=${to}`, service),
  } satisfies ServiceControl;
}

const wrong = (why: string): BelayError => new BelayError('BELAY_CONFIG_INVALID', `driver ${DRIVER}: ${why}`);

/** As Compose names a project after the folder of its file. */
function projectOf(file: string): string {
  return basename(dirname(file))
    .toLowerCase()
    .replaceAll(/[^-_a-z0-9]/g, '')
    .replace(/^[-_]+/, '');
}

/** Which Compose there is: asked once, and again while there is none. */
function composeBy(written: readonly string[] | undefined, processes: Pick<Processes, 'run'>): () => Promise<readonly string[]> {
  let found: readonly string[] | null = written ?? null;
  return async () => {
    if (found !== null) return found;
    for (const argv of [['docker', 'compose'], ['docker-compose']] as const) {
      if (!(await answers([...argv, 'version'], processes))) continue;
      found = argv;
      return argv;
    }
    throw new BelayError('BELAY_ACT_FAILED', 'neither `docker compose` nor `docker-compose` can be run here', {
      effect: 'none',
      hint: 'Install Compose, or name it: command: [/usr/local/bin/docker-compose].',
    });
  };
}

async function answers(argv: [string, ...string[]], processes: Pick<Processes, 'run'>): Promise<boolean> {
  try {
    return (await processes.run(argv, { env: { HOME: homedir() }, timeoutMs: 20_000 })).code === 0;
  } catch (error) {
    // Not there, or not to be run: the next one is tried.
    if (BelayError.is(error)) return false;
    throw error;
  }
}

/** Name and state of each container of the service, stopped ones included; those of `compose run` are none of its. */
async function boxes(engine: Engine, project: string, service: string): Promise<readonly (readonly [string, Box])[]> {
  const label = [`com.docker.compose.project=${project}`, `com.docker.compose.service=${service}`, 'com.docker.compose.oneoff=False'];
  const filters = encodeURIComponent(JSON.stringify({ label }));
  const listed = listIn(engine, await engine.look(`/containers/json?all=1&filters=${filters}`)).slice(0, 200);
  const found = await Promise.all(
    listed.map(async ({ id, name }) => {
      const json = await engine.look(`/containers/${id}/json`);
      // Removed since it was listed.
      if (json === null) return null;
      const box = boxIn(json);
      if (box === null) throw unreachable(engine.name, `container ${name} is not described`);
      return [name, box] as const;
    }),
  );
  return found.filter((one) => one !== null);
}

function listIn(engine: Engine, json: unknown): ReturnType<typeof listedIn> {
  try {
    return listedIn(json);
  } catch (error) {
    if (!(error instanceof Unusable)) throw error;
    throw unreachable(engine.name, error.message, error);
  }
}
