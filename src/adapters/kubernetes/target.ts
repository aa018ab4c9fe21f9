// A Deployment of Kubernetes as a deploy target: the pod template of a ReplicaSet that is still there, put back by replacing the Deployment
// with the resourceVersion that was read, so that the API server refuses what came in between. It never asks for "the revision before".
import { BelayError } from '../../domain/errors.ts';
import { type Fields, fieldsIn, isFields } from '../../domain/received.ts';
import type { TargetOptions } from '../../domain/target-catalog.ts';
import type { DeployTarget, RollOrder } from '../../ports/deploy-target.ts';
import type { Http } from '../../ports/http.ts';
import { openApi } from './api.ts';
import {
  CAUSE,
  generationOf,
  mineIn,
  OURS,
  podsIn,
  type ReplicaSet,
  releasesOf,
  type Seen,
  selectorOf,
  setsIn,
  stateOf,
  tagOf,
} from './rollout.ts';

/** Of writing what was looked at, while the numbers in its status change. */
const MOST_TRIES = 8;
const NAME = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;

/** @throws BELAY_CONFIG_INVALID */
export function createKubernetesTarget(options: TargetOptions<'kubernetes'>, deps: { readonly http: Http; readonly baseDir: string }) {
  const { namespace, deployment: name } = options;
  for (const [what, word] of Object.entries({ namespace, deployment: name }))
    if (!NAME.test(word))
      throw new BelayError(
        'BELAY_CONFIG_INVALID',
        `driver kubernetes: ${what}: it is a name of Kubernetes: small letters, digits, - and .`,
      );
  const api = openApi(options, deps);
  const apps = `/apis/apps/v1/namespaces/${namespace}`;
  const known = new Set<string>();
  const gone = (what: string, hint: string): BelayError =>
    new BelayError('BELAY_TARGET_UNREACHABLE', `Deployment ${namespace}/${name}: ${what}`, { hint });
  const read = async (): Promise<Seen> => {
    const deployment = await api.look(`${apps}/deployments/${name}`);
    if (!isFields(deployment)) throw gone('there is none', `See which there are: kubectl -n ${namespace} get deployments`);
    const selector = selectorOf(deployment);
    if (selector === null) throw gone('it selects its pods by more than labels', 'Give it a selector of matchLabels alone.');
    const query = `labelSelector=${encodeURIComponent(selector)}`;
    const sets = setsIn(await api.look(`${apps}/replicasets?${query}`), deployment);
    const pods = podsIn(await api.look(`/api/v1/namespaces/${namespace}/pods?${query}`), sets);
    for (const one of sets) known.add(one.name);
    return { deployment, sets, pods };
  };
  return {
    caps: { compareAndSet: 'native', freeze: false, restoresConfig: 'none' },
    list: async (limit) => releasesOf(await read()).slice(0, limit),
    current: async () => stateOf(await read()),
    resolve: async (wanted) => resolved((await read()).sets, wanted),
    restorable: async (release) => {
      const found = (await read()).sets.find((one) => one.name === release);
      if (found !== undefined) return { ok: true, artefact: found.images.join(', ') };
      return { ok: false, why: known.has(release) ? 'pruned' : 'unknown' };
    },
    rollTo: async (release, o) => {
      let refused: Awaited<ReturnType<typeof api.replace>> = null;
      for (let tries = 0; tries < MOST_TRIES; tries += 1) {
        const body = bodyFor(await read(), release, o, `Deployment ${namespace}/${name}`);
        refused = body === null ? null : await api.replace(`${apps}/deployments/${name}`, body);
        // Its controller writes into it, too, whenever a pod comes or goes: whether somebody has deployed is for the next look to say.
        if (refused?.status !== 409) break;
      }
      if (refused === null) return;
      if (refused.status === 409) throw conflict(`Deployment ${namespace}/${name}`, refused.said);
      throw new BelayError('BELAY_ACT_FAILED', `Deployment ${namespace}/${name}: ${refused.said}`, {
        effect: 'none',
        hint: 'See what the token may do: kubectl auth can-i update deployments.',
      });
    },
    freeze: async () => {
      throw new BelayError('BELAY_ACT_FAILED', `Deployment ${namespace}/${name}: paused it would roll nothing out, the way back included`, {
        hint: 'Stop the pipeline, or pause the sync of Argo CD or Flux, and leave the step out.',
      });
    },
  } satisfies DeployTarget;
}

