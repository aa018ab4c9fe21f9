// What a service is made of, kept in a file and made anew from it. Values of variables never pass through here: only digests of them do, and
// whoever keeps them also puts them back.
import type { Instant, JsonObject } from '../domain/json.ts';

export interface ServiceForm {
  /** Of exactly this one: another one of the same name has another id. */
  readonly id: string;
  /** Keyed digest of all of it that people and steps change on purpose: the same mark, the same service word for word. */
  readonly mark: string;
  /** Start command, healthcheck, region, limits and what else the platform has of it, by the platform's names; what is not set is left out. */
  readonly settings: JsonObject;
  /** What it is built from; null: nothing. */
  readonly source: { readonly repo: string; readonly branch: string | null } | null;
  /** Names that people gave it; those that the platform gives are not among them. */
  readonly customDomains: readonly string[];
  /** Names that the platform gave it. */
  readonly ownDomains: readonly string[];
  /** Ways in besides HTTP: the port inside, and the address outside that the platform gave. */
  readonly tcpProxies: readonly { readonly port: number; readonly at: string }[];
  /** What is live, or was when it was kept; null: nobody can tell. */
  readonly commit: string | null;
  /** Pushes do not go live by themselves; null: nobody can tell. */
  readonly frozen: boolean | null;
  /** Keyed digest of each variable as it is written: a reference is that of its text. What the platform itself injects is left out. */
  readonly digests: Readonly<Record<string, string>>;
}

export interface LiveForm extends ServiceForm {
  /** Its newest deployment, those that were cancelled or left out aside. */
  readonly deploy: 'none' | 'coming' | 'live' | 'failed';
  readonly newest: Deployed | null;
  /** What has begun and not ended. */
  readonly coming: readonly Deployed[];
}

export interface Deployed {
  readonly id: string;
  readonly commit: string | null;
}

/** What a service that is made anew shall run, and how. */
export interface Connecting {
  readonly commit: string;
  readonly frozen: boolean;
}

export interface KeptForm extends ServiceForm {
  readonly keptAt: Instant;
}

/** Each looks right before it acts and touches only the service of this id. @throws BelayError with its effect */
export interface ServiceRebuild {
  /** What a person types to have it deleted. */
  readonly name: string;
  /** Where it is kept, for people. */
  readonly path: string;
  /** Null: there is none of that name. @throws BELAY_TARGET_UNREACHABLE (effect none) */
  look(): Promise<LiveForm | null>;
  /** Null: nothing is kept. @throws BELAY_TARGET_UNREACHABLE (effect none) when it cannot be opened */
  kept(): Promise<KeptForm | null>;
  /** Why it can be neither kept nor deleted, or null. */
  impossible(): Promise<string | null>;
  /** What runs now, read once more, into the file. What was kept before is not lost. */
  keep(id: string): Promise<void>;
  remove(id: string): Promise<void>;
  /** Without anything to build: nothing runs yet. Nothing when there is one of that name. */
  create(set: Readonly<Record<string, string>>): Promise<void>;
  /** Exactly those that are kept. */
  restoreVariables(id: string): Promise<void>;
  restoreSettings(id: string): Promise<void>;
  /**
   * To what it is built from, as kept; the deployment of this commit begins, and that of no other goes on. What a life before has done of it is
   * not done again. @throws BelayError with effect unknown once any of it was done
   */
  connect(id: string, o: Connecting): Promise<void>;
}
