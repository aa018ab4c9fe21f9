// What the routes of pages are given: a way to show a page to somebody who is known and may, and a way to take a form.
import type { Context } from 'hono';
import type { Operation } from '../domain/authorization.ts';
import type { Caller } from './commands.ts';
import type { Fields } from './form-fields.ts';
import type { AppEnv } from './guard.ts';

/** Renders for somebody who is known and may; sends others to log in, and shows what went wrong. */
export type Screen = (c: Context<AppEnv>, operation: Operation, render: (caller: Caller) => Promise<string>) => Promise<Response>;

export interface Acting {
  readonly operation: Operation;
  /** Pausing works without the store of answers. */
  readonly remembered: boolean;
  readonly home: string;
}

/** One form: who, from our own page, once per key; then to the screen with what was done. */
export type Act = (
  c: Context<AppEnv>,
  o: Acting,
  /** @returns a word for what was done, or the path to go on with */
  work: (caller: Caller, form: Fields, key: string) => Promise<string>,
) => Promise<Response>;
