// What `over` of an `each` may say beside what conditions may: `organizations`, all of them, and `orgs("<trigger>")`, those in breach. The second
// looks like a function and is a list: one list for the checker and the evaluation. It knows no expression language.
import type { ExprType } from './catalog.ts';

const CALL = /\borgs\(\s*(["'])([a-z][a-z0-9.-]*)\1\s*\)/g;

export interface Over {
  /** With a name in the place of each `orgs("…")`; places behind one are moved by as much as it is shorter. */
  readonly source: string;
  /** name → trigger */
  readonly triggers: Readonly<Record<string, string>>;
}

export function readOver(written: string): Over {
  const triggers: Record<string, string> = {};
  const source = written.replaceAll(CALL, (_all, _quote: string, trigger: string) => {
    const name = `orgsInBreach${Object.keys(triggers).length}`;
    triggers[name] = trigger;
    return name;
  });
  return { source, triggers };
}

/** Types of the names that `readOver` and Belay add to those of conditions. */
export function overNames({ triggers }: Over): Readonly<Record<string, ExprType>> {
  return Object.fromEntries(['organizations', ...Object.keys(triggers)].map((name) => [name, 'list' as const]));
}
