// What a place is in which a release is put back, and the action that Belay takes there. It opens none.
import type { JsonObject } from '../../src/domain/json.ts';
import { createActions } from '../../src/flows/actions/index.ts';
import type { Action } from '../../src/ports/action.ts';
import type { DeployTarget } from '../../src/ports/deploy-target.ts';
import type { TrafficSplit } from '../../src/ports/traffic-split.ts';
import type { Address } from './client.ts';

export interface Place {
  readonly at: Address;
  readonly headers: Readonly<Record<string, string>>;
  readonly old: string;
  readonly bad: string;
  /** What Belay does, under its whole protocol. */
  readonly action: Action;
  readonly args: JsonObject;
  /** Puts the bad release live. */
  forward(): Promise<void>;
  /** The same by the target's own command. */
  own(): Promise<void>;
  /** What the written procedure types, where it reinstalls. */
  readonly written?: () => Promise<void>;
  stop(): Promise<void>;
}

export interface PlaceKind {
  readonly name: string;
  readonly whyNot: () => string | null;
  /** Between the end of the one and the start of the other nobody answers, whoever does it. */
  readonly gap?: true;
  readonly open: () => Promise<Place>;
}

export const [OLD, BAD] = ['v1.0.0', 'v1.1.0'];

interface Ports {
  readonly targets?: Readonly<Record<string, DeployTarget>>;
  readonly proxies?: Readonly<Record<string, TrafficSplit>>;
}

export function actionOf(name: string, { targets = {}, proxies = {} }: Ports): Action {
  const pause = { read: async () => ({ paused: false, by: [] }), pause: async () => undefined, resume: async () => undefined };
  const action = createActions({ targets, proxies, switches: {}, pause })[name];
  if (action === undefined) throw new Error(`there is no action ${name}`);
  return action;
}
