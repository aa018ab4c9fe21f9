// A coaching app for tests: an API that loads the release it is told, reads its cache mode and a flag of its own from files, and an app that
// serves what was pushed to a real repository. Its folders hold the npm scripts that people have. It judges nothing.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { stripTypeScriptTypes } from 'node:module';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { parseEnv, promisify } from 'node:util';
import { runInNewContext } from 'node:vm';
import { type GitHost, startGitHost } from './git-host.ts';

const FEATURES = `// config/features.ts
export const featureFlags = {
  newVoiceAnalysis: true,
  betaGamification: true,
  improvedOffline: true
};
`;
const call = (address: string): string => `const { status } = await fetch(\`${address}\`);\nprocess.exit(status < 300 ? 0 : 1);\n`;

export interface Coach {
  readonly apiUrl: string;
  readonly appUrl: string;
  readonly host: GitHost;
  /** The commit that broke the app. */
  readonly bad: string;
  /** The release that the API serves; '' while it serves none. */
  release: string;
  /** Every release that it was told to load. */
  readonly loads: string[];
  readonly faults: { comesUp: boolean; lessons: boolean };
  /** Where its settings stand. */
  settle(folder: string): Promise<void>;
  features(): Readonly<Record<string, boolean>>;
  cacheMode(): string;
  post(): Promise<number>;
  close(): Promise<void>;
}

/** Of the folder `api` of the story, beside its releases. */
export const apiFiles = (apiUrl: string): Readonly<Record<string, string>> => ({
  'api/package.json': JSON.stringify({
    type: 'module',
    // `deploy:revert` goes one back each time that it is told.
    scripts: { deploy: 'node deploy.mjs', 'deploy:revert': 'node revert.mjs', smoke: 'node smoke.mjs' },
  }),
  'api/deploy.mjs': `const { BELAY_RELEASE: release } = process.env;\n${call(`${apiUrl}/load?release=\${release}`)}`,
  'api/revert.mjs': call(`${apiUrl}/load?release=relative`),
  'api/reload.mjs': call(`${apiUrl}/reload`),
  'api/smoke.mjs': `const { status } = await fetch('${apiUrl}/lessons');\nconsole.log('1..1\\n' + (status === 200 ? 'ok' : 'not ok') + ' 1 - lessons');\nprocess.exit(status === 200 ? 0 : 1);\n`,
  'api/.env': '# api\nCACHE_MODE=normal\n',
  'api/flags.json': '{ "writesPaused": false }\n',
  'api/releases/r7/main.mjs': '// r7\n',
  'api/releases/r8/main.mjs': '// r8\n',
});

export async function startCoach(): Promise<Coach> {
  const host = await startGitHost();
  const publish =
    'git diff --quiet HEAD || git -c user.name=deploy -c user.email=deploy@vocalcoach.ai commit -qam Publish; git push -q origin HEAD:main';
  await host.deploy('v1.1.0');
  await host.commit('The app', { 'package.json': JSON.stringify({ scripts: { deploy: publish } }), 'config/features.ts': FEATURES });
  const bad = await host.commit('A new pitch curve', { 'app.txt': 'broken\n' });
  let folder = '';
  let cache = 'normal';
  const state = { release: 'r8', loads: [] as string[], faults: { comesUp: true, lessons: true } };
  const live = (name: string): string => path.join(host.dir, 'live/now', name);
  const features = (): Readonly<Record<string, boolean>> =>
    existsSync(live('config/features.ts'))
      ? (runInNewContext(
          `${stripTypeScriptTypes(readFileSync(live('config/features.ts'), 'utf8')).replace('export ', '')}; ({ ...featureFlags })`,
        ) as Readonly<Record<string, boolean>>)
      : {};
  const isPaused = (): boolean =>
    (JSON.parse(readFileSync(path.join(folder, 'api/flags.json'), 'utf8')) as { readonly writesPaused: boolean }).writesPaused;
  const load = (release: string): void => {
    state.loads.push(release);
    state.release = state.faults.comesUp ? release : '';
  };
  const api = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://api');
    const say = (status: number, body: object): void =>
      void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (pathname === '/load') load(searchParams.get('release') ?? '');
    if (pathname === '/reload') cache = parseEnv(readFileSync(path.join(folder, 'api/.env'), 'utf8'))['CACHE_MODE'] ?? '';
    if (pathname === '/load' || pathname === '/reload') return say(200, {});
    if (state.release === '') return say(503, {});
    if (pathname === '/version') return say(200, { release: state.release });
    if (pathname === '/health') return say(200, { writes: isPaused() ? 'paused' : 'open' });
    if (pathname === '/metrics') return void response.end('# TYPE lessons_waiting gauge\nlessons_waiting 42\n');
    if (request.method === 'POST') return say(isPaused() ? 503 : 201, {});
    return say(pathname === '/lessons' && state.faults.lessons ? 200 : 500, {});
  });
  const app = createServer((request, response) => {
    if (request.url === '/features') return void response.end(JSON.stringify(features()));
    void fetch(`${host.service}/version`).then(async (answer) => response.writeHead(answer.status).end(await answer.text()));
  });
  const [apiUrl = '', appUrl = ''] = await Promise.all([api, app].map(listen));
  return Object.assign(state, {
    ...{ apiUrl, appUrl, host, bad, features },
    settle: async (at: string): Promise<void> => {
      folder = at;
      await promisify(execFile)('git', ['clone', '-q', host.repository, path.join(at, 'app')]);
    },
    cacheMode: () => cache,
    post: async () => (await fetch(apiUrl, { method: 'POST' })).status,
    close: async () => {
      for (const server of [api, app]) {
        server.closeAllConnections();
        await new Promise<void>((resolve) => server.close(() => resolve()));
      }
      await host.close();
    },
  });
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
