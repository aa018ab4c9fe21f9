// The `log` probe: how many lines of a log tell of something, and for the record the lines themselves, masked and bounded.
import type { JsonObject } from '../../domain/json.ts';
import type { Looks } from '../../ports/looks.ts';
import type { Probe } from '../../ports/probe.ts';
import type { Time } from '../../ports/time.ts';
import { textOf } from '../actions/arguments.ts';
import { countOf, durationOf, ifConfigured, notConfigured, optionalText, probeOf } from './probe.ts';

const DEFAULT_LINES = 100;
const MOST_LINES = 2_000;
/** Of all lines that are kept: they lie in the log of the incident. */
const MOST_CHARS = 128 * 1_024;

export function logProbe({ logs, masked }: Pick<Looks, 'logs' | 'masked'>, time: Pick<Time, 'now'>): Probe {
  return probeOf('log', async (args, o) => {
    const log = ifConfigured(logs, 'log source', textOf(args, 'source'), args);
    if (log === null) return notConfigured(textOf(args, 'source'));
    const lastMs = durationOf(args, 'last');
    const begins = [lastMs === undefined ? null : time.now() - lastMs, o?.since ?? null].filter((one) => one !== null);
    const most = Math.min(MOST_LINES, countOf(args, 'lines', 1) ?? DEFAULT_LINES);
    const [match, contains, org, container] = ['match', 'contains', 'org', 'container'].map((name) => optionalText(args, name));
    const seen = await log.look({
      since: begins.length === 0 ? null : Math.max(...begins),
      most,
      ...(match === undefined ? {} : { match }),
      ...(contains === undefined ? {} : { contains }),
      ...(org === undefined ? {} : { org }),
      ...(container === undefined ? {} : { container }),
    });
    const { matched, read, isWhole } = seen;
    return {
      known: true,
      values: { matched, read, whole: isWhole },
      seen: kept((await masked(seen.lines.join('\n'))).split('\n'), matched),
    };
  });
}

/** The newest lines that fit, and how many were left out. */
function kept(lines: readonly string[], matched: number): JsonObject {
  let chars = 0;
  let from = lines.length;
  while (from > 0 && chars + (lines[from - 1]?.length ?? 0) + 1 <= MOST_CHARS) {
    from -= 1;
    chars += (lines[from]?.length ?? 0) + 1;
  }
  const fitting = lines.slice(from).filter((line) => line !== '');
  return { lines: fitting, leftOut: matched - fitting.length };
}
