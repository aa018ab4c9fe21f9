// What taking back holds alone: the locks that the calls around an act held while it was done, and only where no other run had one of them since
// and changed something under it. Then what is there may not fit what would be put back, and people decide.
import type { Incident, StepState } from '../domain/incident.ts';
import type { Json } from '../domain/json.ts';
import { isBeside } from './lock-queue.ts';
import type { Completed, TakenLock, Visit } from './run.ts';
import { askPeopleUntil, partName } from './run.ts';
import { giveBack, nameWithin, type Taking, takeLocks } from './take-locks.ts';

/** Whoever waits for a way back looks at what is broken meanwhile. */
const UNDO_WAIT_MS = 900_000;
const MOST_NAMED = 3;

interface Back {
  /** What the names of its engine steps begin with. */
  readonly name: string;
  readonly wanted: readonly Completed[];
  readonly work: (locked: Visit) => Promise<string>;
}

/** All of them at once and before the first undo: nobody comes in between two. @returns what happened, in words */
export async function underLocks(visit: Visit, { name, wanted, work }: Back): Promise<string> {
  const { run } = visit;
  let since = earliest(wanted);
  if (since.length === 0) return work(visit);
  for (let round = 1; ; round += 1) {
    const taking = takingOf(visit, `${name}:${round}:`);
    const held = [...(run.locks ?? []), ...(await lentTo(visit, taking, since))];
    const free = since.map(({ lock }) => nameNow(held, lock)).filter((lock) => !isAmong(held, lock));
    const taken = await takeLocks(visit, free, taking);
    if (typeof taken === 'string') return `nothing was taken back: ${taken}`;
    const locks = [...held, ...taken];
    const meanwhile = await othersSince(visit, taking, { since, locks });
    if (meanwhile === null) {
      const said = await work({ ...visit, run: { ...run, locks } });
      await giveBack(visit, taken, taking);
      return said;
    }
    await giveBack(visit, taken, taking);
    const refusal = await decided(visit, taking, meanwhile);
    if (refusal !== null) return `nothing was taken back: ${refusal}`;
    // People know of everything up to here.
    since = locks.filter(({ lock }) => since.some((one) => one.lock === lock));
  }
}

/** Each lock once, by the taking under which the first of the acts was done. */
function earliest(wanted: readonly Completed[]): readonly TakenLock[] {
  const all = wanted.flatMap(({ locks = [] }) => locks).toSorted((a, b) => a.token - b.token);
  return all.filter(({ lock }, at) => all.findIndex((one) => one.lock === lock) === at).toSorted((a, b) => (a.lock < b.lock ? -1 : 1));
}

const isAmong = (locks: readonly TakenLock[], lock: string): boolean => locks.some((one) => one.lock === lock);

/** Parts of a fan-out hold what is held around all of them one at a time. */
function nameNow(held: readonly TakenLock[], lock: string): string {
  const around = held.find((one) => one.isAround === true && one.lock === lock);
  return around === undefined ? lock : nameWithin(around);
}

/** Beside the run: what a call of its own incident holds keeps everybody else out, and that call may last for hours. */
async function lentTo({ run, ...visit }: Visit, { part }: Taking, since: readonly TakenLock[]): Promise<readonly TakenLock[]> {
  if (run.isAside !== true) return [];
  return (await run.context.step(partName({ run, ...visit }, `${part}lent`), async () => {
    const lent: TakenLock[] = [];
    for (const { lock } of since) {
      const found = await run.world.partLocks.find(lock);
      if (found !== null && found.incident === run.incident && !isBeside(found)) lent.push({ lock, token: found.token });
    }
    return lent as unknown as Json;
  })) as unknown as readonly TakenLock[];
}

/** Of a fan-out, what the step says. Below the names of a call, which gives back what is below it. */
function takingOf({ run, step }: Visit, part: string): Taking {
  const waitMs = (step.kind === 'each' ? step.timeoutMs : undefined) ?? UNDO_WAIT_MS;
  return { holder: `${run.holder ?? run.context.runId}/${step.id}/undo`, part, waitMs };
}

interface Looking {
  readonly since: readonly TakenLock[];
  readonly locks: readonly TakenLock[];
}

/** Null: nobody else has had one of them since, or whoever had it changed nothing. */
async function othersSince({ run, ...visit }: Visit, { part }: Taking, { since, locks }: Looking): Promise<string | null> {
  const changed = since.filter(({ lock, token }) => locks.some((one) => one.lock === lock && one.token !== token));
  if (changed.length === 0) return null;
  return (await run.context.step(partName({ run, ...visit }, `${part}others`), async () => {
    const { partLocks, incidents } = run.world;
    for (const { lock, token } of changed)
      for (const use of await partLocks.uses(lock)) {
        if (use.incident === run.incident || use.token <= token) continue;
        const acts = actsOf(await incidents.load(use.incident));
        if (acts.length > 0) return meanwhileText(use.incident, lock, acts);
      }
    return null as Json;
  })) as string | null;
}

function meanwhileText(incident: string, lock: string, acts: readonly string[]): string {
  const more = acts.length - MOST_NAMED;
  const named = `${acts.slice(0, MOST_NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  return `${incident} has held ${lock} since, and did ${named}: what would be put back may not fit that`;
}

/** What may have changed something, whatever came of it. */
function actsOf(incident: Incident | null): readonly string[] {
  const acts = Object.values(incident?.steps ?? {}).filter(mayHaveChanged);
  return acts.map(({ id }) => id);
}

function mayHaveChanged({ kind, status, detail }: StepState): boolean {
  if (kind !== 'do' && kind !== 'run' && kind !== 'each') return false;
  return status !== 'noop' && status !== 'skipped' && !(status === 'failed' && detail['effect'] === 'none');
}

/** Null: it is taken back all the same. */
async function decided(visit: Visit, { part }: Taking, meanwhile: string): Promise<string | null> {
  const { run } = visit;
  if (run.isPart === true || run.isAside === true) return meanwhile;
  const said = await askPeopleUntil(visit, `${meanwhile}. Take it back all the same?`, ['undo', 'stop'], null, `${part}ask`);
  return said?.choice === 'undo' ? null : `${meanwhile} (stopped by ${said?.by ?? 'nobody'})`;
}
