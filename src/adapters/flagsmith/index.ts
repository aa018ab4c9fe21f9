// A flag of Flagsmith in one environment: off for everybody means that the default and every override of a segment or an identity is off, for
// an override beats the default. Which of them Belay turned off is remembered, so that `on` brings back those and no others.
import { BelayError } from '../../domain/errors.ts';
import type { Json, JsonObject } from '../../domain/json.ts';
import { oneChange } from '../../domain/orders.ts';
import { isOn } from '../../domain/setting.ts';
import type { Digest } from '../../ports/digest.ts';
import type { Http } from '../../ports/http.ts';
import type { Flag } from '../../ports/settings.ts';
import { type Ask, askFlagsmith, type FlagsmithSpec, failed, objectOf } from './ask.ts';
import { readTaken, writeTaken } from './taken.ts';

/** What is shown when the default is off and an override is not. */
const NOT_FOR_ALL = 'off, but not for all';
const MOST_ROWS = 1_000;

interface Deps {
  readonly http: Http;
  readonly digest: Pick<Digest, 'keyed'>;
  readonly dataDir: string;
}
interface Row {
  readonly id: number;
  readonly isDefault: boolean;
  readonly enabled: boolean;
}

/** @throws BELAY_CONFIG_INVALID */
export function createFlagsmith(spec: FlagsmithSpec, { http, digest, dataDir }: Deps): Flag {
  const ask = askFlagsmith(spec, http);
  const key = spec.key ?? spec.id;
  const look = () => rowsOf(spec, ask, key);
  const fingerprint = (rows: readonly Row[]): string =>
    digest.keyed(JSON.stringify(rows.map(({ id, enabled }) => [id, enabled]))).slice(0, 32);
  return {
    compareAndSet: 'none',
    notes: [],
    knowsOrgs: false,
    onUnreachable: spec.onUnreachable ?? null,
    meant: async (to) => {
      const on = isOn(to);
      if (on !== null) return on;
      throw new BelayError('BELAY_INPUT_INVALID', `the flag ${key} cannot become ${JSON.stringify(to)}`, { hint: 'It knows on and off.' });
    },
    get: async () => {
      const rows = await look();
      return { value: standingOf(rows), fingerprint: fingerprint(rows) };
    },
    set: async (value, { expected }) => {
      const rows = await look();
      if (standingOf(rows) === value) return;
      if (fingerprint(rows) !== expected)
        throw new BelayError('BELAY_TARGET_CONFLICT', `the flag ${key} changed in between`, {
          hint: 'Somebody else has changed it: plan again.',
        });
      const taken = await readTaken(dataDir, spec.id);
      const wrong = rows.filter((row) => (value === true ? !row.enabled && (row.isDefault || taken.includes(row.id)) : row.enabled));
      if (value === false)
        await writeTaken(
          dataDir,
          spec.id,
          // What an earlier try took and is still off is Belay's, too: without it, `on` would leave it off for ever.
          rows.flatMap(({ id, isDefault, enabled }) => (!isDefault && (enabled || taken.includes(id)) ? [id] : [])),
        );
      // Overrides first: as long as the default stands, those without one notice nothing.
      const { took, refused } = oneChange();
      for (const row of wrong.toSorted((a, b) => Number(a.isDefault) - Number(b.isDefault))) {
        const path = `environments/${spec.environment}/featurestates/${row.id}/`;
        await ask({ method: 'PATCH', path, body: { enabled: value } }).then(took, refused);
      }
      if (value === true) await writeTaken(dataDir, spec.id, []);
    },
    evaluate: async (org) => {
      const answer = await ask(
        org === null ? { method: 'GET', path: 'flags/' } : { method: 'POST', path: 'identities/', body: { identifier: org, traits: [] } },
      );
      const flags = org === null ? answer : objectOf(spec, answer)['flags'];
      return flagIn(spec, flags, key)?.enabled ?? null;
    },
  } satisfies Flag;
}

function standingOf(rows: readonly Row[]): boolean | string {
  if (rows.some((row) => row.isDefault && row.enabled)) return true;
  return rows.some((row) => row.enabled) ? NOT_FOR_ALL : false;
}

async function rowsOf(spec: FlagsmithSpec, ask: Ask, key: string): Promise<readonly Row[]> {
  const { use_v2_feature_versioning: versioned } = objectOf(spec, await ask({ method: 'GET', path: `environments/${spec.environment}/` }));
  if (versioned === true)
    throw failed(spec, 'the environment keeps versions of features, which Belay cannot write yet', {
      hint: 'Turn the flag off in Flagsmith by hand.',
    });
  const found = flagIn(spec, await ask({ method: 'GET', path: 'flags/' }), key);
  if (found === null) throw failed(spec, `there is no flag ${key} in this environment`);
  const page = objectOf(
    spec,
    await ask({ method: 'GET', path: `environments/${spec.environment}/featurestates/?feature=${found.id}&page_size=${MOST_ROWS}` }),
  );
  const { results, next } = page;
  if (!Array.isArray(results)) throw failed(spec, 'its answer has no results');
  // What is not seen would stay on.
  if (next !== null && next !== undefined) throw failed(spec, `the flag ${key} has more than ${MOST_ROWS} overrides`);
  const rows = results.map((one) => rowOf(spec, one));
  if (!rows.some((row) => row.isDefault)) throw failed(spec, `the flag ${key} has no default in this environment`);
  return rows.toSorted((a, b) => a.id - b.id);
}

function rowOf(spec: FlagsmithSpec, one: Json): Row {
  const { id, enabled, identity, feature_segment: segment } = objectOf(spec, one);
  if (typeof id !== 'number' || typeof enabled !== 'boolean')
    throw failed(spec, 'a row of its answer has no id, or does not say whether it is on');
  return { id, enabled, isDefault: (identity ?? null) === null && (segment ?? null) === null };
}

function flagIn(spec: FlagsmithSpec, flags: Json | undefined, key: string): { readonly id: number; readonly enabled: boolean } | null {
  if (!Array.isArray(flags)) throw failed(spec, 'its answer is no list of flags');
  for (const one of flags) {
    const { feature, enabled } = objectOf(spec, one);
    const { id, name }: JsonObject = objectOf(spec, feature ?? null);
    if (name === key && typeof id === 'number' && typeof enabled === 'boolean') return { id, enabled };
  }
  return null;
}
