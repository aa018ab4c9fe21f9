// A service on Railway connected to its repository so that one commit goes live and no other: connecting alone builds the head of the branch,
// which may be the very deploy that was rolled back. It goes part by part, and which one is next is seen and not remembered: whoever was
// killed in between goes on from there. An answer is never believed. It knows no file and no variable.
import { BelayError } from '../../domain/errors.ts';
import { fieldsIn, textIn } from '../../domain/received.ts';
import type { Connecting } from '../../ports/service-rebuild.ts';
import type { Time } from '../../ports/time.ts';
import { AUTO_DEPLOY, act, CANCEL, DEPLOY, demandYes, type Ids, type Service } from './railway.ts';
import type { Seen } from './railway-form.ts';

const CONNECT = 'mutation Connect($id: String!, $input: ServiceConnectInput!) { serviceConnect(id: $id, input: $input) { id } }';

export interface Ground {
  readonly place: Service;
  readonly ids: Ids;
  readonly time: Pick<Time, 'sleep'>;
  /** The service of this id, as it is now. @throws BELAY_TARGET_CONFLICT */
  readonly still: () => Promise<Seen>;
}
export interface Wanted extends Connecting {
  readonly source: { readonly repo: string; readonly branch: string };
}

type Part =
  | { readonly do: 'freeze' | 'thaw' | 'connect' | 'deploy'; readonly key: string }
  | { readonly do: 'cancel'; readonly key: string; readonly deployment: string };

/** Of this act: a part is tried once. */
interface Tried {
  readonly keys: Set<string>;
  /** The deployment that this act has begun: its commit may not be told yet. */
  ours: string | null;
}

const LOOKS = 20;
/** A build that connecting has begun is seen by then, where there is one. */
const BUILD_LOOKS = 5;
const LOOK_EVERY_MS = 1_000;

/** @throws BelayError: effect none as long as nothing was done */
export async function connectTo(ground: Ground, wanted: Wanted): Promise<void> {
  const tried: Tried = { keys: new Set(), ours: null };
  const done: string[] = [];
  for (;;) {
    try {
      const part = nextPart(await ground.still(), wanted, tried);
      if (part === null) return;
      if (tried.keys.has(part.key)) throw unseen(ground, part);
      tried.keys.add(part.key);
      await PARTS[part.do](ground, { wanted, tried, part });
      done.push(part.key);
    } catch (error) {
      if (!BelayError.is(error) || error.effect !== 'none' || done.length === 0) throw error;
      throw new BelayError(error.code, `${error.message} (done before: ${done.join(', ')})`, {
        ...{ effect: 'unknown', cause: error },
        hint: 'What is done stays, and automatic deploys stay off: do the step again, and it goes on from there.',
      });
    }
  }
}

const isSource = ({ source }: Seen, wanted: Wanted): boolean =>
  source?.repo === wanted.source.repo && source.branch === wanted.source.branch;

/** Off first and back last: whatever ends in between, no push goes live by itself. */
function nextPart(now: Seen, wanted: Wanted, tried: Tried): Part | null {
  const isOurs = ({ id, commit }: Seen['coming'][number]): boolean => commit === wanted.commit || id === tried.ours;
  const foreign = now.coming.find((one) => !isOurs(one));
  const [connected, isBuilt] = [
    isSource(now, wanted),
    now.coming.some(isOurs) || (now.coming.length === 0 && now.commit === wanted.commit),
  ];
  if (connected && foreign === undefined && (isBuilt || tried.ours !== null))
    return now.frozen === wanted.frozen
      ? null
      : { do: wanted.frozen ? 'freeze' : 'thaw', key: wanted.frozen ? 'frozen at last' : 'thawed' };
  // What is built from nothing has perhaps no such switch yet: then it is turned right after.
  const freeze = { do: 'freeze', key: connected ? 'frozen' : 'frozen before' } as const;
  if (!now.frozen && (connected || !tried.keys.has(freeze.key))) return freeze;
  if (!connected) return { do: 'connect', key: 'connected' };
  if (foreign !== undefined) return { do: 'cancel', key: `cancelled ${foreign.id}`, deployment: foreign.id };
  return { do: 'deploy', key: `deployed ${wanted.commit.slice(0, 12)}` };
}

interface Order {
  readonly wanted: Wanted;
  readonly tried: Tried;
  readonly part: Part;
}

const PARTS: Readonly<Record<Part['do'], (ground: Ground, order: Order) => Promise<void>>> = {
  freeze: async (ground, { part }) => {
    try {
      await setAutoDeploy(ground, part, false);
    } catch (error) {
      if (part.key !== 'frozen before' || !BelayError.is(error)) throw error;
    }
  },
  thaw: (ground, { part }) => setAutoDeploy(ground, part, true),
  connect: async (ground, { wanted, part }) => {
    const { repo, branch } = wanted.source;
    await act(ground.place, CONNECT, { id: ground.ids.service, input: { repo, branch } });
    await seen(ground, part, (now) => isSource(now, wanted));
    await looked(ground, BUILD_LOOKS, ({ newest }) => newest !== null);
  },
  cancel: async (ground, { part }) => {
    const id = part.do === 'cancel' ? part.deployment : '';
    demandYes(ground.place, await act(ground.place, CANCEL, { id }), 'deploymentCancel');
    await seen(ground, part, ({ coming }) => coming.every((one) => one.id !== id));
  },
  deploy: async (ground, { wanted, tried, part }) => {
    const { environment, service } = ground.ids;
    const data = await act(ground.place, DEPLOY, { environment, service, commit: wanted.commit });
    const id = textIn(fieldsIn(data)['serviceInstanceDeployV2']);
    const isIt = (one: Seen['newest']): boolean => one !== null && (one.id === id || one.commit === wanted.commit);
    await seen(ground, part, ({ coming, newest }) => isIt(newest) || coming.some(isIt));
    tried.ours = id;
  },
};

async function setAutoDeploy(ground: Ground, part: Part, enabled: boolean): Promise<void> {
  const { project, environment, service } = ground.ids;
  await act(ground.place, AUTO_DEPLOY, { input: { projectId: project, environmentId: environment, serviceId: service, enabled } });
  await seen(ground, part, ({ frozen }) => frozen === !enabled);
}

async function looked({ time, still }: Ground, looks: number, is: (now: Seen) => boolean): Promise<boolean> {
  for (let look = 1; ; look += 1) {
    if (is(await still())) return true;
    if (look >= looks) return false;
    await time.sleep(LOOK_EVERY_MS);
  }
}

/** By effect. @throws BELAY_DEPLOY_TIMEOUT */
async function seen(ground: Ground, part: Part, is: (now: Seen) => boolean): Promise<void> {
  if (!(await looked(ground, part.key === 'frozen before' ? 1 : LOOKS, is))) throw unseen(ground, part);
}

const unseen = ({ place }: Ground, part: Part): BelayError =>
  new BelayError('BELAY_DEPLOY_TIMEOUT', `${place.name}: Railway said yes and it is not seen: ${part.key}`, {
    ...{ effect: 'unknown' },
    hint: 'Look at the service in the dashboard; the step may be done again, and goes on from what it sees.',
  });
