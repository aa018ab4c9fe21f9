// The deploy target contract on a real repository: over http and over ssh, alone and with the service that a push deploys to, and where
// history is rewritten. The contract speaks of tags; what the target answers are commits.
import { describe } from 'vitest';
import { createActions } from '../../../src/flows/actions/index.ts';
import type { DeployTarget } from '../../../src/ports/deploy-target.ts';
import { actionContract } from '../../contracts/action.ts';
import { type DeployTargetUnderTest, deployTargetContract } from '../../contracts/deploy-target.ts';
import { startSshHost, whyNoSshd } from '../../world/parts/git-host.ts';
import { type Case, startCase } from './hosts.ts';

/** Answers in tags. */
function inTags(target: DeployTarget, commits: Readonly<Record<string, string>>): DeployTarget {
  const tagOf = (ref: string): string => Object.entries(commits).find(([, commit]) => commit === ref)?.[0] ?? ref;
  return {
    ...target,
    restorable: (release) => target.restorable(commits[release] ?? release),
    rollTo: (release, o) => target.rollTo(commits[release] ?? release, o),
    list: async (limit) => (await target.list(limit)).map((one) => ({ ...one, ref: tagOf(one.ref) })),
    current: async () => {
      const { release, previous, units, inFlight, ...rest } = await target.current();
      return {
        ...rest,
        release: tagOf(release),
        previous: previous === null ? null : tagOf(previous),
        units: units.map((unit) => ({ ...unit, release: tagOf(unit.release) })),
        ...(inFlight === undefined ? {} : { inFlight: tagOf(inFlight) }),
      };
    },
  };
}

function underTest({ host, close }: Case, target: DeployTarget, after?: () => Promise<void>): DeployTargetUnderTest {
  return {
    target: inTags(target, host.commits),
    deploy: host.deploy,
    running: host.running,
    // Somebody squashes the branch: what was before is nowhere any more.
    prune: async () => {
      const squashed = await host.git('commit-tree', '-m', 'All of it', `${await host.head()}^{tree}`);
      await host.git('push', '-q', '-f', 'origin', `${squashed}:refs/heads/main`, ':refs/tags/v1.0.0', ':refs/tags/v1.1.0');
    },
    close: async () => {
      await close();
      await after?.();
    },
  };
}

deployTargetContract('a branch over http and the service that it is deployed to', async () => {
  const made = await startCase();
  return underTest(made, made.open({ versionUrl: `${made.host.service}/version` }));
});
deployTargetContract('a branch whose history is rewritten', async () => {
  const made = await startCase();
  return underTest(made, made.open({ rewrite: true }));
});

describe.skipIf(whyNoSshd() !== null)(`over ssh${whyNoSshd() === null ? '' : `, skipped: ${whyNoSshd()}`}`, () => {
  deployTargetContract('a branch over ssh', async () => {
    const made = await startCase();
    const ssh = await startSshHost(made.host.repository);
    return underTest(made, made.open({ remote: ssh.url, key: ssh.key, hostKey: ssh.hostKey }), ssh.close);
  });
});

for (const name of ['deploy.rollback', 'deploy.activate', 'deploy.revert']) {
  actionContract(`${name} on a branch and the service that it is deployed to`, async () => {
    const made = await startCase();
    const { host } = made;
    await host.deploy('v1.1.0');
    const action = createActions({
      targets: { app: made.open({ versionUrl: `${host.service}/version` }) },
      switches: {},
      pause: null as never,
    })[name];
    if (action === undefined) throw new Error(`no action ${name}`);
    const isRevert = name === 'deploy.revert';
    return {
      action,
      args: { target: 'app', ...(isRevert ? { commit: host.commits['v1.1.0'] ?? '' } : { to: host.commits['v1.0.0'] ?? '' }) },
      impossible: { target: 'app', ...(isRevert ? { commit: '0123456789' } : { to: 'v9' }) },
      interfere: async () => void (await host.commit('More', { 'more.txt': 'more\n' })),
      close: made.close,
    };
  });
}
