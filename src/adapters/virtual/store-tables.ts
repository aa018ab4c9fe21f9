// The tables of the virtual store on the disk of a world, and the one transaction that writes them: shared by the virtual parts of its ports.
// Every function here is synchronous, so no kill and no other process can fall between its lines.

import { BelayError } from '../../domain/errors.ts';
import type { Event } from '../../domain/event.ts';
import { EMPTY_LOG, sealEvents } from '../../domain/event-seal.ts';
import type { Incident } from '../../domain/incident.ts';
import { foldIncident, isOpen } from '../../domain/incident-fold.ts';
import type { Instant, Json } from '../../domain/json.ts';
import type { Delivery, DeliveryDraft } from '../../domain/message.ts';
import type { Digest } from '../../ports/digest.ts';
import type { Change, TimerDraft } from '../../ports/incident-store.ts';
import type { HeldLock } from '../../ports/part-locks.ts';
import type { Time } from '../../ports/time.ts';

/** A bag that outlives a simulated kill: `DurableDisk`, or anything of either shape. */
export type VirtualDisk = { part<T>(name: string, create: () => T): T } | { get<T>(name: string, create: () => T): T };
export interface VirtualKill {
  at(point: string): Promise<void> | void;
  /** Hangs when the life is over. */
  gate?(): Promise<void>;
}
export interface VirtualStoreDeps {
  readonly disk: VirtualDisk;
  readonly digest: Digest;
  readonly time: Time;
  readonly kill?: VirtualKill;
}

export interface IncidentRow {
  fingerprint: string;
  holdsFingerprint: boolean;
  declareKey: string;
  incident: Incident;
  readonly events: Event[];
  readonly keys: Set<string>;
  readonly timers: Map<string, TimerDraft>;
}
export interface DeliveryRow {
  delivery: Delivery;
  readonly order: number;
  claimedBy: string | null;
  attemptedAt: Instant | null;
}
export interface StoreTables {
  nextNumber: number;
  nextToken: number;
  readonly incidents: Map<string, IncidentRow>;
  readonly deliveries: Map<string, DeliveryRow>;
  readonly documents: Map<string, string>;
  nextProcess: number;
}

export function partOf<T>(disk: VirtualDisk, name: string, create: () => T): T {
  return 'part' in disk ? disk.part(name, create) : disk.get(name, create);
}

export function tablesOf(disk: VirtualDisk): StoreTables {
  return partOf(disk, 'store', () => ({
    nextNumber: 1,
    nextToken: 0,
    incidents: new Map(),
    deliveries: new Map(),
    documents: new Map(),
    nextProcess: 1,
  }));
}

/** lock → the part of a fan-out, or the call, that holds it. */
export function partLocksOn(disk: VirtualDisk): Map<string, HeldLock> {
  return partOf(disk, 'part-locks', () => new Map());
}

/** lock → incident → the token of its last taking. */
export function lockUsesOn(disk: VirtualDisk): Map<string, Map<string, number>> {
  return partOf(disk, 'lock-uses', () => new Map());
}

/** @returns the token of this taking */
export function useLock(disk: VirtualDisk, lock: string, incident: string): number {
  const tables = tablesOf(disk);
  tables.nextToken += 1;
  const uses = lockUsesOn(disk);
  uses.set(lock, (uses.get(lock) ?? new Map<string, number>()).set(incident, tables.nextToken));
  return tables.nextToken;
}

/** Values go in and come out as JSON, as through a database. */
export const copy = <T>(value: T): T => (value === undefined ? value : (JSON.parse(JSON.stringify(value)) as T));

export function rowOf(tables: StoreTables, id: string): IncidentRow {
  const row = tables.incidents.get(id);
  if (row === undefined)
    throw new BelayError('BELAY_NOT_FOUND', `there is no incident ${id}`, { hint: 'Run `belay status` to list incidents.' });
  return row;
}

export function insertIncident(
  deps: VirtualStoreDeps,
  o: { readonly id: string; readonly fingerprint: string; readonly change: Change },
): IncidentRow {
  const events = seal(deps, o.id, null, o.change);
  const incident = fold(null, events);
  const row: IncidentRow = {
    fingerprint: o.fingerprint,
    holdsFingerprint: true,
    declareKey: o.change.key,
    incident,
    events: [...events],
    keys: new Set(),
    timers: new Map(),
  };
  const tables = tablesOf(deps.disk);
  tables.incidents.set(o.id, row);
  finish(deps, row, o.change);
  return row;
}

/** Seals, folds and writes a change; nothing is written when the fold refuses it. */
export function applyChange(deps: VirtualStoreDeps, row: IncidentRow, change: Change): void {
  const events = seal(deps, row.incident.id, row.incident, change);
  const after = fold(row.incident, events);
  const isTaken =
    after.lock != null && [...tablesOf(deps.disk).incidents.values()].some((one) => one !== row && one.incident.lock === after.lock);
  const part = after.lock == null || row.incident.lock === after.lock ? undefined : partLocksOn(deps.disk).get(after.lock);
  if (isTaken || (part !== undefined && part.incident !== after.id))
    throw new BelayError('BELAY_LOCK_HELD', `another run holds ${after.lock}`);
  if (after.lock != null && row.incident.lock !== after.lock) useLock(deps.disk, after.lock, after.id);
  row.incident = after;
  row.events.push(...events);
  finish(deps, row, change);
}

function finish(deps: VirtualStoreDeps, row: IncidentRow, change: Change): void {
  row.keys.add(change.key);
  const others = [...tablesOf(deps.disk).incidents.values()].filter((one) => one !== row && one.fingerprint === row.fingerprint);
  row.holdsFingerprint = isOpen(row.incident) && !others.some((one) => one.holdsFingerprint);
  for (const id of change.clearTimers ?? []) row.timers.delete(id);
  for (const timer of change.setTimers ?? []) row.timers.set(timer.id, copy(timer));
  for (const draft of change.deliveries ?? []) planDelivery(deps, row.incident.id, draft);
  announce(deps.disk, row.incident.id);
}

function planDelivery(deps: VirtualStoreDeps, incident: string, draft: DeliveryDraft): void {
  const { deliveries } = tablesOf(deps.disk);
  if (deliveries.has(draft.id)) return;
  const now = deps.time.now();
  const delivery: Delivery = { ...copy(draft), incident, state: 'planned', attempt: 0, plannedAt: now, dueAt: now, resent: false };
  deliveries.set(draft.id, { delivery, order: deliveries.size, claimedBy: null, attemptedAt: null });
}

function seal(deps: VirtualStoreDeps, incident: string, before: Incident | null, change: Change): readonly Event[] {
  return sealEvents(change.events, {
    incident,
    after: before ?? EMPTY_LOG,
    now: deps.time.now(),
    hashOf: (value: Json) => deps.digest.of(value),
  });
}

function fold(before: Incident | null, events: readonly Event[]): Incident {
  const after = events.reduce<Incident | null>(foldIncident, before);
  return copy(after) as Incident;
}

// Listeners belong to processes, not to the disk: they are kept beside it.
const LISTENERS = new WeakMap<VirtualDisk, Set<(id: string) => void>>();

export function listenersOf(disk: VirtualDisk): Set<(id: string) => void> {
  const known = LISTENERS.get(disk) ?? new Set();
  LISTENERS.set(disk, known);
  return known;
}

/** After the commit and outside it: a listener that throws breaks nothing but itself. */
function announce(disk: VirtualDisk, id: string): void {
  queueMicrotask(() => {
    for (const listener of [...listenersOf(disk)]) listener(id);
  });
}
