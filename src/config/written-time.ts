// A date and a time as people write them: each text means one instant, or is none. It knows no clock.
import type { Instant } from '../domain/json.ts';

export interface WrittenTime {
  /** `2026-03-01T14:35:00`: what stands on the clock. */
  readonly wall: string;
  /** null: the clock of a zone that the text does not name. */
  readonly at: Instant | null;
}

const FORM = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(?::(\d\d)(?:\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)?$/;

/** null: it is none, or could be read as another: a day that its month does not have, 24:00, a date without its order. */
export function writtenTime(text: string): WrittenTime | null {
  const [, day, clock, seconds = '00', offset] = FORM.exec(text) ?? [];
  if (day === undefined || clock === undefined) return null;
  const wall = `${day}T${clock}:${seconds}`;
  const asUtc = Date.parse(`${wall}Z`);
  // 30 February is read as 2 March.
  if (Number.isNaN(asUtc) || !new Date(asUtc).toISOString().startsWith(day)) return null;
  if (offset === undefined) return { wall, at: null };
  const at = Date.parse(text.replace(' ', 'T'));
  return Number.isNaN(at) ? null : { wall, at };
}
