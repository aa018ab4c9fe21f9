// A service on Railway as something that runs: its live deployment is stopped (what the dashboard calls pause), begun again, or restarted.
// Which deployment is live is never changed by it, but that one that was stopped comes back as a new deployment of the same image.
import { BelayError } from '../../domain/errors.ts';
import type { ServiceOptions } from '../../domain/service-catalog.ts';
import type { ServiceControl, ServiceState, ServiceUnit } from '../../ports/service-control.ts';
import type { AskDeps } from './ask.ts';
import { act, demandStill, demandYes, look, type Owned, type Seen, type Service, serviceAt } from './railway.ts';
import type { Deployment } from './railway-answers.ts';

const STOP = 'mutation Stop($id: String!) { deploymentStop(id: $id) }';
const RESTART = 'mutation Restart($id: String!) { deploymentRestart(id: $id) }';
const REDEPLOY = 'mutation Redeploy($id: String!) { deploymentRedeploy(id: $id, usePreviousImageTag: true) { id } }';
/** Instances that have ended, or will not begin. */
const OVER: readonly string[] = ['REMOVED', 'REMOVING', 'EXITED', 'SKIPPED', 'STOPPED', 'CRASHED'];

/** @throws BELAY_CONFIG_INVALID */
export function createRailwayService(options: ServiceOptions<'railway'>, deps: AskDeps) {
  const place = serviceAt(options, deps);
  /** The live deployment, with nothing else on its way: what is begun or ended now would otherwise be overtaken. */
  const live = async (): Promise<Owned> => {
    const told = await look(place);
    const begun = onItsWay(told);
    if (begun !== undefined)
      throw failed(place, `the deployment ${begun.mark} is on its way`, 'Wait for it, or stop it with deploy.abort, and plan again.');
    const found = liveIn(told);
    if (found === undefined) throw failed(place, 'nothing is deployed', 'Deploy it once; then it can be stopped and begun.');
    await demandStill(place, found.of);
    return found;
  };
  const begin = async (one: Deployment): Promise<void> => {
    if (one.isStopped) await act(place, REDEPLOY, { id: one.id });
    else demandYes(place, await act(place, RESTART, { id: one.id }), 'deploymentRestart');
  };
  return {
    compareAndSet: 'none',
    verbs: ['restart', 'stop', 'start'],
    look: async () => stateOf(await look(place), deps.time.now()),
    restart: async () => begin(await live()),
    start: async () => begin(await live()),
    stop: async () => demandYes(place, await act(place, STOP, { id: (await live()).id }), 'deploymentStop'),
    scale: async () => {
      throw failed(place, 'the number of its instances is set in the dashboard', 'Leave the step out.');
    },
  } satisfies ServiceControl;
}

const liveIn = ({ changes }: Pick<Seen, 'changes'>): Owned | undefined => changes.find((one) => one.phase === 'live');

/** Begun after what is live: that one will take its place. */
function onItsWay({ changes }: Pick<Seen, 'changes'>): Deployment | undefined {
  const at = liveIn({ changes })?.at ?? Number.NEGATIVE_INFINITY;
  return changes.find((one) => one.phase === 'begun' && one.at > at);
}

function stateOf(told: Seen, at: number): ServiceState {
  const [one, begun] = [liveIn(told), onItsWay(told)];
  const units = one === undefined ? [] : unitsOf(one);
  const coming: readonly ServiceUnit[] = begun === undefined ? [] : [{ id: begun.mark, life: begun.id, ready: false, startedAt: null }];
  return { at, units: [...units, ...coming], wanted: told.replicas ?? Math.max(1, one?.instances.length ?? 1), restarts: null };
}

function unitsOf(one: Deployment): readonly ServiceUnit[] {
  const { id, mark, status, isStopped, statusAt, instances } = one;
  if (isStopped || status === 'CRASHED') return [];
  if (status === 'SLEEPING' || instances.length === 0)
    return [{ id: mark, life: `${id}@${statusAt ?? 0}`, ready: status === 'SLEEPING', startedAt: statusAt }];
  return instances
    .filter((unit) => !OVER.includes(unit.status))
    .map((unit) => ({ id: unit.id, life: `${unit.id}@${statusAt ?? 0}`, ready: unit.status === 'RUNNING', startedAt: statusAt }));
}

const failed = ({ name }: Service, why: string, hint: string): BelayError =>
  new BelayError('BELAY_ACT_FAILED', `${name}: ${why}`, { effect: 'none', hint });
