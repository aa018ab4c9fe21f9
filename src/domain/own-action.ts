// Actions of the user's own, over HTTP: how the thing is looked at, when it is as wanted, and the one request that makes it so. It sends nothing.
import type { ActionSpec } from './catalog.ts';
import type { Json } from './json.ts';

export const OWN_PARAM_TYPES = ['string', 'int', 'number', 'bool', 'org'] as const;
export type OwnParamType = (typeof OWN_PARAM_TYPES)[number];

export interface OwnActionSpec {
  /** `crm.freeze`. */
  readonly id: string;
  readonly params: Readonly<Record<string, OwnParamType>>;
  /** Of both requests; they may hold secrets. */
  readonly headers: Readonly<Record<string, string>>;
  readonly observe: {
    readonly get: string;
    /** Whether the answer says anything at all; a 2xx if not written. */
    readonly expect?: string;
  };
  /** Over the answer: it is as wanted. */
  readonly reached: string;
  /** Over the answer: how it is, for people, and what must not have changed before the act. */
  readonly state?: string;
  /** How it is to be, for people. */
  readonly desired: string;
  readonly act: {
    readonly method: 'POST' | 'PUT' | 'PATCH' | 'DELETE';
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: Json;
  };
  readonly timeoutMs: number;
}

/** What the request of the act may name beside the arguments. */
export const OWN_REFS = ['key', 'reason', 'state'] as const;

export function catalogOf(specs: readonly OwnActionSpec[]): Readonly<Record<string, ActionSpec>> {
  return Object.fromEntries(
    specs.map(({ id, params }) => {
      const all = Object.entries(params).map(([name, type]) => [name, { type, required: true }] as const);
      return [id, { name: id, effect: 'state', params: Object.fromEntries(all) } as const];
    }),
  );
}
