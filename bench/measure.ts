// What a measure is: named figures with the aim that they are judged by. Refuses to know what is measured.

export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly samples: readonly number[];
  /** The p50 should be at or below this; absent where a figure is only told. */
  readonly aim?: number;
}

export interface Measure {
  readonly name: string;
  /** How it is measured, in one sentence, for the reader of the results. */
  readonly how: string;
  run(): Promise<readonly Figure[]>;
}

export function quantile(samples: readonly number[], q: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}

export function holds(figure: Figure): boolean | null {
  return figure.aim === undefined ? null : quantile(figure.samples, 0.5) <= figure.aim;
}
