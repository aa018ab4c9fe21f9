// Services that are paused, begun again and restarted, as the runbooks of Agente Julia write it: read by the real loader and carried out by
// the real flows. The judge is the platform's own ledger.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { REDIS as REDIS_PART } from '../../scripts/lanes.ts';
import { type Runbook, stepsOf } from '../../src/domain/ir.ts';
import { IDS, NEW_COMMIT, TOKEN } from '../adapters/paas/world.ts';
import { argvOf, whyNot } from '../world/parts/unpacked.ts';
import { openRunFile } from '../world/run-file.ts';
import { BELAY_YAML, playFolder } from '../world/scenes/folder.ts';
import { ANA } from '../world/scenes/play.ts';
import { type RailwayServer, startRailway } from '../world/vendors/railway.ts';

const NAMES = ['julia-api', 'julia-worker', 'julia-scheduler'] as const;

async function railway(name: string, n: number): Promise<{ readonly server: RailwayServer; readonly lines: string }> {
  const ids = { ...IDS, service: IDS.service.replace(/^8/, String(n)) };
  const server = await startRailway({ ...ids, token: TOKEN, tokenOf: 'project' });
  onTestFinished(server.close);
  server.deploy({ commitHash: NEW_COMMIT });
  const more = `    token: "{env.RAILWAY_TOKEN}"\n    tokenOf: project\n    url: ${server.url}/graphql/v2\n`;
  const options = Object.entries(ids).map(([key, id]) => `    ${key}: ${id}\n`);
  return { server, lines: `  ${name}:\n    driver: railway\n${options.join('')}${more}` };
}

const yamlOf = (services: readonly { readonly lines: string }[]): string =>
  `belay: 1\nname: Julia\nnetwork: { allow: ["127.0.0.1"] }\nservices:\n${services.map((one) => one.lines).join('')}`;
const env = { RAILWAY_TOKEN: TOKEN };
const told = ({ server }: { readonly server: RailwayServer }): readonly string[] =>
  server.ledger.filter((one) => one.by === 'api').map((one) => one.what);
const instances = ({ server }: { readonly server: RailwayServer }): readonly string[] =>
  server.live()?.instances.map((one) => one.status) ?? [];

const pause = (name: string): string => `### Pause ${name} {#pause-${name}}

\`\`\`belay do service.stop
with: { service: ${name} }
undo: { do: service.start, with: { service: ${name} } }
verify:
  - { probe: service, with: { service: ${name} }, expect: running == 0 }
timeout: 1m
\`\`\`

`;

test('julia-api, julia-worker and julia-scheduler are paused, one step each, by the API where the written command does not exist [S5-ST-88, S5-ST-89, S5-ST-90]', async () => {
  const services = await Promise.all(NAMES.map((name, n) => railway(name, n + 1)));
  const file = await openRunFile({ yaml: yamlOf(services), steps: NAMES.map(pause).join(''), env });
  expect((await file.plan()).steps.map((one) => [one.args, one.desired])).toEqual(NAMES.map((service) => [{ service }, 'stopped']));
  expect(services.map(instances)).toEqual(NAMES.map(() => ['RUNNING', 'RUNNING']));
  expect(await file.run()).toMatchObject({ outcome: 'done', steps: NAMES.map((name) => `pause-${name} done`) });
  expect(services.map(told)).toEqual([['stop'], ['stop'], ['stop']]);
  expect(services.map(instances)).toEqual([[], [], []]);
});

test('every service is paused for a restore and begun again after it, each with what it ran before [S5-ST-22, S5-ST-25]', async () => {
  const services = await Promise.all(NAMES.map((name, n) => railway(name, n + 1)));
  const resume = `### Take the pauses back {#unpause}

\`\`\`belay do belay.undo
with: { steps: [${NAMES.map((name) => `pause-${name}`).join(', ')}] }
\`\`\`

### Each of them runs {#up}

\`\`\`belay verify
all:
${NAMES.map((service) => `  - { probe: service, with: { service: ${service} }, expect: running == 2 }`).join('\n')}
timeout: 1m
\`\`\`
`;
  const file = await openRunFile({ yaml: yamlOf(services), steps: NAMES.map(pause).join('') + resume, env });
  const { outcome, steps } = await file.run();
  expect(outcome, steps.join()).toBe('done');
  expect(steps.slice(0, 3)).toEqual(NAMES.map((name) => `pause-${name} done`));
  expect(services.map(told)).toEqual(NAMES.map(() => ['stop', 'redeploy']));
  expect(services.map((one) => one.server.live()?.meta)).toEqual(NAMES.map(() => ({ commitHash: NEW_COMMIT })));
  expect(services.map(instances)).toEqual(NAMES.map(() => ['RUNNING', 'RUNNING']));
});

