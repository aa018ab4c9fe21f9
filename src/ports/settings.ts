// What a running service reads besides its code: settings (several keys at once) and feature flags (one value, perhaps another one for an
// organization). Read and set by compare-and-set on a fingerprint of exactly what is asked for.
import type { CompareAndSet, PlanNote } from '../domain/plan.ts';
import type { SettingValue } from '../domain/setting.ts';

export interface SettingOrder {
  readonly expected: string;
  readonly key: string;
  readonly reason: string;
}

export interface SettingsView {
  /** Null: not there. */
  readonly values: Readonly<Record<string, SettingValue | null>>;
  /** Of these keys only: others may change beside them. Shows nothing of the values. */
  readonly fingerprint: string;
  /** Written, but not loaded by the service yet: why. The fingerprint is then still that of what the service uses. */
  readonly pending?: string;
}

export interface SettingStore {
  readonly compareAndSet: CompareAndSet;
  /** What people should know before they say yes. */
  readonly notes: readonly PlanNote[];
  /** How it would hold a value: files of texts hold `10` as "10". @throws BELAY_INPUT_INVALID for what it cannot hold */
  held(key: string, value: SettingValue): SettingValue;
  /** All that are there. @throws BELAY_TARGET_UNREACHABLE */
  keys(): Promise<readonly string[]>;
  /** Never shown, only whether it is there. */
  isSecret(key: string): boolean;
  /** Tells two secrets apart without showing them. */
  mark(value: SettingValue): string;
  /** @throws BELAY_TARGET_UNREACHABLE */
  get(keys: readonly string[]): Promise<SettingsView>;
  /**
   * All of them or none; null removes. Keys that are not named stay as they are.
   * @throws BELAY_TARGET_CONFLICT (effect none) when these keys are not as `expected`.
   */
  set(changes: Readonly<Record<string, SettingValue | null>>, order: SettingOrder): Promise<void>;
}

export interface FlagView {
  /** Null: the store does not know the flag. */
  readonly value: SettingValue | null;
  readonly fingerprint: string;
  readonly pending?: string;
}

export interface Flag {
  readonly compareAndSet: CompareAndSet;
  readonly notes: readonly PlanNote[];
  /** An organization may have a value of its own. */
  readonly knowsOrgs: boolean;
  /** What the application does when it cannot read the flag, as belay.yaml says it. */
  readonly onUnreachable: 'on' | 'off' | null;
  /** `to` in the words of this flag, given what is there. @throws BELAY_INPUT_INVALID for what it cannot be */
  meant(to: SettingValue, current: SettingValue | null): Promise<SettingValue>;
  /** @throws BELAY_TARGET_UNREACHABLE */
  get(org: string | null): Promise<FlagView>;
  /** @throws BELAY_TARGET_CONFLICT (effect none) when not as `expected`. */
  set(value: SettingValue, o: SettingOrder & { readonly org: string | null }): Promise<void>;
  /** What an application gets that asks for this organization, asked the way it asks. @throws BELAY_TARGET_UNREACHABLE */
  evaluate(org: string | null): Promise<SettingValue | null>;
}

export interface FlagQuestion {
  /** Of the server; what the protocol adds to it is not written. */
  readonly url: string;
  readonly flag: string;
  readonly org: string | null;
  readonly token?: string;
}

/** Whoever evaluates flags for applications. */
export interface FlagService {
  /** Null: it does not know the flag. @throws BELAY_TARGET_UNREACHABLE */
  evaluate(question: FlagQuestion): Promise<SettingValue | null>;
}
