// The logs that service and traffic write: one JSON object a line, appended while we read.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Instant } from '../../domain/json.ts';
import type { Story } from './story.ts';

/** A request that the service answered, written as it answered. */
export interface Served {
  readonly t: Instant;
  readonly n: number;
  readonly org: string;
  readonly release: string;
  readonly flow: string;
  readonly status: number;
}

/** A request as the customer saw it; null: no answer. */
export interface Asked {
  readonly sent: Instant;
  readonly t: Instant;
  readonly org: string;
  readonly status: number | null;
  readonly error?: string;
}

export const servedRequests = (story: Story): readonly Served[] => linesOf<Served>(join(story.service, 'run', 'requests.ndjson'));
export const askedRequests = (story: Story): readonly Asked[] => linesOf<Asked>(join(story.service, 'run', 'traffic.ndjson'));

/** Lines that are being written, or that a kill has cut, are left out. */
export function linesOf<T>(path: string): readonly T[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line) => {
      try {
        return line === '' ? [] : [JSON.parse(line) as T];
      } catch {
        return [];
      }
    });
}
