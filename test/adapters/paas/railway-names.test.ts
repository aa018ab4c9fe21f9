// A service on Railway that is called by its name: one that was renamed, or is being deleted, still answers under its id, and is left alone.
import { expect, onTestFinished, test } from 'vitest';
import { createRailway, createRailwayService } from '../../../src/adapters/paas/index.ts';
import type { Http } from '../../../src/ports/http.ts';
import type { ServiceControl } from '../../../src/ports/service-control.ts';
import { startRailwayProject } from '../../world/vendors/railway-project.ts';
import { deps, IDS, NEW_COMMIT, OLD_COMMIT, order, TOKEN } from './world.ts';

const OLD = OLD_COMMIT.slice(0, 12);

async function here(how: 'renamed' | 'deleted') {
  const { project, environment, service } = IDS;
  const railway = await startRailwayProject({ project, environment, token: TOKEN, services: { api: service } });
  onTestFinished(railway.close);
  const first = railway.formOf('api');
  for (const commitHash of [OLD_COMMIT, NEW_COMMIT]) first.one.deploy({ commitHash });
  /** How many looks are answered until somebody does it. */
  let looks = Number.POSITIVE_INFINITY;
  const replace = () => {
    Object.assign(first, how === 'renamed' ? { name: 'api-old' } : { deletedAt: '2026-11-28T03:00:00.000Z' });
    const made = railway.add('api');
    for (const commitHash of [OLD_COMMIT, NEW_COMMIT]) made.one.deploy({ commitHash });
    return made.one;
  };
  const http: Http = {
    ...deps.http,
    request: async (asked) => {
      const answer = await deps.http.request(asked);
      if (String(asked.body).includes('query Look')) looks -= 1;
      if (looks === 0) replace();
      return answer;
    },
  };
  const at = { project, environment, service: 'api', token: TOKEN, tokenOf: 'project', url: `${railway.url}/graphql/v2` } as const;
  const options = { ...at, timeoutMs: 5_000 };
  return {
    form: first,
    first: first.one,
    replace,
    replaceAfter: (count: number) => {
      looks = count;
    },
    done: () => railway.forms.forms.flatMap(({ one }) => one.ledger.filter(({ by }) => by === 'api')),
    target: createRailway(options, { ...deps, http }),
    service: createRailwayService(options, { ...deps, http }) as ServiceControl,
  };
}
const byApi = ({ ledger }: { readonly ledger: readonly { readonly by: string; readonly what: string }[] }) =>
  ledger.flatMap(({ by, what }) => (by === 'api' ? [what] : []));

test.each(['renamed', 'deleted'] as const)(
  'a service that was %s since it was found is not what is rolled back, frozen or stopped',
  async (how) => {
    const { first, replace, target, service } = await here(how);
    await target.current();
    await service.look();
    const made = replace();
    const { fingerprint, release } = await target.current();
    expect(release).toBe(NEW_COMMIT.slice(0, 12));
    await target.rollTo(OLD, order(fingerprint));
    expect(made.live()?.meta).toEqual({ commitHash: OLD_COMMIT });
    await target.freeze(true, 'INC-1');
    await service.stop({ seen: await service.look(), key: 'run/x#1:act', reason: 'INC-1' });
    expect([byApi(made), byApi(first)]).toEqual([['rollback', 'auto-deploy', 'stop'], []]);
  },
);

test.each(['renamed', 'deleted'] as const)('a plan that was made for one that was %s by then is refused', async (how) => {
  const { replace, target, done } = await here(how);
  const { fingerprint } = await target.current();
  replace();
  await expect(target.rollTo(OLD, order(fingerprint))).rejects.toMatchObject({ code: 'BELAY_TARGET_CONFLICT', effect: 'none' });
  expect(done()).toEqual([]);
});

test.each(['renamed', 'deleted'] as const)('one that is %s between the last look and the act is not acted on', async (how) => {
  const rolling = await here(how);
  const { fingerprint } = await rolling.target.current();
  rolling.replaceAfter(2);
  const conflict = {
    code: 'BELAY_TARGET_CONFLICT',
    effect: 'none',
    message: expect.stringContaining('another service has this name') as unknown,
  };
  await expect(rolling.target.rollTo(OLD, order(fingerprint))).rejects.toMatchObject(conflict);
  const stopping = await here(how);
  const seen = await stopping.service.look();
  stopping.replaceAfter(1);
  await expect(stopping.service.stop({ seen, key: 'run/x#1:act', reason: 'INC-1' })).rejects.toMatchObject(conflict);
  const freezing = await here(how);
  freezing.replaceAfter(1);
  await expect(freezing.target.freeze(true, 'INC-1')).rejects.toMatchObject(conflict);
  expect([rolling, stopping, freezing].flatMap(({ done }) => done())).toEqual([]);
});

test('a name that nothing has any more is told, though the old id still answers', async () => {
  const { target, form } = await here('renamed');
  await target.current();
  form.name = 'api-old';
  await expect(target.current()).rejects.toMatchObject({
    ...{ code: 'BELAY_TARGET_UNREACHABLE', effect: 'none', hint: 'There are: api-old.' },
    message: expect.stringContaining('no service is called api') as unknown,
  });
});
