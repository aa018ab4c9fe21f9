// A service with releases, its database on a real Postgres, and runbook files as people write them: linted, planned, carried out. Each
// release brings the migrations that it knows. It judges nothing.
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { createCel } from '../../../src/adapters/cel/index.ts';
import { createHttp } from '../../../src/adapters/http/index.ts';
import { createProcesses } from '../../../src/adapters/process/index.ts';
import { createDigest, systemTime } from '../../../src/adapters/system/index.ts';
import { DurableDisk } from '../../../src/adapters/virtual/durable-disk.ts';
import { createVirtualJournal } from '../../../src/adapters/virtual/journal.ts';
import { KillSwitch } from '../../../src/adapters/virtual/kill-switch.ts';
import { createVirtualPause } from '../../../src/adapters/virtual/pause.ts';
import { loadAndLint } from '../../../src/config/lint.ts';
import type { CollectStep, DoStep, VerifyStep } from '../../../src/domain/ir.ts';
import { stepsOf } from '../../../src/domain/ir.ts';
import type { Json, JsonObject } from '../../../src/domain/json.ts';
import { createActions } from '../../../src/flows/actions/index.ts';
import { certify, type Stage } from '../../../src/flows/certify.ts';
import { runCheck } from '../../../src/flows/checks.ts';
import { performDo } from '../../../src/flows/do.ts';
import { makePlan } from '../../../src/flows/plan.ts';
import { createProbes } from '../../../src/flows/probes/index.ts';
import { openParts } from '../../../src/local.ts';
import type { CertificateStore } from '../../../src/ports/certificates.ts';
import { openDatabases, openTargets } from '../../../src/registry.ts';
import { TOOLS } from '../../config/workspace.ts';
import { createFakeCertificates } from '../../world/fakes/certificates.ts';
import { createFakeDigest } from '../../world/fakes/digest.ts';

/** `migrations/1_a.up.sql` → its text, by release. */
export type Releases = Readonly<Record<string, Readonly<Record<string, string>>>>;

export interface Written {
  /** Of the database `crm`, below its url: two spaces of indent are added. */
  readonly database: string;
  readonly releases?: Releases;
  readonly live?: string;
  /** Further files of the configuration. */
  readonly files?: Readonly<Record<string, string>>;
  readonly head?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Of a database that is no Postgres. */
  readonly address?: string;
  readonly steps: string;
}

export interface Service {
  readonly folder: string;
  /** Errors of the lint. */
  readonly told: readonly string[];
  readonly url: string;
  sql(text: string): Promise<readonly pg.QueryResultRow[]>;
  live(release: string): void;
  plan(): ReturnType<typeof makePlan>;
  /** On the drill database; what it gives is kept, and shown by plans from then on. */
  certify(to: string, onStage?: (stage: Stage) => void): ReturnType<typeof certify>;
  parts(): { readonly databases: ReturnType<typeof openDatabases>; readonly certificates: CertificateStore };
  /** Every `do` step, in order, as the plan has it. */
  play(planned?: Awaited<ReturnType<typeof makePlan>>, timeoutMs?: number): Promise<readonly Awaited<ReturnType<typeof performDo>>[]>;
  /** Every check of the `verify` steps and every probe of the `collect` steps, asked once. */
  look(inputs?: JsonObject): Promise<readonly Awaited<ReturnType<typeof runCheck>>[]>;
  /** Takes the newest migration back, as the driver does it: an effect that is unknown is not looked at again. */
  takeBack(release: string): Promise<void>;
  close(): Promise<void>;
}

const STEP = (id: string, block: string): string => `### ${id} {#${id}}\n\n\`\`\`belay ${block}\n\`\`\`\n\n`;
export const step = STEP;

