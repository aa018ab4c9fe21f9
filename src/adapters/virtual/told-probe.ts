// A probe that sees what a scene tells, the first line that fits: what is not told cannot be measured, and is kept, so that somebody can add it.
import type { ProbeSpec } from '../../domain/catalog.ts';
import type { Json, JsonObject } from '../../domain/json.ts';
import type { SceneSight, UntoldSight } from '../../domain/runbook-scene.ts';
import type { Probe } from '../../ports/probe.ts';
import type { DurableDisk } from './durable-disk.ts';
import type { KillSwitch } from './kill-switch.ts';

/** Looked for and not told, each once. */
export const untoldOn = (disk: DurableDisk): Map<string, UntoldSight> => disk.part('untold', () => new Map<string, UntoldSight>());

export interface ToldProbeDeps {
  readonly disk: DurableDisk;
  readonly kill: KillSwitch;
  readonly sees: readonly SceneSight[];
  /** How the world is, by the names that `while` uses. */
  readonly state: () => Readonly<Record<string, string>>;
}

export function createToldProbe(spec: ProbeSpec, { disk, kill, sees, state }: ToldProbeDeps): Probe {
  const find = (args: JsonObject): SceneSight | undefined =>
    sees.find((one) => one.probe === spec.name && isPartOf(one.with, args) && Object.entries(one.while).every(isSo(state())));
  return {
    spec,
    resultOf: (args) => ({ ...typesOf(find(args)?.values ?? {}), ...spec.result }),
    measure: async (args) => {
      await kill.gate();
      const told = find(args);
      if (told !== undefined) return { known: true, values: { ...exactly(spec, told.values), ...told.values } };
      untoldOn(disk).set(JSON.stringify([spec.name, args]), { probe: spec.name, with: args, names: Object.keys(spec.result) });
      return { known: false, why: 'the scene does not say what is seen' };
    },
  } satisfies Probe;
}

/** A value that is told without its interval is known exactly. */
function exactly({ result }: ProbeSpec, { value = null }: JsonObject): JsonObject {
  return value !== null && result['lower'] !== undefined && result['upper'] !== undefined ? { lower: value, upper: value } : {};
}

const isSo =
  (state: Readonly<Record<string, string>>) =>
  ([name, value]: readonly [string, string]): boolean =>
    state[name] === value;

const isPartOf = (part: JsonObject, whole: JsonObject): boolean =>
  Object.entries(part).every(([name, value]) => JSON.stringify(whole[name]) === JSON.stringify(value));

const typesOf = (values: JsonObject): ProbeSpec['result'] =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, typeOf(value)]));

function typeOf(value: Json): ProbeSpec['result'][string] {
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'string') return 'string';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'double';
  return 'any';
}
