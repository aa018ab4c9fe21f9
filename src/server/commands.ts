// The verbs that the doors may ask for. flows/commands.ts keeps this contract; the server knows no other way to change anything.
import type { Incident } from '../domain/incident.ts';
import type { Instant, JsonObject } from '../domain/json.ts';
import type { Plan } from '../domain/plan.ts';
import type { ScopeFreeze } from '../domain/scope-freeze.ts';
import type { ShadowMark, ShadowVerdict } from '../domain/shadow.ts';
import type { Silence } from '../domain/silence.ts';
import type { Lang } from '../domain/system.ts';
import type { ReleaseChoice } from '../flows/release-choice.ts';
import type { PauseState } from '../ports/pause.ts';
import type { Reported } from '../ports/readings.ts';

export interface Caller {
  readonly person: string;
  readonly roles: readonly string[];
}

export interface ApproveRequest {
  readonly incident: string;
  readonly approval: string;
  readonly planHash: string;
  readonly decision: 'grant' | 'deny';
  readonly reason?: string | undefined;
  readonly key: string;
}

export interface AnswerRequest {
  readonly incident: string;
  readonly step: string;
  readonly ticks?: readonly string[] | undefined;
  readonly note?: string | undefined;
  readonly answers?: JsonObject | undefined;
  readonly choice?: string | undefined;
  readonly refuse?: string | undefined;
  readonly key: string;
}

export interface SilenceAsked {
  readonly trigger: string | null;
  readonly org: string | null;
  readonly from?: Instant | undefined;
  readonly until: Instant;
  readonly reason: string;
  readonly key: string;
}

export interface RunAsked {
  readonly runbook: string;
  readonly inputs: JsonObject;
  readonly planHash?: string | undefined;
  readonly until?: string | undefined;
  readonly skip?: readonly { readonly step: string; readonly reason: string }[] | undefined;
  /** Guards that the caller overrides. */
  readonly override?: readonly { readonly guard: string; readonly reason: string }[] | undefined;
  readonly key: string;
}

export interface SteerAsked {
  readonly incident: string;
  readonly verb: 'continue' | 'skip' | 'abort' | 'takeOver';
  readonly step?: string | undefined;
  readonly reason?: string | undefined;
  readonly key: string;
}

export interface Commands {
  /** @throws BELAY_PLAN_CHANGED, BELAY_NOT_FOUND, BELAY_FORBIDDEN */
  approve(caller: Caller, o: ApproveRequest): Promise<Incident>;
  answer(caller: Caller, o: AnswerRequest): Promise<Incident>;
  note(
    caller: Caller,
    o: { readonly incident: string; readonly text: string; readonly lang: Lang; readonly key: string },
  ): Promise<Incident>;
  pause(caller: Caller, o: { readonly reason: string }): Promise<PauseState>;
  resume(caller: Caller): Promise<PauseState>;
  /** Stored when it resolves. @throws BELAY_INPUT_INVALID with every problem of the request */
  silence(caller: Caller, o: SilenceAsked): Promise<Silence>;
  /** @throws BELAY_NOT_FOUND */
  endSilence(caller: Caller, o: { readonly id: string }): Promise<Silence>;
  /** Nothing new is put live there. @throws BELAY_NOT_FOUND, BELAY_GUARD_REFUSED when it is frozen already */
  freeze(caller: Caller, o: { readonly scope: string; readonly why: string }): Promise<ScopeFreeze>;
  /** @throws BELAY_NOT_FOUND when it is not frozen */
  thaw(caller: Caller, o: { readonly scope: string; readonly why: string }): Promise<ScopeFreeze>;
  /** Stored when it resolves. @throws BELAY_NOT_FOUND, BELAY_INPUT_INVALID */
  markShadow(
    caller: Caller,
    o: { readonly episode: string; readonly verdict: ShadowVerdict; readonly why: string; readonly key: string },
  ): Promise<ShadowMark>;
  plan(o: { readonly runbook: string; readonly inputs: JsonObject; readonly skip?: readonly string[] | undefined }): Promise<Plan>;
  /** @throws BELAY_NOT_FOUND, BELAY_TARGET_UNREACHABLE */
  releaseChoices(o: { readonly runbook: string; readonly inputs: JsonObject }): Promise<readonly ReleaseChoice[]>;
  startRun(caller: Caller, o: RunAsked): Promise<Incident>;
  /** @throws BELAY_LOCK_HELD where somebody else drives the run, BELAY_PLAN_CHANGED, BELAY_GUARD_REFUSED while it may be changing something */
  steer(caller: Caller, o: SteerAsked): Promise<Incident>;
  /** @throws BELAY_NOT_FOUND, BELAY_FORBIDDEN */
  report(caller: Caller, o: { readonly trigger: string; readonly scope: string; readonly text: string }): Promise<Reported>;
  close(caller: Caller, o: { readonly incident: string; readonly key: string }): Promise<Incident>;
  /** A person's word that it is over. @throws BELAY_GUARD_REFUSED while its run may be changing something */
  resolve(caller: Caller, o: { readonly incident: string; readonly reason: string; readonly key: string }): Promise<Incident>;
  /** It was none. @throws BELAY_GUARD_REFUSED */
  cancel(caller: Caller, o: { readonly incident: string; readonly reason: string; readonly key: string }): Promise<Incident>;
  /** A measure was taken back by hand. @throws BELAY_GUARD_REFUSED */
  closeContingency(
    caller: Caller,
    o: { readonly incident: string; readonly step: string; readonly note: string; readonly key: string },
  ): Promise<Incident>;
  /** By hand, where no step could. @throws BELAY_INPUT_INVALID, BELAY_GUARD_REFUSED */
  keepEvidence(
    caller: Caller,
    o: { readonly incident: string; readonly evidence: string; readonly text: string; readonly key: string },
  ): Promise<Incident>;
  /** The evidence export of an incident, as the text of its file. */
  evidence(incident: string): Promise<string>;
}