const REDIS = `### See how it is {#status}

\`\`\`belay verify
all: [{ probe: service, with: { service: redis }, expect: running > 0 && running == wanted }]
timeout: 1s
fail: continue
\`\`\`

### Restart it, if it has crashed {#restart}

\`\`\`belay do service.start
with: { service: redis }
irreversible: a cache that runs is left running
timeout: 1m
\`\`\`

### Give it half a minute {#rest}

\`\`\`belay wait
for: 30s
\`\`\`

### It runs {#runs}

\`\`\`belay verify
all: [{ probe: service, with: { service: redis }, expect: running > 0 && running == wanted }]
timeout: 30s
\`\`\`
`;

test('a crashed Redis is seen, restarted, given half a minute, and seen to run; one that runs is left alone [S5-ST-50, S5-ST-51, S5-CL-05]', async () => {
  const redis = await railway('redis', 1);
  const live = redis.server.live();
  if (live === undefined) throw new Error('nothing is live');
  Object.assign(live, { status: 'CRASHED', instances: live.instances.map((one) => ({ ...one, status: 'CRASHED' })) });
  const file = await openRunFile({ yaml: yamlOf([redis]), steps: REDIS, env, speed: 30 });
  const played = await file.run();
  expect(played).toMatchObject({ outcome: 'done', steps: ['status failed', 'restart done', 'rest done', 'runs done'] });
  const at = (step: string): number => played.events.find((one) => one.type === 'step.finished' && one.data.step === step)?.at ?? 0;
  expect(at('runs') - at('restart')).toBeGreaterThanOrEqual(30_000);
  expect(at('runs') - at('restart')).toBeLessThan(60_000);
  expect([told(redis), instances(redis)]).toEqual([['restart'], ['RUNNING', 'RUNNING']]);

  const well = await openRunFile({ yaml: yamlOf([redis]), steps: REDIS, env, speed: 30 });
  expect((await well.run()).steps).toEqual(['status done', 'restart noop', 'rest done', 'runs done']);
  expect(told(redis)).toEqual(['restart']);
});

