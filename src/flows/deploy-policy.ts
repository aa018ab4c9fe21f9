// Policies of deploys, kept: a step forward that was not on staging is refused, and whatever goes live, whoever put it there, is followed by
// its smoke test. What fails, cannot be told, or came past staging raises a trigger, which asks people. Going back is never hindered.
import { type DeployPolicy, deployedAt, deployTrigger, lastProof, liveProof, ranBefore, type SmokeProof } from '../domain/deploy-policy.ts';
import { policyOf } from '../domain/deploy-triggers.ts';
import { BelayError } from '../domain/errors.ts';
import type { Instant, JsonObject } from '../domain/json.ts';
import type { PlanNote } from '../domain/plan.ts';
import type { System } from '../domain/system.ts';
import { smokeReport, unstagedReport } from '../domain/text/deploy-texts.ts';
import type { DeployTarget, Release, TargetState } from '../ports/deploy-target.ts';
import type { ReleaseHistory } from '../ports/release-history.ts';
import { runCheck } from './checks.ts';
import { isOlder } from './facts.ts';
import { lookBack } from './look-back.ts';
import type { World } from './world.ts';

type Targets = Readonly<Record<string, DeployTarget>>;

interface Asked {
  readonly step: 'back' | 'any';
  readonly isUndo?: boolean;
  /** Nothing runs there that it could be older than: a service that is made anew. */
  readonly anew?: true;
}

/** What actions on targets ask before they act. */
export interface DeployRules {
  /** Why this release may not go live there, and what to do; null: it may. `isUndo`: it takes back what the same run did there. */
  refusal(target: string, to: string, o: Asked): Promise<string | null>;
  notes(target: string, step: 'back' | 'any'): readonly PlanNote[];
  /** The same of requests that a proxy takes from one of its names and sends to another: of the release that runs there. */
  sending(proxy: string, o: { readonly to: string; readonly from: string; readonly isUndo?: boolean }): Promise<string | null>;
  sendingNotes(proxy: string, to: string): readonly PlanNote[];
}

export const NO_DEPLOY_RULES: DeployRules = {
  refusal: async () => null,
  notes: () => [],
  sending: async () => null,
  sendingNotes: () => [],
};

/** `releases`: null where nobody keeps a history; then nothing is known to have been on staging. */
export function createDeployRules(system: System, targets: Targets, releases: ReleaseHistory | null): DeployRules {
  return {
    refusal: async (id, to, { step, isUndo = false, anew = false }) => {
      const policy = policyOf(system, id);
      const target = targets[id];
      if (policy?.stagedOn === undefined || target === undefined) return null;
      if (anew) return untilStaged({ targets, releases }, { id, to, staging: policy.stagedOn });
      const { release: live, previous } = await target.current();
      const way = await wayTo({ target, to, live });
      // A rollback waits for nobody: it is refused only where it is known to be none.
      if (way === 'back' || (way === 'untold' && step === 'back')) return null;
      const found = await staged({ targets, releases }, { to, staging: policy.stagedOn });
      const { proof } = found;
      // What ran right before may be the bad one that was just left: only an undo goes there, and not where it is known to fail.
      const isBefore = isUndo && (to === previous || to === (await before(releases, id, live)));
      if (proof?.result === 'pass' || (isBefore && proof?.result !== 'fail')) return null;
      return unstaged(found, { id, to, staging: policy.stagedOn });
    },
    notes: (id, step) => {
      const policy = policyOf(system, id);
      return [
        ...(step === 'any' && policy?.stagedOn !== undefined ? (['staged-first'] as const) : []),
        ...(policy?.smoke === undefined ? [] : (['smoked-after'] as const)),
      ];
    },
    sending: (proxy, o) => sendingRefusal({ system, targets, releases }, proxy, o),
    sendingNotes: (proxy, to) => (policyOf(system, behindOf(system, proxy)[to] ?? '')?.stagedOn === undefined ? [] : ['staged-first']),
  };
}

