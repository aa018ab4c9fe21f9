// Owns the question "can this lane run here?": what is missing, what may be installed, what must be said. Shared by test, bootstrap, doctor.
import { buildKubernetes } from './build-kubernetes.ts';
import { buildN8n } from './build-n8n.ts';
import { folderOf, type HeavyPart, isBuilt, isHeavyAsked, notAsked, skipLineOf } from './heavy-parts.ts';
import type { Lane, Part } from './lanes.ts';
import { findPart, installPackages, unpackPackages, whyNoApt } from './parts.ts';

const BUILDERS: Readonly<Record<HeavyPart['name'], () => string | null>> = { n8n: buildN8n, Kubernetes: buildKubernetes };

export type Readiness =
  | { readonly lane: Lane; readonly on: true }
  | { readonly lane: Lane; readonly on: false; readonly wanted: readonly Part[]; readonly why: string };

export function readiness(lane: Lane, why: string): Readiness {
  if (isUnasked(lane)) return { lane, on: false, wanted: [], why: 'not asked for' };
  const wanted = lane.needs.filter((part) => findPart(part) === null);
  return wanted.length === 0 ? { lane, on: true } : { lane, on: false, wanted, why };
}

/** It costs so much that it waits until somebody wants it: no machine is expected to run it by itself. */
export const isUnasked = (lane: Lane): boolean => lane.onDemand !== undefined && !isHeavyAsked();

/** Installs what the lanes miss where apt may be used, telling on stderr, and answers what each can do afterwards. */
export function prepare(lanes: readonly Lane[]): readonly Readiness[] {
  unpackLiked(lanes);
  buildAsked(lanes);
  const missing = [...new Set(lanes.flatMap((lane) => lane.needs).filter((part) => findPart(part) === null))];
  if (missing.length === 0) return lanes.map((lane) => readiness(lane, ''));
  const refusal = whyNoApt();
  if (refusal !== null) return lanes.map((lane) => readiness(lane, `not installed, and ${refusal}`));
  const packages = missing.flatMap((part) => part.packages);
  process.stderr.write(`apt-get install ${packages.join(' ')}\n`);
  const failure = installPackages(packages);
  return lanes.map((lane) => readiness(lane, failure === null ? 'installed, and still not on PATH' : `apt-get could not: ${failure}`));
}

/** What cannot be had here is told on stderr; the tests that want it are skipped, and counted. */
function unpackLiked(lanes: readonly Lane[]): void {
  const missing = [...new Set(lanes.flatMap((lane) => lane.likes ?? []).filter((part) => findPart(part) === null))];
  if (missing.length === 0) return;
  const packages = [...new Set(missing.flatMap((part) => part.packages))];
  const refusal = whyNoApt();
  if (refusal === null) process.stderr.write(`apt-get download ${packages.join(' ')}\n`);
  const failure = refusal ?? unpackPackages(packages);
  if (failure !== null)
    process.stderr.write(`not here: ${missing.map((part) => part.name).join(', ')} (${failure}); their tests are skipped\n`);
}

/** It takes long, once a machine: each is told when it begins, and why when it cannot be had. Its tests are skipped then, and counted. */
function buildAsked(lanes: readonly Lane[]): void {
  for (const part of lanes.filter((lane) => !isUnasked(lane)).flatMap((lane) => lane.onDemand ?? [])) {
    if (isBuilt(part)) continue;
    process.stderr.write(`building ${part.name} ${part.version} in ${folderOf(part)}: ${part.costs}\n`);
    const failure = BUILDERS[part.name]();
    if (failure !== null) process.stderr.write(`${skipLineOf(part, failure)}\n`);
  }
}

type Off = Extract<Readiness, { readonly on: false }>;

/** One line for each thing that is not tried. */
export function skipLines(answer: Off): readonly string[] {
  return isUnasked(answer.lane) ? (answer.lane.onDemand ?? []).map((part) => skipLineOf(part, notAsked(part))) : [skipLine(answer)];
}

export function skipLine(answer: Off): string {
  const wanted = answer.wanted.map((part) => `${part.name} (Debian: ${part.packages.join(' ')})`).join(', ');
  return `SKIPPED: lane ${answer.lane.name}, wants ${wanted}, ${answer.why}`;
}
