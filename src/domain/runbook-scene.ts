// Scenes of runbooks: the world at the beginning, what is seen, what people say, what goes wrong, and how it must end. Values only; reading
// them is config's business, playing them flows'.
import type { JsonObject } from './json.ts';
import type { SettingValue } from './setting.ts';

/** What is there at the beginning, where it is not the usual. */
export interface SceneWorld {
  /** Newest first. */
  readonly targets: Readonly<Record<string, { readonly releases: readonly string[]; readonly live?: string }>>;
  /** By switch, then by organization; `all` is everybody who is not named. */
  readonly switches: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** How many units run. */
  readonly services: Readonly<Record<string, number>>;
  readonly flags: Readonly<Record<string, SettingValue>>;
  readonly config: Readonly<Record<string, Readonly<Record<string, SettingValue>>>>;
  /** Actions that are done already. */
  readonly done: readonly string[];
}

/** What a probe sees. */
export interface SceneSight {
  readonly probe: string;
  /** Of its arguments; those that are not named may be anything. */
  readonly with: JsonObject;
  /** Only while the world is so. */
  readonly while: Readonly<Record<string, string>>;
  readonly values: JsonObject;
}

/** What a probe was asked for, and no line tells. */
export interface UntoldSight {
  readonly probe: string;
  readonly with: JsonObject;
  /** What it could tell. */
  readonly names: readonly string[];
}

/** How a command ends whose first words are these. */
export interface SceneCommand {
  readonly cmd: string;
  readonly code: number;
  readonly text: string;
}

/** What people do when a step asks them. */
export interface SceneAnswer {
  /** `yes` approves, or ticks all boxes; `nobody`: no answer ever comes. */
  readonly says: 'yes' | 'no' | 'nobody';
  /** Who, one after the other; not given: whoever may. */
  readonly by: readonly string[];
  readonly why?: string;
  readonly ticks?: readonly string[];
  readonly answers?: JsonObject;
  readonly arm?: string;
  /** What they choose each time that something went wrong; the last one holds from then on. */
  readonly choose?: readonly string[];
}

export const ACT_FAULTS = ['refuses', 'stalls', 'lies', 'drops'] as const;

export interface ActFault {
  readonly how: (typeof ACT_FAULTS)[number];
  /** Infinity: each time. */
  readonly times: number;
}

export interface Placed<T> {
  readonly value: T;
  readonly line: number;
  readonly column: number;
}

/** Each where it stands; what is not said is not looked at. */
export interface SceneEnd {
  /** `done`, `stopped`, `refused`, or `asks <step>`. */
  readonly ends?: Placed<string>;
  readonly steps: Readonly<Record<string, Placed<string>>>;
  readonly world: Readonly<Record<string, Placed<string>>>;
  readonly effects: Readonly<Record<string, Placed<number>>>;
  /** Audiences or templates. */
  readonly told: readonly Placed<string>[];
  readonly withinMs?: Placed<number>;
}

export interface RunbookScene {
  readonly name: string;
  readonly runbook: string;
  readonly file: string;
  readonly line: number;
  readonly inputs: JsonObject;
  /** Who begins it. */
  readonly by: string | null;
  readonly world: SceneWorld;
  readonly sees: readonly SceneSight[];
  readonly commands: readonly SceneCommand[];
  readonly people: Readonly<Record<string, SceneAnswer>>;
  readonly faults: Readonly<Record<string, ActFault>>;
  readonly expect: SceneEnd;
  readonly kills: boolean;
}