async function untilStaged(seen: Seen, o: Staging & { readonly id: string }): Promise<string | null> {
  const found = await staged(seen, o);
  return found.proof?.result === 'pass' ? null : unstaged(found, o);
}

const behindOf = (system: System, proxy: string): Readonly<Record<string, string>> =>
  system.proxies?.find((one) => one.id === proxy)?.targets ?? {};

/** More requests for an older release are a way back, and free; for any other it must have passed on staging, as if it were put live. */
async function sendingRefusal(
  { system, targets, releases }: Seen & { readonly system: System },
  proxy: string,
  { to, from, isUndo = false }: { readonly to: string; readonly from: string; readonly isUndo?: boolean },
): Promise<string | null> {
  const behind = behindOf(system, proxy);
  const [id, other] = [behind[to] ?? '', behind[from] ?? ''];
  const [stagedOn, target] = [policyOf(system, id)?.stagedOn, targets[id]];
  if (stagedOn === undefined || target === undefined) return null;
  const { release } = await target.current();
  const live = (await targets[other]?.current())?.release;
  if (live !== undefined && (await wayBetween({ target, release }, { target: targets[other] ?? target, release: live })) === 'back')
    return null;
  const found = await staged({ targets, releases }, { to: release, staging: stagedOn });
  // What the same run took requests from gets them back, unless it is known to fail.
  if (found.proof?.result === 'pass' || (isUndo && found.proof?.result !== 'fail')) return null;
  return unstaged(found, { id, to: release, staging: stagedOn });
}

interface Place {
  readonly target: Pick<DeployTarget, 'list'>;
  readonly release: string;
}

/** Each by the list of its own target: two that run beside one another may be of two. */
async function wayBetween(wanted: Place, now: Place): Promise<'back' | 'forward' | 'untold'> {
  if (wanted.release === now.release) return 'back';
  const of = async ({ target, release }: Place): Promise<Release | undefined> => {
    const among = (releases: readonly Release[]): Release | undefined => releases.find((one) => one.ref === release);
    return among((await lookBack(target, (found) => among(found) !== undefined)).releases);
  };
  const [one, other] = await Promise.all([of(wanted), of(now)]);
  if (one === undefined || other === undefined) return 'untold';
  return isOlder(one, other) ? 'back' : 'forward';
}

const before = async (releases: ReleaseHistory | null, id: string, live: string): Promise<string | null> =>
  releases === null ? null : ranBefore(await releases.spans(id), live);

interface Way {
  readonly target: Pick<DeployTarget, 'list'>;
  readonly to: string;
  readonly live: string;
}

/** Back: to what is there, or to an older release. */
async function wayTo({ target, to, live }: Way): Promise<'back' | 'forward' | 'untold'> {
  if (to === live) return 'back';
  const of = (releases: readonly Release[], ref: string): Release | undefined => releases.find((one) => one.ref === ref);
  const { releases } = await lookBack(target, (found) => of(found, to) !== undefined && of(found, live) !== undefined);
  const [wanted, now] = [of(releases, to), of(releases, live)];
  if (wanted === undefined || now === undefined) return 'untold';
  return isOlder(wanted, now) ? 'back' : 'forward';
}

interface Staging {
  readonly to: string;
  readonly staging: string;
}

interface Seen {
  readonly targets: Targets;
  readonly releases: ReleaseHistory | null;
}

interface Staged {
  readonly proof: SmokeProof | null;
  /** It is live on staging now. */
  readonly isLive: boolean;
}

/** The last word about it there; of what is live there now, about this deploy of it. Where staging cannot be asked, what was seen last counts. */
async function staged({ targets, releases }: Seen, { to, staging }: Staging): Promise<Staged> {
  if (releases === null) return { proof: null, isLive: false };
  const [proofs, spans, live] = await Promise.all([releases.proofs(staging), releases.spans(staging), stateOf(targets[staging])]);
  return live?.release === to ? { proof: liveProof(proofs, spans, live), isLive: true } : { proof: lastProof(proofs, to), isLive: false };
}

