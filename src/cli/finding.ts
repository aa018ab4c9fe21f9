// What a look at one part found: its state, a sentence, and what to do about it.
import { BelayError } from '../domain/errors.ts';

export interface Finding {
  readonly what: string;
  readonly state: 'ok' | 'warn' | 'fail' | 'skip';
  readonly says: string;
  readonly todo?: string;
}

export const ok = (what: string, says: string): Finding => ({ what, state: 'ok', says });
export const warn = (what: string, says: string, todo?: string): Finding => ({
  what,
  state: 'warn',
  says,
  ...(todo === undefined ? {} : { todo }),
});
export const fail = (what: string, says: string, todo?: string): Finding => ({
  what,
  state: 'fail',
  says,
  ...(todo === undefined ? {} : { todo }),
});
export const skip = (what: string, says: string): Finding => ({ what, state: 'skip', says });

/** The world's refusals are findings; our own bugs still surface. */
export async function look(what: string, at: () => Promise<Finding>): Promise<Finding> {
  try {
    return await at();
  } catch (error) {
    if (!BelayError.is(error)) throw error;
    return fail(what, error.message, error.hint);
  }
}
