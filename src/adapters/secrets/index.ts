// All secrets of a configuration by their names: read when they are wanted, remembered for minutes, hidden in what strangers write, compared
// with what a service really uses. Their values leave only through `fill`.
import { BelayError } from '../../domain/errors.ts';
import { masked as maskedByShape } from '../../domain/mask.ts';
import type { SecretSpec } from '../../domain/secret-catalog.ts';
import { withoutKnownSecrets } from '../../domain/secret-mask.ts';
import type { Digest } from '../../ports/digest.ts';
import type { Secrets } from '../../ports/secrets.ts';
import type { Time } from '../../ports/time.ts';
import { proofOf } from './compare.ts';
import { openPlace, type PlaceDeps } from './places.ts';

export interface SecretsDeps extends PlaceDeps {
  readonly digest: Pick<Digest, 'keyed'>;
  readonly time: Pick<Time, 'now' | 'monotonicMs'>;
}

/** A secret that was rotated is the new one after so long. */
const KEEP_MS = 60_000;
const REF = /\{secret\.([a-z][a-z0-9-]*)\}/g;

export function createSecrets(specs: readonly SecretSpec[], deps: SecretsDeps): Secrets {
  const places = new Map(specs.map((spec) => [spec.id, openPlace(spec, deps)]));
  const known = new Map<string, { readonly value: string; readonly at: number }>();
  /** Old ones, too: a log of yesterday holds yesterday's. */
  const seen = new Set<string>();

  const read = async (name: string): Promise<string> => {
    const place = places.get(name);
    if (place === undefined) {
      throw new BelayError('BELAY_NOT_FOUND', `there is no secret ${name}`, {
        hint: `Known: ${[...places.keys()].join(', ') || 'none'}. They stand in belay.yaml under secrets.`,
      });
    }
    const before = known.get(name);
    const at = deps.time.monotonicMs();
    if (before !== undefined && at - before.at < KEEP_MS) return before.value;
    const value = await place.read();
    known.set(name, { value, at });
    seen.add(value);
    return value;
  };

  const masked = async (text: string): Promise<string> => {
    // What cannot be read now was not read before either, or is remembered.
    await Promise.allSettled([...places.keys()].map(read));
    return maskedByShape(withoutKnownSecrets(text, [...seen]));
  };

  const fill = async (text: string): Promise<string> => {
    const names = new Set([...text.matchAll(REF)].map((match) => match[1] ?? ''));
    const values = new Map<string, string>();
    for (const name of names) values.set(name, await read(name));
    return text.replaceAll(REF, (all, name: string) => values.get(name) ?? all);
  };

  return {
    fill,
    masked,
    compare: async (name, proof) => {
      const value = await read(name);
      return { ...(await proofOf(value, proof, deps)), digest: deps.digest.keyed(value).slice(0, 16) };
    },
  } satisfies Secrets;
}
