// `service.connect`: a service that was made anew is built from what it was built from, at the commit that ran when it was kept, or at one that
// is named; whether pushes go live is as it was. It puts code live, so it is judged as a deploy of that commit on what stands behind the service.
import { BelayError } from '../../domain/errors.ts';
import type { JsonObject } from '../../domain/json.ts';
import type { Built } from '../../domain/plan.ts';
import type { DeployTarget } from '../../ports/deploy-target.ts';
import type { LiveForm, ServiceForm } from '../../ports/service-rebuild.ts';
import { type DeployRules, NO_DEPLOY_RULES } from '../deploy-policy.ts';
import { type Rebuilding, type Sight, sameSource, type Told } from './service-forms.ts';

/** Where what a service runs is deployed to. */
export interface BehindServices {
  readonly targets: Readonly<Record<string, Pick<DeployTarget, 'commits'>>>;
  readonly rules: Pick<DeployRules, 'refusal'>;
  readonly targetsOf: (service: string) => readonly string[];
}
export const NOTHING_BEHIND: BehindServices = { targets: {}, rules: NO_DEPLOY_RULES, targetsOf: () => [] };

/** An empty one is none: an input that nobody filled in. */
function commitOf(args: JsonObject): string | null {
  const given = args['commit'];
  return typeof given === 'string' && given !== '' ? given.toLowerCase() : null;
}

/** Before it is kept, what runs is what will be. */
const modelOf = ({ kept, live }: Sight): ServiceForm | null => kept ?? live;

/** An older file of the very service that runs is no measure: it is kept anew before that one is deleted. */
function keptCommit(sight: Sight): string | null {
  const { live, kept } = sight;
  return kept !== null && kept.id === live?.id && live.commit !== null ? live.commit : (modelOf(sight)?.commit ?? null);
}

export const wantedOf = (sight: Sight, args: JsonObject): string | null => commitOf(args) ?? keptCommit(sight);

/** As its targets will call it. */
export function builtBy({ targets, targetsOf }: BehindServices, sight: Sight, args: JsonObject): readonly Built[] {
  const commit = wantedOf(sight, args);
  if (commit === null) return [];
  return targetsOf(String(args['service'])).map((target) => ({ target, release: targets[target]?.commits?.refOf(commit) ?? commit }));
}

const deploysOf = (frozen: boolean): string => `automatic deploys ${frozen ? 'off' : 'on'}`;

/** It has got there, and nothing else is on its way. */
export const isLive = ({ commit, coming, deploy }: LiveForm, wanted: string): boolean =>
  commit === wanted && coming.length === 0 && deploy === 'live';

/** It runs, or is on its way, and nothing else is. */
function isBuilt({ commit, coming }: LiveForm, wanted: string): boolean {
  return coming.length === 0 ? commit === wanted : coming.every((one) => one.commit === wanted);
}

function currentOf({ source, commit, coming, frozen }: LiveForm): string {
  if (source === null) return 'nothing to build';
  const at = commit === null ? 'nothing live' : `at ${commit}`;
  const ways = coming.map((one) => `${one.commit ?? one.id} on its way`);
  return [`built from ${source.repo}@${source.branch ?? '?'} ${at}`, ...ways, deploysOf(frozen === true)].join(', ');
}

function tell(sight: Sight, args: JsonObject): Told {
  const { live, kept } = sight;
  const [model, wanted] = [modelOf(sight), wantedOf(sight, args)];
  const frozen = model?.frozen ?? true;
  const desired =
    model?.source && wanted !== null
      ? `built from ${model.source.repo}@${model.source.branch ?? '?'} at ${wanted}, ${deploysOf(frozen)}`
      : 'built from a repository';
  if (live === null) return { current: 'not there', desired, reached: false };
  // Whether its first deploy gets there is waited for by a check: that lasts for minutes.
  const isThere = kept !== null && kept.source !== null && wanted !== null && isBuilt(live, wanted);
  const reached = isThere && sameSource(kept, live) && live.frozen === frozen;
  const mark = [live.source === null ? '' : 'connected', live.commit, live.newest?.id, live.coming.length, live.frozen].join(' ');
  const foreign = live.coming.find((one) => one.commit !== null && one.commit !== wanted);
  const gaveUp =
    foreign !== undefined && live.coming.some((one) => one.commit === wanted)
      ? `the deployment ${foreign.id} of another commit has begun beside it: do this step again, and it is stopped`
      : live.deploy === 'failed' && wanted !== null && live.newest?.commit === wanted && !isBuilt(live, wanted)
        ? `the deployment of ${wanted} failed`
        : undefined;
  return { current: reached ? desired : currentOf(live), desired, reached, mark, ...(gaveUp === undefined ? {} : { gaveUp }) };
}

/** Nothing of what this step itself does: a life that was killed in the middle of it is followed by one that goes on. */
function fingerprintOf({ live, kept }: Sight): string {
  if (live === null) return 'absent';
  const isOther = live.source !== null && (kept === null || !sameSource(kept, live));
  return isOther ? `${live.id} ${live.source.repo}@${live.source.branch ?? '?'}` : live.id;
}

export function connecting(behind: BehindServices): Rebuilding {
  return {
    name: 'connect',
    tell,
    fingerprint: fingerprintOf,
    refusal: async (args, sight, { rebuild: { name } }) => {
      const [given, model] = [commitOf(args), modelOf(sight)];
      if (given !== null && !/^[0-9a-f]{40}$/.test(given)) return `${given} is no whole commit: write all of its 40 characters`;
      if (model === null) return null;
      if (model.source === null || model.source.branch === null)
        return `what is kept of ${name} does not say from which branch of which repository it was built: connect it by hand`;
      if (given === null && keptCommit(sight) === null)
        return `what is kept of ${name} does not say which commit ran: name the one that shall go live with commit`;
      // What ran when it was kept is no step forward.
      if (given === null || given === keptCommit(sight)) return null;
      for (const { target, release } of builtBy(behind, sight, args)) {
        const why = await behind.rules.refusal(target, release, { step: 'any', anew: true });
        if (why !== null) return why;
      }
      return null;
    },
    act: async (rebuild, sight, args) => {
      const { live, kept } = sight;
      const commit = wantedOf(sight, args);
      // Refused above, or gone since.
      if (live === null || commit === null)
        throw new BelayError('BELAY_ACT_FAILED', `there is no service called ${rebuild.name}`, {
          ...{ effect: 'none', hint: 'Create it with service.create.' },
        });
      await rebuild.connect(live.id, { commit, frozen: kept?.frozen ?? true });
    },
  };
}
