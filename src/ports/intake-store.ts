// Messages that an intake has taken and not yet handed on: kept before the sender is answered, in one order for each line.
import type { Breaker, LineBreaker } from '../domain/breaker.ts';
import type { IntakeDraft, IntakeMessage, IntakeStatus } from '../domain/intake.ts';
import type { Instant } from '../domain/json.ts';

export interface Line {
  readonly intake: string;
  readonly line: string;
}

export interface IntakeStore {
  /** Durable when it resolves. `known`: one of this id was taken before. @throws BELAY_STORE_UNAVAILABLE */
  add(draft: IntakeDraft): Promise<'stored' | 'known'>;
  /** Lines in which something waits and that are not held. */
  ready(): Promise<readonly Line[]>;
  /** How many wait in each intake. */
  waiting(): Promise<Readonly<Record<string, number>>>;
  /** The oldest that waits in a line, marked as under way; null where none does, or the line is held. */
  take(line: Line, at: Instant): Promise<IntakeMessage | null>;
  /** Of those that wait behind it in its line, the first that was not often tried, marked as under way; null where none waits, or it is held. */
  takeBehind(message: Pick<IntakeMessage, 'seq' | 'intake' | 'line'>, at: Instant): Promise<IntakeMessage | null>;
  /** Its content is let go; its id stays for `forget`. */
  delivered(message: Pick<IntakeMessage, 'seq'>, at: Instant): Promise<void>;
  /** It waits on. */
  failed(message: Pick<IntakeMessage, 'seq'>, said: string): Promise<void>;
  /** It is kept, and not handed on any more. */
  setAside(message: Pick<IntakeMessage, 'seq'>, at: Instant, said: string): Promise<void>;
  /** All that were set aside wait again where they stood, as if never tried. `line`: ALL_LINES for all. */
  putBack(line: Line): Promise<void>;
  /** `line`: ALL_LINES for all. Once it resolves, `take` takes nothing there. Holding what is held changes nothing. */
  hold(line: Line, o: { readonly by: string; readonly at: Instant }): Promise<void>;
  release(line: Line): Promise<void>;
  /** `line`: ALL_LINES for all of them together. */
  status(line: Line): Promise<IntakeStatus>;
  /** Of the lines that had a failure; all others are closed. */
  breakers(): Promise<readonly LineBreaker[]>;
  /** Durable when it resolves. */
  keepBreaker(line: Line, breaker: Breaker): Promise<void>;
  /** Lets the ids of those go that were delivered before. */
  forget(intake: string, before: Instant): Promise<void>;
}
