// The incidents: an append-only log each, and the projection, timers and deliveries written in the same transaction.
import type { Event, EventDraft } from '../domain/event.ts';
import type { Incident, IncidentId } from '../domain/incident.ts';
import type { Instant, Json, JsonObject } from '../domain/json.ts';
import type { DeliveryDraft } from '../domain/message.ts';

export interface TimerDraft {
  /** Unique within the incident; setting it again moves it. */
  readonly id: string;
  readonly at: Instant;
  readonly kind: 'clock-warn' | 'clock-breach' | 'promise' | 'contingency' | 'role-missing' | 'within';
  readonly data: JsonObject;
}
export interface Timer extends TimerDraft {
  readonly incident: IncidentId;
}

/** What one transaction adds to an incident. Idempotent by `key`: a second append of the same key changes nothing. */
export interface Change {
  /** Unique within the incident; of a `declare`, unique under its fingerprint (name the run or the episode in it). */
  readonly key: string;
  readonly events: readonly EventDraft[];
  /** Set after `clearTimers` are cleared. */
  readonly setTimers?: readonly TimerDraft[];
  readonly clearTimers?: readonly string[];
  /** A delivery whose id is known already is left as it is. */
  readonly deliveries?: readonly DeliveryDraft[];
}

/** All that is named must fit. */
export interface IncidentFilter {
  /** `isOpen`. */
  readonly open?: boolean;
  readonly trigger?: string;
  /** `all`: those of all organizations; an organization: those, and the ones that name it. */
  readonly org?: string;
  readonly run?: string;
  /** A step of it was done at this instant or later (`lastDoneAt`). */
  readonly doneSince?: Instant;
  /** Its run holds this lock. */
  readonly lock?: string;
  readonly limit?: number;
}

/**
 * Every method may throw BELAY_STORE_UNAVAILABLE; its `effect` is `none`, or `unknown` when a commit was sent and could not be read back.
 * A write is durable when it resolves.
 */
export interface IncidentStore {
  /**
   * Opens an incident under `fingerprint`, which is unique while an incident is open (`isOpen`): if one is, that one is returned
   * with `created` false and nothing is written. Numbers come from a sequence (gaps are possible); `build` gets the number and may
   * be called more than once. A replay after a crash also answers `created` false: callers know their own by `incident.run`.
   * An incident that opens again takes its fingerprint back unless another has it by then.
   */
  declare(fingerprint: string, build: (number: number) => Change): Promise<{ readonly incident: Incident; readonly created: boolean }>;
  /**
   * Appends and folds in one transaction; returns the incident after it.
   * @throws BELAY_NOT_FOUND; BELAY_LOCK_HELD (effect none) when the change would take a lock that the run of another incident holds.
   */
  append(id: IncidentId, change: Change): Promise<Incident>;
  /**
   * As `append`, but `build` sees the incident under its lock: for decisions that must not race. Null appends nothing.
   * `build` is not called when `key` is known, and may be called more than once; what it throws is thrown, and nothing is written.
   */
  update(id: IncidentId, key: string, build: (incident: Incident) => Omit<Change, 'key'> | null): Promise<Incident>;
  load(id: IncidentId): Promise<Incident | null>;
  byNumber(number: number): Promise<Incident | null>;
  /** Newest first; all of them without a limit. What it costs follows what it returns, not how many incidents there are. */
  list(filter?: IncidentFilter): Promise<readonly Incident[]>;
  /** Oldest first; none for an unknown incident. */
  events(id: IncidentId, afterSeq?: number): Promise<readonly Event[]>;
  /** Timers due at `now`, oldest first; they stay until a change clears them. */
  dueTimers(now: Instant): Promise<readonly Timer[]>;
  /** The next timers of an incident, for screens. */
  timers(id: IncidentId): Promise<readonly Timer[]>;
  /** Calls back soon after any commit of any process, at least once; returns the unsubscribe function. */
  subscribe(listener: (id: IncidentId) => void): () => void;
}

/** Content-addressed values: IR, plans. */
export interface DocumentStore {
  /** The hash is `Digest.of(value)`. */
  put(value: Json): Promise<string>;
  /** @throws BELAY_NOT_FOUND */
  get(hash: string): Promise<Json>;
}
