// `collect`: a read-only snapshot for the record. What could not be read is recorded as such; it never stops the run.
import type { EventDraft } from '../../domain/event.ts';
import type { CollectStep } from '../../domain/ir.ts';
import type { Json, JsonObject } from '../../domain/json.ts';
import { recordable } from '../checks.ts';
import { lookupIn } from '../facts.ts';
import { resolveRefs } from '../refs.ts';
import type { Next, Visit } from '../run.ts';
import { BELAY, factsOf, finish, NEXT, partName } from '../run.ts';

const DEFAULT_TIMEOUT_MS = 60_000;

interface Snapshot {
  readonly evidence: string;
  readonly value: JsonObject;
}

export async function runCollect(visit: Visit<CollectStep>): Promise<Next> {
  const { run, step } = visit;
  const snapshots = (await run.context.step(
    partName(visit, 'collect'),
    async () => (await Promise.all(step.from.map((from) => inTime(visit, from)))) as unknown as Json,
  )) as unknown as Snapshot[];
  const missing = snapshots.filter((one) => one.value['known'] === false && one.value['absent'] !== true).length;
  const absent = snapshots.filter((one) => one.value['absent'] === true).length;
  await finish(
    visit,
    'done',
    { collected: snapshots.length - missing - absent, missing, ...(absent === 0 ? {} : { notConfigured: absent }) },
    (_incident, at) =>
      snapshots.flatMap(({ evidence, value }): EventDraft[] =>
        value['known'] === false
          ? []
          : [{ type: 'evidence.captured', data: { evidence, step: step.id, sha256: run.world.digest.of(value), value }, at, actor: BELAY }],
      ),
  );
  return NEXT;
}

/** A probe that never answers is a snapshot that is missing, not a run that stands still. */
async function inTime(visit: Visit<CollectStep>, from: CollectStep['from'][number]): Promise<Snapshot> {
  const { run, step } = visit;
  const answered = new AbortController();
  const why = { known: false, why: `it did not answer within ${step.timeoutMs ?? DEFAULT_TIMEOUT_MS} ms` };
  const late = run.world.time
    .sleep(step.timeoutMs ?? DEFAULT_TIMEOUT_MS, answered.signal)
    .then((): Snapshot => ({ evidence: evidenceOf(step, from), value: why }));
  try {
    return await Promise.race([snapshot(visit, from), late]);
  } finally {
    answered.abort();
  }
}

const evidenceOf = (step: CollectStep, from: CollectStep['from'][number]): string => from.evidence ?? `${step.id}-${from.probe}`;

async function snapshot(visit: Visit<CollectStep>, from: CollectStep['from'][number]): Promise<Snapshot> {
  const { run } = visit;
  const evidence = evidenceOf(visit.step, from);
  const args = resolveRefs(from.with, lookupIn(run.world.system, factsOf(run), null));
  const probe = run.world.probes[from.probe];
  if (probe === undefined || args.missing.length > 0) return { evidence, value: { known: false, why: `no probe ${from.probe}` } };
  const measured = await probe.measure(args.value);
  if (!measured.known)
    return { evidence, value: { known: false, why: measured.why, ...(measured.absent === undefined ? {} : { absent: measured.absent }) } };
  const { values, seen } = measured;
  return { evidence, value: { known: true, values: recordable(values, from.probe), ...(seen === undefined ? {} : { seen }) } };
}
