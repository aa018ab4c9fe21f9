// What the detection bench tells: rows of one table, each a figure of one side, judged where an aim is set for it. It measures nothing.

export interface Row {
  readonly measure: string;
  readonly side: string;
  readonly figure: string;
  readonly aim?: string;
  /** Absent where a figure is only told. */
  readonly met?: boolean;
}

export interface Part {
  readonly rows: readonly Row[];
  /** How it was measured, and whatever a reader must know to judge the figures. */
  readonly how: string;
}

export interface Run {
  /** Smaller numbers, clearly marked: to see that it works, not to be quoted. */
  readonly quick: boolean;
  /** The real hold of 11 minutes over a kill. */
  readonly long: boolean;
  /** Says how far it is: done of all, in whatever unit the part counts. */
  progress(done: number, all: number, what: string): void;
}

export const seconds = (ms: number): string => (Math.abs(ms) < 9_950 ? (ms / 1000).toFixed(2) : (ms / 1000).toFixed(1));

export function perSecond(value: number): string {
  return value >= 1e6 ? `${(value / 1e6).toFixed(2)} M/s` : `${(value / 1e3).toFixed(0)} k/s`;
}