async function stateOf(target: DeployTarget | undefined): Promise<TargetState | null> {
  try {
    return (await target?.current()) ?? null;
  } catch (error) {
    if (!BelayError.is(error, 'BELAY_TARGET_UNREACHABLE')) throw error;
    return null;
  }
}

function unstaged({ proof, isLive }: Staged, { id, to, staging }: Staging & { readonly id: string }): string {
  const shown = `(belay releases ${staging} shows it)`;
  const said =
    proof === null ? '' : `on ${staging} its smoke test ${proof.result === 'fail' ? 'failed' : 'could not be told'} (${proof.why})`;
  const again = `while it is live there it is tested again every ${AGAIN_MS / 60_000} minutes`;
  const why = ((): string => {
    if (proof === null && isLive)
      return `it is live on ${staging}, and its smoke test there has not passed yet; wait until it has ${shown}`;
    if (proof === null)
      return `nobody has seen it pass on ${staging}; put it live on ${staging} and let its smoke test pass first ${shown}`;
    if (isLive) return `${said}; ${again}: mend what keeps it from passing, or stage another release ${shown}`;
    return `${said}; put it live on ${staging} once more and let its smoke test pass first: ${again} ${shown}`;
  })();
  return `release ${to} may not go live on ${id}: ${why}. A rollback to an earlier release is free`;
}

export type SmokeWorld = Pick<World, 'system' | 'targets' | 'releases' | 'probes' | 'expression' | 'readings' | 'time'>;

/** How long a deploy may take to be everywhere before the test is run all the same. */
const SETTLE_MS = 600_000;
/** What did not pass is tested again while it is live: a flake, or a test that could not be run, is no last word. */
const AGAIN_MS = 300_000;
/** A test that cannot be run is tried again so often before people hear of it. */
const TRIES = 3;

/**
 * One look at the deploys of each target with a policy; repeating it is harmless, because what was said of a deploy is kept. Each is its own,
 * so that a suite that takes its time keeps no other target waiting.
 */
export function createDeployWatches(world: SmokeWorld): readonly (() => Promise<void>)[] {
  return (world.system.policy?.deploys ?? []).map((policy) => {
    const tried = new Map<string, number>();
    return async () => {
      try {
        await lookAfter(world, policy, tried);
      } catch (error) {
        // A target that cannot be reached now is looked at the next time.
        if (!BelayError.is(error, 'BELAY_TARGET_UNREACHABLE')) throw error;
      }
    };
  });
}

async function lookAfter(world: SmokeWorld, policy: DeployPolicy, tried: Map<string, number>): Promise<void> {
  const { target: id } = policy;
  const target = world.targets[id];
  if (target === undefined) return;
  const state = await target.current();
  if (state.release === '') return;
  await noteLook(world, id, state);
  const spans = await world.releases.spans(id);
  const { release } = state;
  if (spans.at(-1)?.release !== release) return;
  const since = deployedAt(spans, state);
  const known = liveProof(await world.releases.proofs(id), spans, state);
  const now = world.time.now();
  if (known === null ? !isEverywhere(state) && isWithin(SETTLE_MS, since, now) : !isDueAgain(policy, known, now)) return;
  const was = ranBefore(spans, release) ?? release;
  const isPast = known === null && (await cameInPast(world, policy, { target, to: release, live: was }));
  const proof = await proofOf(world, policy, { release, since: known?.since ?? since });
  // It changed in the meantime: whatever was tested, nobody can say that it was this.
  const after = await target.current();
  if (after.fingerprint !== state.fingerprint || after.changedAt !== state.changedAt) return;
  if (known === null) return tellFirst(world, policy, { proof, isPast, tried });
  // People know already. What could not be told this time takes no failure back.
  await world.releases.prove(id, known.result === 'fail' && proof.result === 'inconclusive' ? { ...known, at: proof.at } : proof);
}

