// What a lane of a fan-out is given, and what it leaves behind of each organization: plain values, so that they survive any kill.
import type { PartCounts, PartFailure } from '../../domain/fan-out.ts';
import { NO_PARTS } from '../../domain/fan-out.ts';
import type { Json, JsonObject } from '../../domain/json.ts';
import type { Facts } from '../facts.ts';
import type { Completed } from '../run.ts';

/** The flow of one lane: some organizations of a batch, one after the other. */
export const EACH_LANE = 'each-lane';

export interface LaneInput {
  readonly incident: string;
  /** The run that waits for the lane, and where. */
  readonly run: string;
  readonly topic: string;
  readonly lane: string;
  readonly step: string;
  readonly irHash: string;
  readonly work:
    | { readonly kind: 'out'; readonly orgs: readonly string[]; readonly facts: Facts }
    /** `record`: a document of an earlier lane, whose acts are taken back in reverse. */
    | { readonly kind: 'back'; readonly record: string };
}

export interface Part {
  readonly org: string;
  readonly status: 'done' | 'noop' | 'failed' | 'left';
  readonly reason: string;
  /** What was changed, in order: what taking back needs. */
  readonly completed: readonly Completed[];
}

export interface LaneRecord {
  readonly parts: readonly Part[];
}

export const asJson = (value: object): Json => value as unknown as JsonObject;

export function countsOf(parts: readonly Part[]): PartCounts {
  return parts.reduce<PartCounts>((sum, { status }) => ({ ...sum, [status]: sum[status] + 1 }), NO_PARTS);
}

export const failuresOf = (parts: readonly Part[]): readonly PartFailure[] =>
  parts.filter(({ status }) => status === 'failed').map(({ org, reason }) => ({ org, reason }));

export const namesOf = (parts: readonly Part[], status: Part['status']): readonly string[] =>
  parts.filter((part) => part.status === status).map(({ org }) => org);
