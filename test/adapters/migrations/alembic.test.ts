// Alembic on a real Postgres, by `poetry run alembic` as a runbook of a Python service names it.
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { findAlembic } from '../../world/parts/alembic.ts';
import { type PostgresPart, startPostgres } from '../../world/parts/postgres.ts';
import { openService, type Service, step } from './kit.ts';

const alembic = findAlembic();
if (typeof alembic === 'string') console.warn(`SKIPPED: ${alembic}`);

let postgres: PostgresPart;
const open: Service[] = [];
beforeAll(async () => {
  if (typeof alembic !== 'string') postgres = await startPostgres();
});
afterAll(() => postgres?.stop());
afterEach(async () => {
  for (const one of open.splice(0)) {
    await one.sql('drop schema public cascade; create schema public');
    await one.close();
  }
});

const REVISION = (id: string, before: string | null, up: string, down: string): string =>
  `"""${id}"""\nfrom alembic import op\nimport sqlalchemy as sa\n\nrevision = "${id}"\ndown_revision = ${before === null ? 'None' : `"${before}"`}\n\n\ndef upgrade():\n    ${up}\n\n\ndef downgrade():\n    ${down}\n`;
const FIRST = REVISION('a1', null, 'op.create_table("contact", sa.Column("id", sa.Integer, primary_key=True))', 'op.drop_table("contact")');
const SECOND = REVISION('b2', 'a1', 'op.add_column("contact", sa.Column("nick", sa.Text))', 'op.drop_column("contact", "nick")');
const ENV_PY = `import os
from alembic import context
from sqlalchemy import create_engine

with create_engine(os.environ["DATABASE_URL"]).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
`;
const BASE_FILES = {
  'alembic.ini': '[alembic]\nscript_location = alembic\n',
  'alembic/env.py': ENV_PY,
  'alembic/versions/a1_contacts.py': FIRST,
};
const DOWN = step('down', 'do db.migrateDown\nwith: { database: crm, to: a1, from: "{release.current}" }\nirreversible: the nicknames go');
const SWITCH = step(
  'switch',
  'do deploy.rollback\nwith: { target: api, to: v1 }\nundo: { do: deploy.activate, with: { target: api, to: v2 } }',
);

async function api(steps: string): Promise<Service> {
  if (typeof alembic === 'string') throw new Error(alembic);
  const env = Object.entries(alembic.env).map(([name, value]) => `${name}: "${value}"`);
  const service = await openService(postgres.url, {
    database: `driver: alembic\nartefact: service/releases/{release}\ntarget: api\ncommand: [bin/poetry, run, alembic]\nenvironment: { ${env.join(', ')} }`,
    releases: { v1: BASE_FILES, v2: { ...BASE_FILES, 'alembic/versions/b2_nick.py': SECOND } },
    files: Object.fromEntries(
      ['v1', 'v2'].map((one) => [`service/releases/${one}/bin/poetry`, `#!/bin/sh\nshift 2\nexec ${alembic.file} "$@"\n`]),
    ),
    steps,
  });
  open.push(service);
  for (const release of ['v1', 'v2']) chmodSync(path.join(service.folder, 'service/releases', release, 'bin/poetry'), 0o755);
  const up = {
    cwd: path.join(service.folder, 'service/releases/v2'),
    env: { ...alembic.env, DATABASE_URL: postgres.url },
    stdio: 'pipe' as const,
  };
  execFileSync(alembic.file, ['upgrade', 'head'], up);
  return service;
}

describe.skipIf(typeof alembic === 'string')('a database that Alembic migrates', () => {
  it('goes back to an explicit revision before the code, through Poetry, and a second time drops nothing [S3-ST-09, S3-SY-07, S3-GU-12]', async () => {
    const service = await api(DOWN + SWITCH);
    expect(service.told).toEqual([]);
    const planned = await service.plan();
    expect(planned.steps[0]).toMatchObject({ current: 'b2', desired: 'a1', args: { from: 'v2' } });
    expect(planned.safety).toMatchObject({
      verdict: 'restore',
      reasons: expect.arrayContaining([{ why: 'opaque', database: 'crm', ids: ['b2'] }]),
    });
    expect(await service.play(planned)).toMatchObject([{ status: 'done', current: 'a1' }, { status: 'done' }]);
    expect(await service.play(planned)).toMatchObject([{ status: 'noop' }, { status: 'noop' }]);
    expect(
      await service.sql(`select to_regclass('contact') is not null as there, (select version_num from alembic_version) as at`),
    ).toEqual([{ there: true, at: 'a1' }]);
  });

  it('keeps the old release from starting, and the plan that would put the code back first says so', async () => {
    const service = await api(SWITCH);
    const { safety } = await service.plan();
    expect(safety).toMatchObject({
      verdict: 'restore',
      reasons: expect.arrayContaining([
        { why: 'refuses-boot', database: 'crm', release: 'v1' },
        { why: 'not-taken-back', database: 'crm', ids: ['b2'] },
      ]),
    });
    if (typeof alembic === 'string') return;
    const boot = {
      cwd: path.join(service.folder, 'service/releases/v1'),
      env: { ...alembic.env, DATABASE_URL: postgres.url },
      encoding: 'utf8' as const,
    };
    const booted = spawnSync(alembic.file, ['upgrade', 'head'], boot);
    expect([booted.status, `${booted.stdout}${booted.stderr}`]).toEqual([
      255,
      expect.stringContaining("Can't locate revision identified by 'b2'"),
    ]);
  });

  it('that is no single line is refused, and what fails halfway is told with the words of the program', async () => {
    const service = await api(DOWN);
    const versions = path.join(service.folder, 'service/releases/v2/alembic/versions');
    writeFileSync(path.join(versions, 'b2_nick.py'), SECOND.replace('op.drop_column("contact", "nick")', 'raise_a_name_error()'));
    const [outcome] = await service.play();
    expect(outcome).toMatchObject({ status: 'failed', effect: 'none', message: expect.stringContaining('NameError') });
    const half = 'with op.get_context().autocommit_block():\n        op.drop_column("contact", "nick")\n    raise_a_name_error()';
    writeFileSync(path.join(versions, 'b2_nick.py'), SECOND.replace('op.drop_column("contact", "nick")', half));
    await expect(service.takeBack('v2')).rejects.toMatchObject({
      effect: 'unknown',
      message: expect.stringContaining('it left half of it: gone: column public.contact.nick text'),
    });
    writeFileSync(path.join(versions, 'c3_other.py'), SECOND.replaceAll('b2', 'c3'));
    expect((await service.plan()).unknowns[0]?.why).toContain('no single line');
  });
});
