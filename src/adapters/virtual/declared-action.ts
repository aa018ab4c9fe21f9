// Actions as state machines that nobody had to write: each is undone until it is carried out, is compared before it is, and what takes it
// back undoes it. Which action takes back which, the runbooks declare. It knows no vendor.
import type { ActionSpec } from '../../domain/catalog.ts';
import { BelayError } from '../../domain/errors.ts';
import type { JsonObject } from '../../domain/json.ts';
import type { Action } from '../../ports/action.ts';
import type { DurableDisk } from './durable-disk.ts';

/** Two actions of which each takes the other back. */
export type Opposites = readonly (readonly [string, string])[];

interface Cell {
  /** The action that was carried out last; null: none was. */
  last: string | null;
  changes: number;
  readonly names: readonly string[];
  readonly said: string;
}

const cellsOn = (disk: DurableDisk): Map<string, Cell> => disk.part('declared actions', () => new Map<string, Cell>());

export interface DeclaredDeps {
  readonly disk: DurableDisk;
  readonly specs: Readonly<Record<string, ActionSpec>>;
  readonly opposites: Opposites;
  /** Those that are done at the beginning. */
  readonly done: readonly string[];
}

export function declaredActions({ disk, specs, opposites, done }: DeclaredDeps): Readonly<Record<string, Action>> {
  const cellOf = (spec: ActionSpec, args: JsonObject): Cell => {
    const names = kin(spec.name, opposites).filter((name) => specs[name] !== undefined);
    // What all of them are told is what they are about: why, and how long, is not.
    const about = Object.keys(spec.params).filter((param) => names.every((name) => specs[name]?.params[param] !== undefined));
    const said = about.flatMap((param) => (args[param] === undefined ? [] : [String(args[param])])).join(' ');
    const key = `${names.join('|')} ${said}`;
    const cells = cellsOn(disk);
    const cell = cells.get(key) ?? { last: names.find((name) => done.includes(name)) ?? null, changes: 0, names, said };
    cells.set(key, cell);
    return cell;
  };
  return Object.fromEntries(Object.values(specs).map((spec) => [spec.name, actionOf(spec, (args) => cellOf(spec, args))]));
}

/** It, and whatever takes it back. */
function kin(name: string, opposites: Opposites): readonly string[] {
  const found = new Set([name]);
  for (const known of found) for (const [a, b] of opposites) if (a === known || b === known) found.add(a).add(b);
  return [...found].sort();
}

function actionOf(spec: ActionSpec, cellOf: (args: JsonObject) => Cell): Action {
  const fingerprintOf = ({ last, changes }: Cell): string => `${last ?? 'undone'}@${changes}`;
  return {
    spec,
    compareAndSet: () => 'none',
    notes: () => ['unguarded'],
    target: (args) => {
      const { names, said } = cellOf(args);
      return `action:${names.join('|')}(${said})`;
    },
    observe: async (args) => {
      const cell = cellOf(args);
      const reached = cell.last === spec.name;
      return { current: reached ? 'done' : 'undone', desired: 'done', fingerprint: fingerprintOf(cell), reached };
    },
    act: async (args, { expected }) => {
      const cell = cellOf(args);
      if (cell.last === spec.name) return;
      if (fingerprintOf(cell) !== expected)
        throw new BelayError('BELAY_TARGET_CONFLICT', `${spec.name} is ${fingerprintOf(cell)}, not ${expected}`, { effect: 'none' });
      cell.last = spec.name;
      cell.changes += 1;
    },
    impossible: async () => null,
    lastChange: async () => null,
  };
}

/** `n8n.activate ig-dm-v1-acme` → done or undone, of all that was looked at. */
export function declaredStates(disk: DurableDisk): Readonly<Record<string, string>> {
  const rows = [...cellsOn(disk).values()].flatMap(({ names, last, said }) =>
    names.map((name) => [`${name} ${said}`.trim(), last === name ? 'done' : 'undone'] as const),
  );
  return Object.fromEntries(rows);
}
