// The contracts of targets and of actions on Heroku, Railway and Vercel, each a server on loopback that holds every request against the description.
import { describe, expect, test } from 'vitest';
import { createActions } from '../../../src/flows/actions/index.ts';
import { actionContract } from '../../contracts/action.ts';
import { deployTargetContract } from '../../contracts/deploy-target.ts';
import { herokuWorld, incident, railwayWorld, vercelWorld } from './world.ts';

deployTargetContract('Heroku', herokuWorld);
deployTargetContract('Railway, whose rollback is a new deployment', () => railwayWorld());
deployTargetContract('Railway, whose rollback is the old deployment again', () => railwayWorld({ rollback: 'same-id' }));
deployTargetContract('Railway with a token of the project', () => railwayWorld({ tokenOf: 'project' }));
deployTargetContract('Vercel', () => vercelWorld());

const WORLDS = { Heroku: herokuWorld, Railway: () => railwayWorld(), Vercel: () => vercelWorld({ team: 'team_1a2b3c' }) } as const;

for (const [platform, make] of Object.entries(WORLDS)) {
  for (const name of ['deploy.rollback', 'deploy.activate']) {
    actionContract(`${name} on ${platform}`, async () => {
      const { target, deploy, names, close } = await make();
      await deploy(names.new);
      const action = createActions({ targets: { shop: target }, switches: {}, pause: null as never })[name];
      if (action === undefined) throw new Error(`no action ${name}`);
      return {
        action,
        args: { target: 'shop', to: names.old },
        impossible: { target: 'shop', to: 'v999' },
        interfere: () => deploy(names.new),
        close,
      };
    });
  }
}

for (const platform of ['Railway', 'Vercel'] as const)
  actionContract(`deploy.freeze on ${platform}`, async () => {
    const { target, deploy, names, close } = await WORLDS[platform]();
    await deploy(names.new);
    const action = createActions({ targets: { shop: target }, switches: {}, pause: null as never })['deploy.freeze'];
    if (action === undefined) throw new Error('no action deploy.freeze');
    return { action, args: { target: 'shop' }, close };
  });

describe.each(Object.entries(WORLDS))('what is sent to %s', (_platform, make) => {
  test('is as its description demands, from the first look to the rollback', async () => {
    const { target, server, names } = await incident<Awaited<ReturnType<typeof make>>>(make());
    await target.list(10);
    const { fingerprint } = await target.current();
    await target.restorable(names.old);
    await target.rollTo(names.old, { expected: fingerprint, key: 'a', reason: 'INC-1' });
    await target.current();
    expect(server.refused).toEqual([]);
    expect(server.asked.length).toBeGreaterThan(5);
  });
});
