// What a lane of a fan-out is given, and what it leaves behind of each organization: plain values, so that they survive any kill.
import type { PartFailure } from '../../domain/fan-out.ts';
import type { Json, JsonObject } from '../../domain/json.ts';
import type { Facts } from '../facts.ts';
import type { Completed, TakenLock } from '../run.ts';
import type { World } from '../world.ts';

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
  /** What is held around the fan-out by the run that began the lane. */
  readonly around?: readonly TakenLock[];
  readonly work:
    | { readonly kind: 'out'; readonly orgs: readonly string[]; readonly facts: Facts }
    /** `records`: documents of earlier lanes, the newest first, whose acts are taken back in reverse. `unwind`: which taking back this is. */
    | { readonly kind: 'back'; readonly records: readonly string[]; readonly unwind: string };
}

export interface Part {
  readonly org: string;
  readonly status: 'done' | 'noop' | 'failed' | 'left';
  readonly reason: string;
  /** What was changed, in order: what taking back needs. */
  readonly completed: readonly Completed[];
  /** What it held alone meanwhile; taking back holds the same. */
  readonly lock?: string;
}

export interface LaneRecord {
  readonly parts: readonly Part[];
}

/**
 * What is taken back in one lane: records that share an organization belong together, for two lanes must never undo for the same one. Both the
 * records given and those of a lane have the newest first.
 */
export function lanesBack(
  records: readonly { readonly document: string; readonly orgs: readonly string[] }[],
): readonly (readonly string[])[] {
  let lanes: readonly { readonly documents: readonly string[]; readonly orgs: ReadonlySet<string> }[] = [];
  for (const { document, orgs } of records.filter((one) => one.orgs.length > 0)) {
    const same = lanes.filter((lane) => orgs.some((org) => lane.orgs.has(org)));
    const joined = {
      documents: [...same.flatMap((lane) => lane.documents), document],
      orgs: new Set([...same.flatMap((lane) => [...lane.orgs]), ...orgs]),
    };
    lanes = [...lanes.filter((lane) => !same.includes(lane)), joined];
  }
  const order = new Map(records.map(({ document }, index) => [document, index]));
  return lanes.map(({ documents }) => documents.toSorted((a, b) => (order.get(a) ?? 0) - (order.get(b) ?? 0)));
}

/** One part an organization, from records with the newest first: a step that was done again is taken back once, as a run does with its own. */
export function joinedParts(records: readonly LaneRecord[]): readonly Part[] {
  const parts = new Map<string, Part>();
  for (const record of records)
    for (const part of record.parts.toReversed()) {
      if (part.completed.length === 0) continue;
      const newer = parts.get(part.org)?.completed ?? [];
      const older = part.completed.filter((one) => !newer.some(({ step }) => step === one.step));
      parts.set(part.org, { ...part, completed: [...older, ...newer] });
    }
  return [...parts.values()];
}

export const asJson = (value: object): Json => value as unknown as JsonObject;

export const failuresOf = (parts: readonly Part[]): readonly PartFailure[] =>
  parts.filter(({ status }) => status === 'failed').map(({ org, reason }) => ({ org, reason }));

export const namesOf = (parts: readonly Part[], status: Part['status']): readonly string[] =>
  parts.filter((part) => part.status === status).map(({ org }) => org);

/** Whoever holds what an organization's part holds alone. */
export const holderOf = ({ input }: { readonly input: Pick<LaneInput, 'run' | 'step'> }, org: string): string =>
  `${input.run}/${input.step}/${org}`;

export async function partsOf(
  { world }: { readonly world: Pick<World, 'documents'> },
  records: readonly string[],
): Promise<readonly Part[]> {
  const found: LaneRecord[] = [];
  for (const document of records) found.push((await world.documents.get(document)) as unknown as LaneRecord);
  return joinedParts(found);
}