export async function openService(url: string, o: Written): Promise<Service> {
  const folder = mkdtempSync(path.join(tmpdir(), 'belay-crm-'));
  const write = (name: string, text: string): void => {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  };
  const releases = Object.entries(o.releases ?? {});
  for (const [release, files] of releases) {
    write(`service/releases/${release}/server.js`, '');
    for (const [name, text] of Object.entries(files)) write(`service/releases/${release}/${name}`, text);
  }
  const live = (release: string): void => {
    symlinkSync(path.join('releases', release), path.join(folder, 'service/next'));
    renameSync(path.join(folder, 'service/next'), path.join(folder, 'service/current'));
  };
  if (releases.length > 0) live(o.live ?? releases.at(-1)?.[0] ?? '');
  const target = releases.length === 0 ? '' : 'targets:\n  api: { driver: release-directory, root: service }\n';
  const indented = o.database.replaceAll(/^/gm, '    ');
  write(
    'belay.yaml',
    `belay: 1\nname: CRM\norganizations:\n  acme: { name: ACME }\n  globex: { name: Globex }\npeople: { ana: { name: Ana, roles: [commander] } }\nroles: [commander]\n${target}databases:\n  crm:\n    url: "{env.CRM_URL}"\n${indented}\n`,
  );
  write('runbooks/back.runbook.md', `---\nbelay: 1\nid: back\n${o.head ?? ''}---\n\n# Back\n\n## Act\n\n${o.steps}`);
  for (const [name, text] of Object.entries(o.files ?? {})) write(name, text);
  const loaded = loadAndLint(folder, { ...TOOLS, env: { CRM_URL: o.address ?? url, ...o.env } });
  const told = loaded.diagnostics
    .filter((one) => one.severity === 'error')
    .map((one) => `${path.basename(one.file)}:${one.line} ${one.rule}`);
  const client = new pg.Client({ connectionString: url });
  if (o.address === undefined) await client.connect();
  const parts = () => {
    const { system, runbooks } = loaded;
    const pinned = runbooks['back'];
    if (system === null || pinned === undefined) throw new Error(JSON.stringify(loaded.diagnostics, null, 1));
    return { system, runbook: pinned.runbook };
  };
  const certificates = createFakeCertificates();
  const plan: Service['plan'] = async () => {
    const { system, runbook } = parts();
    const opened = await openParts({ system, baseDir: folder, dataDir: path.join(folder, 'data') });
    const pinned = { runbook, irHash: opened.plan.digest.of(runbook as unknown as Json) };
    return makePlan({ ...opened.plan, certificates }, pinned, { inputs: {}, incident: { id: 'INC-7' }, outputs: {} });
  };
  const world = () => {
    const { system } = parts();
    const http = createHttp({ allow: [] });
    const deps = { http, time: systemTime, processes: createProcesses(), baseDir: folder };
    const [targets, databases] = [openTargets(system, deps), openDatabases(system, deps)];
    const [disk, kill] = [new DurableDisk(), new KillSwitch()];
    const pause = createVirtualPause({ disk, kill, time: systemTime });
    const ports = { http, readings: null as never, targets, switches: {}, databases, workingCopies: null as never };
    return {
      targets,
      databases,
      actions: createActions({ targets, switches: {}, databases, pause }),
      world: {
        journal: createVirtualJournal({ digest: createFakeDigest(), disk, kill }),
        pause,
        engine: { mayAct: async () => true } as never,
        time: systemTime,
        probes: createProbes(ports),
        expression: createCel(),
      },
    };
  };
  return {
    folder,
    told,
    url,
    sql: async (text) => (await client.query(text)).rows as pg.QueryResultRow[],
    live,
    plan,
    parts: () => ({ databases: world().databases, certificates }),
    certify: (to, onStage) => {
      const { targets, databases } = world();
      const deps = { targets, databases, certificates, time: systemTime, digest: createDigest('') };
      return certify(deps, { database: 'crm', to, by: 'ana', ...(onStage === undefined ? {} : { onStage }) });
    },
    play: async (planned, timeoutMs = 60_000) => {
      const now = planned ?? (await plan());
      const { actions, world: acting } = world();
      const outcomes = [];
      for (const one of stepsOf(parts().runbook).filter((each): each is DoStep => each.kind === 'do')) {
        const [action, of] = [actions[one.do], now.steps.find(({ id }) => id === one.id)];
        if (action === undefined || of?.args === undefined) throw new Error(`${one.id} is not planned: ${JSON.stringify(now.unknowns)}`);
        const ids = {
          key: `run/${one.id}#1`,
          run: 'run',
          incident: 'INC-7',
          step: one.id,
          attempt: 1,
          reason: 'INC-7',
          actor: 'belay',
          earlier: [],
        };
        const about = {
          action,
          args: of.args,
          verify: one.verify,
          lookup: () => undefined,
          timeoutMs,
          expected: of.expected ?? null,
        };
        outcomes.push(await performDo(acting, { ...about, ...ids }));
      }
      return outcomes;
    },
    look: async (inputs = {}) => {
      const { world: looking } = world();
      const steps = stepsOf(parts().runbook);
      const checks = steps.filter((each): each is VerifyStep => each.kind === 'verify').flatMap((one) => one.checks);
      const collected = steps.filter((each): each is CollectStep => each.kind === 'collect').flatMap((one) => one.from);
      const all = [...checks, ...collected.map((one) => ({ ...one, expect: 'true' }))];
      return Promise.all(all.map((check) => runCheck(looking, check, (name) => inputs[name.join('.')])));
    },
    takeBack: async (release) => {
      const migrations = world().databases['crm']?.migrations ?? null;
      if (migrations === null) throw new Error('crm has no migrations');
      const expected = await migrations.applied(release);
      await migrations.down({ from: release, to: expected.at(-2) ?? null, revert: expected.slice(-1), expected });
    },
    close: async () => {
      await client.end();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
