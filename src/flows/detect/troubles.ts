// What goes wrong beside the counting: told in the status for as long as it lasts. Nothing that was counted depends on it.
import { BelayError } from '../../domain/errors.ts';
import type { Instant } from '../../domain/json.ts';
import type { DetectionTrouble } from '../../ports/readings.ts';

/** A clock that was set right is told for so long: windows have begun again since. */
const CLOCK_TOLD_MS = 3_600_000;

export class Troubles {
  readonly #kept = new Map<DetectionTrouble['kind'], DetectionTrouble>();
  readonly #tell: ((error: unknown) => void) | undefined;

  constructor(tell: ((error: unknown) => void) | undefined) {
    this.#tell = tell;
  }

  /** Old counts could not be put together or forgotten: the commits before it stand, and it is tried again. */
  upkeepFailed(error: unknown, now: Instant): void {
    const why = error instanceof Error ? error.message : String(error);
    this.#kept.set('upkeep', { kind: 'upkeep', at: this.#kept.get('upkeep')?.at ?? now, why });
    this.#tell?.(error);
  }

  upkeepDone(): void {
    this.#kept.delete('upkeep');
  }

  clockTakenBack(byMs: number, now: Instant): void {
    const why = `what was counted lay up to ${Math.round(byMs / 1000)} s in the future: the clock of this machine had been ahead, and was set right`;
    this.#kept.set('clock', { kind: 'clock', at: now, why });
    this.#tell?.(
      new BelayError('BELAY_CLOCK_AHEAD', why, {
        hint: 'Windows begin again, and until they are covered Belay asks and does not act. Let NTP keep the clock.',
      }),
    );
  }

  list(now: Instant): readonly DetectionTrouble[] {
    return [...this.#kept.values()].filter(({ kind, at }) => kind !== 'clock' || now - at < CLOCK_TOLD_MS);
  }
}