/** A revision, or the tag of an image, as the name of its ReplicaSet. @throws BELAY_INPUT_INVALID when it means more than one */
function resolved(sets: readonly ReplicaSet[], wanted: string): string {
  if (sets.some((one) => one.name === wanted)) return wanted;
  const found = sets.filter(
    (one) => String(one.revision) === wanted || one.images.some((image) => image === wanted || tagOf(image) === wanted),
  );
  if (found.length <= 1) return found[0]?.name ?? wanted;
  throw new BelayError('BELAY_INPUT_INVALID', `"${wanted}" means ${found.length} releases`, {
    hint: `Name one: ${found.map((one) => `${one.name} (revision ${one.revision})`).join(', ')}.`,
  });
}

/** Null when this order has been carried out already. */
function bodyFor(seen: Seen, release: string, { expected, key, reason }: RollOrder, what: string): object | null {
  const { deployment, sets } = seen;
  const [state, mine] = [stateOf(seen), mineIn(deployment)];
  if (mine?.key === key && mine.release === release && state.gaveUp === undefined) return null;
  // While a change of ours is on its way the state has the fingerprint of before, which only the same order may use.
  if (state.fingerprint !== expected || (state.inFlight !== undefined && mine?.before.fingerprint === expected))
    throw conflict(what, `it is ${state.release} (${state.fingerprint}), not ${expected}`);
  const set = sets.find((one) => one.name === release);
  if (set === undefined)
    throw new BelayError('BELAY_RELEASE_NOT_RESTORABLE', `${what}: there is no ReplicaSet ${release} any more`, {
      hint: 'revisionHistoryLimit says how many are kept. See them: kubectl get replicasets.',
    });
  const spec = fieldsIn(deployment['spec']);
  if (spec['paused'] === true)
    throw new BelayError('BELAY_ACT_FAILED', `${what}: it is paused, and would roll nothing out`, {
      hint: 'kubectl rollout resume, then plan again.',
    });
  const metadata = fieldsIn(deployment['metadata']);
  const { fingerprint, changedAt, previous } = state;
  const before = { release: state.release, fingerprint, changedAt, previous, generation: generationOf(deployment) };
  const own = {
    [`${OURS}key`]: key,
    [`${OURS}release`]: release,
    [`${OURS}reason`]: reason.slice(0, 200),
    [`${OURS}before`]: JSON.stringify(before),
  };
  // As `kubectl rollout undo` does: the history says of a release why it was made, not why the one before went.
  const { [CAUSE]: _ofTheOther, ...kept } = fieldsIn(metadata['annotations']);
  const annotations = { ...kept, ...(set.cause === '' ? {} : { [CAUSE]: set.cause }), ...own };
  return { ...deployment, metadata: { ...metadata, annotations }, spec: { ...spec, template: withoutHash(set.template) } };
}

/** The label that a ReplicaSet adds to its template is none of the Deployment's. */
function withoutHash(template: Fields): Fields {
  const metadata = fieldsIn(template['metadata']);
  const { 'pod-template-hash': _hash, ...labels } = fieldsIn(metadata['labels']);
  return { ...template, metadata: { ...metadata, labels } };
}

const conflict = (what: string, why: string): BelayError =>
  new BelayError('BELAY_TARGET_CONFLICT', `${what}: ${why}`, { hint: 'Somebody else has deployed in between: plan again.' });
