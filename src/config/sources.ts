// Sources as people write them: a driver of the catalog with its options, its cadence, and who may feed it.
import type { SourceDriverName, SourceSpec } from '../domain/source-catalog.ts';
import { SOURCE_DRIVERS } from '../domain/source-catalog.ts';
import { driven } from './driven.ts';
import type { Problems } from './problems.ts';
import type { Reader } from './read.ts';
import { duration, optional, required } from './read.ts';
import type { Value } from './yaml.ts';

const LONGEST_TIMEOUT_MS = 10_000;
const LEAST_CADENCE_MS = 10;

const OPTIONS = Object.fromEntries(Object.entries(SOURCE_DRIVERS).map(([name, { options }]) => [name, options]));
const isPulled = (driver: string): boolean => SOURCE_DRIVERS[driver as SourceDriverName].pulled;

const written = driven(OPTIONS, (driver) => ({
  every: required(duration(LEAST_CADENCE_MS)),
  ...(isPulled(driver) ? { timeout: optional(duration(1)) } : {}),
}));

/** As the catalog's types say, without `id`: what cannot be read is told, and left out. */
export const source: Reader<Omit<SourceSpec, 'id'>> = (value, problems, name) => {
  const read = written(value, problems, name);
  if (read === undefined) return undefined;
  const { driver, common, options } = read;
  const everyMs = (common['every'] as number | undefined) ?? 1;
  const timeoutMs = (common['timeout'] as number | undefined) ?? Math.min(everyMs, LONGEST_TIMEOUT_MS);
  if ('verify' in (OPTIONS[driver] ?? {})) demandSecret(options['verify'], { value, problems, name });
  return { driver, everyMs, ...(isPulled(driver) ? { timeoutMs } : {}), ...options } as Omit<SourceSpec, 'id'>;
};

/** A source that anybody may feed must say so. */
function demandSecret(
  verify: unknown,
  { value, problems, name }: { readonly value: Value; readonly problems: Problems; readonly name: string },
): void {
  const isWritten = value.kind === 'map' && value.entries.some((entry) => entry.key === 'secret');
  if (verify === 'none' || isWritten) return;
  problems.error('missing-key', { start: value.span.start, end: value.span.start + 1 }, `${name} lacks secret`, {
    hint: 'Add "secret: "{env.NAME}"", or "verify: none" for a sender that cannot sign: then its word is only a hint.',
  });
}