describe('Chatwoot, by the runbook of the example', () => {
  const steps = readFileSync(path.join(import.meta.dirname, '../../examples/agente-julia/runbooks/chatwoot-down.runbook.md'), 'utf8');
  /** Hangs until it is begun anew; then it shows what the program shows at its root. */
  const PROGRAM = `const { appendFileSync, readFileSync, writeFileSync } = require('node:fs');
    const [, , folder, port] = process.argv;
    appendFileSync(folder + '/begun', '.');
    const isAnew = readFileSync(folder + '/begun', 'utf8').length > 1;
    const page = '<title>Chatwoot</title><script>window.chatwootConfig = {}</script>';
    require('node:http').createServer((_, response) => response.writeHead(isAnew ? 200 : 502).end(isAnew ? page : '')).listen(Number(port), '127.0.0.1', () =>
      writeFileSync(folder + '/pid', String(process.pid)));`;

  async function played(choice: 'proprio' | 'cloud') {
    const folder = mkdtempSync(path.join(tmpdir(), 'belay-chatwoot-'));
    const port = await freePort();
    writeFileSync(path.join(folder, 'program.cjs'), PROGRAM);
    const begin = `${process.execPath} program.cjs ${folder} ${port} >/dev/null 2>&1 & while [ ! -s ${folder}/pid ]; do sleep 0.05; done`;
    const start = JSON.stringify(['/bin/sh', '-c', `rm -f ${folder}/pid; cd ${folder}; ${begin}`]);
    const yaml = `${BELAY_YAML}components: { chatwoot: { title: Chatwoot, url: "http://127.0.0.1:${port}" } }
services: { chatwoot: { component: chatwoot, driver: process, pidFile: ${folder}/pid, start: ${start} } }
`;
    const body = steps.slice(steps.indexOf('### Onde'));
    const one = await playFolder({
      yaml,
      steps: body,
      front: 'components: [chatwoot]\nroles: { commander: { is: commander } }\n',
      acts: true,
    });
    spawnSync('/bin/sh', ['-c', `cd ${folder}; ${begin}`]);
    onTestFinished(async () => {
      process.kill(Number(readFileSync(path.join(folder, 'pid'), 'utf8')), 'SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    });
    await one.run();
    const asked: string[] = [];
    const isOver = async (): Promise<boolean> => (await one.all('run.finished')).length > 0;
    while (!(await isOver())) {
      const [task] = Object.values((await one.world.incidents.load('INC-1'))?.tasks ?? {});
      if (task !== undefined && !asked.includes(task.step)) {
        asked.push(task.step);
        const step = stepsOf(one.world.runbooks['look']?.runbook as Runbook).find(({ id }) => id === task.step);
        const said = step?.kind === 'manual' ? { ticks: step.checks } : { choice };
        await one.commands.answer(ANA, { incident: 'INC-1', step: task.step, key: task.step, ...said });
      }
      await one.clock.advance(5_000);
    }
    const ended = async (id: string) => (await one.ended(id))?.status;
    return { folder, port, asked, statuses: await Promise.all(['suporte', 'banco', 'reiniciar', 'login'].map(ended)) };
  }

  test('of ours that hangs is begun anew and shows the page of its login [S5-ST-66] [S5-VE-16]', async () => {
    const { folder, port, asked, statuses } = await played('proprio');
    expect([asked, statuses.slice(1)]).toEqual([
      ['onde', 'banco'],
      ['done', 'done', 'done'],
    ]);
    expect(readFileSync(path.join(folder, 'begun'), 'utf8')).toBe('..');
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toContain('Chatwoot');
  });

  test('in the cloud is for its support: a person writes to them, what is lost is acceptable, and nothing of ours is touched [S5-ST-67]', async () => {
    const { folder, asked, statuses } = await played('cloud');
    expect([asked, statuses[0]]).toEqual([['onde', 'suporte'], 'done']);
    expect(readFileSync(path.join(folder, 'begun'), 'utf8')).toBe('.');
    expect(steps).toContain('A perda de dados é aceitável');
  });
});

const whyNoRedis = whyNot(REDIS_PART);

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { readonly port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test.skipIf(whyNoRedis !== null)(
  `a real Redis that was killed is begun again from its file, and a second run leaves it alone [S5-SY-03]${whyNoRedis === null ? '' : ` SKIPPED, ${whyNoRedis}`}`,
  async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'belay-redis-'));
    const port = await freePort();
    const pidFile = path.join(folder, 'redis.pid');
    const conf = path.join(folder, 'redis.conf');
    const lines = [`port ${port}`, 'bind 127.0.0.1', `dir ${folder}`, `pidfile ${pidFile}`, 'daemonize yes', 'appendonly yes', 'save ""'];
    writeFileSync(conf, `${lines.join('\n')}\n`);
    const start = JSON.stringify([...argvOf(REDIS_PART), conf]);
    const yaml = `belay: 1\nname: Julia\nservices:\n  redis: { driver: process, pidFile: ${pidFile}, start: ${start} }\n`;
    const begin = await openRunFile({ yaml, steps: REDIS, speed: 30 });
    const pidOf = async (): Promise<number> => {
      const seen = await (await openRunFile({ yaml, steps: REDIS })).world.probes['service']?.measure({ service: 'redis' });
      return seen?.known === true && seen.values['running'] === 1 ? Number((await readFile(pidFile, 'utf8')).trim()) : 0;
    };
    onTestFinished(async () => {
      const pid = await pidOf();
      if (pid > 0) process.kill(pid, 'SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    });
    expect((await begin.run()).steps).toEqual(['status failed', 'restart done', 'rest done', 'runs done']);
    expect(await says(port, 'SET kept yes')).toBe('+OK');
    const first = await pidOf();
    process.kill(first, 'SIGKILL');
    await expect.poll(pidOf).toBe(0);
    const again = await openRunFile({ yaml, steps: REDIS, speed: 30 });
    expect((await again.run()).steps).toEqual(['status failed', 'restart done', 'rest done', 'runs done']);
    expect(await says(port, 'GET kept')).toBe('$3');
    const second = await pidOf();
    expect(second).not.toBe(first);
    const well = await openRunFile({ yaml, steps: REDIS, speed: 30 });
    expect((await well.run()).steps).toEqual(['status done', 'restart noop', 'rest done', 'runs done']);
    expect(await pidOf()).toBe(second);
  },
  60_000,
);

/** The first line of what a Redis answers. */
function says(port: number, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(`${command}\r\n`));
    socket.once('error', reject);
    socket.once('data', (bytes: Buffer) => {
      socket.destroy();
      resolve(bytes.toString('utf8').split('\r\n')[0] ?? '');
    });
  });
}