const isDueAgain = ({ smoke }: DeployPolicy, { result, at }: SmokeProof, now: Instant): boolean =>
  smoke !== undefined && result !== 'pass' && !isWithin(AGAIN_MS, at, now);

interface FirstWord {
  readonly proof: SmokeProof;
  readonly isPast: boolean;
  readonly tried: Map<string, number>;
}

async function tellFirst(world: SmokeWorld, policy: DeployPolicy, { proof, isPast, tried }: FirstWord): Promise<void> {
  const { target: id } = policy;
  const key = `${proof.release}/${proof.since}`;
  const tries = (tried.get(key) ?? 0) + 1;
  tried.set(key, tries);
  if (policy.smoke !== undefined && proof.result === 'inconclusive' && tries < TRIES) return;
  const { lang } = world.system;
  const about = { target: id, release: proof.release };
  const said = [
    ...(isPast ? [unstagedReport(lang, { ...about, staging: policy.stagedOn ?? '' })] : []),
    ...(policy.smoke === undefined || proof.result === 'pass' ? [] : [smokeReport(lang, { ...about, proof })]),
  ];
  // Told before it is kept: after a kill in between it is tested and told again, and an incident that is open already takes it in.
  if (said.length > 0) await world.readings.report({ trigger: deployTrigger(id), scope: '', by: 'belay', roles: [], text: said.join(' ') });
  await world.releases.prove(id, proof);
  tried.delete(key);
}

/** After the clock was set back the history goes on by the smallest step until it has caught up: what is deployed meanwhile is seen. */
async function noteLook({ releases, time }: SmokeWorld, id: string, { release, changedAt }: TargetState): Promise<void> {
  const seenAt = (await releases.spans(id)).at(-1)?.seenAt ?? 0;
  const now = time.now();
  await releases.note(id, release, { at: seenAt > now ? seenAt + 1 : now, changedAt });
}

/** What lies in the future, by a clock that was set back, is over. */
const isWithin = (ms: number, from: Instant, now: Instant): boolean => now >= from && now - from < ms;

const isEverywhere = ({ release, units, inFlight }: TargetState): boolean =>
  inFlight === undefined && units.every((unit) => unit.ready && unit.release === release);

/** Somebody put it there without Belay, and it had not passed on staging. What cannot be told is a step forward. The first release that is ever seen was there before the policy. */
async function cameInPast(
  world: SmokeWorld,
  { stagedOn }: DeployPolicy,
  { target, to, live }: { readonly target: DeployTarget; readonly to: string; readonly live: string },
): Promise<boolean> {
  if (stagedOn === undefined || (await wayTo({ target, to, live })) === 'back') return false;
  return (await staged(world, { to, staging: stagedOn })).proof?.result !== 'pass';
}

const LONGEST_WHY = 300;

async function proofOf(world: SmokeWorld, { smoke }: DeployPolicy, deploy: Pick<SmokeProof, 'release' | 'since'>): Promise<SmokeProof> {
  if (smoke === undefined) return { ...deploy, at: world.time.now(), result: 'inconclusive', why: 'no smoke test is declared' };
  const args = smoke.probe === 'smoke' ? { suite: smoke.of } : { synthetic: smoke.of };
  const { result, reason, values } = await runCheck(world, { probe: smoke.probe, with: args, expect: 'ok' }, () => undefined);
  const why = result === 'fail' ? failureIn(values) : reason;
  return { ...deploy, at: world.time.now(), result, why: result === 'pass' ? '' : why.slice(0, LONGEST_WHY) };
}

/** Of a suite how many failed; of a synthetic customer where it stopped. */
function failureIn({ failed, passed, exit, failedAt }: JsonObject): string {
  return typeof failedAt === 'string'
    ? `stopped at "${failedAt}"`
    : `exit ${String(exit)}, ${String(failed)} failed, ${String(passed)} passed`;
}
