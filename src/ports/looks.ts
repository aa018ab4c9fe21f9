// One look at what a source already reads, for checks and for the record: now, bounded, and with no place in the counting. It judges nothing.
// Trouble of the world is a BelayError; a source that is not there is nobody's key in these records.
import type { Instant, Json } from '../domain/json.ts';
import type { Samples } from '../domain/signal.ts';

/** Lines of a log that tell of a time. */
export interface LogLook {
  /** @throws BELAY_INPUT_INVALID for a pattern that is none, BELAY_TARGET_UNREACHABLE where it cannot be read */
  look(q: LogQuestion): Promise<LogSeen>;
}
export interface LogQuestion {
  /** Only lines from then on; null: as far back as is read. */
  readonly since: Instant | null;
  /** A regular expression. */
  readonly match?: string;
  /** A text that stands in the line as it is: `[WHATSAPP]`. */
  readonly contains?: string;
  /** The organization that a line names: by the label `org` of the source, or as a word of the line. */
  readonly org?: string;
  /** Of a machine with many: whose log. */
  readonly container?: string;
  /** The last so many of the lines that are meant are given. */
  readonly most: number;
}
export interface LogSeen {
  /** Lines that are meant, all of them. */
  readonly matched: number;
  /** Lines that were read in that time. */
  readonly read: number;
  /** The last of the lines that are meant, oldest first. Not masked yet. */
  readonly lines: readonly string[];
  /** False: there is more of that time than was read. */
  readonly isWhole: boolean;
}

/** What a vendor says of itself. */
export interface VendorLook {
  /** @throws BELAY_TARGET_UNREACHABLE for a page that is none, is old, or does not name the component */
  look(q: { readonly component?: string }): Promise<VendorSeen>;
}
export interface VendorSeen {
  /** 0 well, 1 degraded, 2 partly out, 3 out; null: a word that is not known. */
  readonly level: number | null;
  /** In the page's own word. */
  readonly word: string;
  readonly isMaintained: boolean;
  /** What is not resolved, newest first. */
  readonly incidents: readonly {
    readonly name: string;
    readonly status: string;
    readonly impact: string;
    readonly since: Instant | null;
  }[];
}

/** Errors and issues of an error tracker. */
export interface ErrorsLook {
  /** Complete minutes of the time up to now. @throws BELAY_TARGET_UNREACHABLE */
  look(q: { readonly lastMs: number; readonly since?: Instant; readonly query?: string }): Promise<ErrorsSeen>;
}
export interface ErrorsSeen {
  readonly errors: number;
  /** Unresolved issues that were seen in that time, those of most events first; a few. */
  readonly issues: readonly IssueSeen[];
  /** There are more than these. */
  readonly isMore: boolean;
  readonly from: Instant;
  readonly to: Instant;
}
export interface IssueSeen {
  readonly id: string;
  readonly title: string;
  readonly level: string;
  readonly events: number;
  /** Seen for the first time in that time. */
  readonly isNew: boolean;
}

/** The machine that Belay runs on. */
export interface HostLook {
  /** Shares from 0 to 1. @throws BELAY_TARGET_UNREACHABLE */
  look(q: { readonly path: string }): Promise<{ readonly cpu: number; readonly memory: number; readonly disk: number }>;
}

/** One reading of any source that Belay reads, beside its own rhythm. */
export interface SampleLook {
  /** @throws BELAY_TARGET_UNREACHABLE with the reason of a dead reading */
  look(): Promise<Samples>;
}

export interface Looks {
  readonly logs: Readonly<Record<string, LogLook>>;
  readonly vendors: Readonly<Record<string, VendorLook>>;
  readonly errors: Readonly<Record<string, ErrorsLook>>;
  readonly samples: Readonly<Record<string, SampleLook>>;
  readonly host: HostLook;
  /** Hides what must not be kept: secrets by their names, shapes and values. */
  readonly masked: (text: string) => Promise<string>;
}

/** What a probe keeps for the record. */
export type Seen = Readonly<Record<string, Json>>;
