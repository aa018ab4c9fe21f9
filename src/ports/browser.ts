// A browser as a customer has one: a fresh profile for each visit, thrown away behind it. It asks only hosts that were declared.
import type { BrowserStep } from '../domain/browser-step.ts';

export interface VisitOptions {
  /** Scheme, host and port of everything that may be asked. */
  readonly origins: readonly string[];
  /** Of a step that does not say its own. */
  readonly timeoutMs: number;
  /** Of all steps together. */
  readonly limitMs: number;
  /** Goes over what a page says before it is cut and told. */
  readonly hide: (text: string) => Promise<string>;
}

export interface Shot {
  readonly name: string;
  /** data:image/png;base64,… '' where there may be none. */
  readonly png: string;
  /** Why there is none; '' where there is. */
  readonly why: string;
}

export interface Visit {
  /**
   * Null: what must come of it came. Else what came instead: a page that is not there or hangs is one, too.
   * @throws BELAY_PROCESS_FAILED for a browser that crashed, BELAY_TIMEOUT when the time of all steps is over, BELAY_INPUT_INVALID
   */
  carryOut(step: BrowserStep): Promise<string | null>;
  /** Of the page as it is; fields with secrets are blank, and a page that shows one is not shot. */
  shoot(name: string): Promise<Shot>;
  /** What went on beside the steps: dialogs, windows and requests that were refused. */
  notes(): readonly string[];
}

export interface FoundBrowser {
  readonly path: string;
  readonly version: string;
  /** False where Belay runs as root, for which Chromium has none. */
  readonly sandboxed: boolean;
}

export interface Browsers {
  /** Which one would be started. @throws BELAY_PROCESS_FAILED with what to type, where there is none */
  find(): Promise<FoundBrowser>;
  /** The browser ends with `work`, however that ends. @throws BELAY_PROCESS_FAILED, BELAY_TIMEOUT, BELAY_HTTP_REFUSED, BELAY_HTTP_FAILED */
  visit<T>(o: VisitOptions, work: (visit: Visit) => Promise<T>): Promise<T>;
}
