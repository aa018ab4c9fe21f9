// A flag that is one key of a place of settings: its words are those that stand there, and what the application gets is what it reads.
import { BelayError } from '../../domain/errors.ts';
import { meantBy, type SettingValue } from '../../domain/setting.ts';
import type { Flag, SettingStore } from '../../ports/settings.ts';

export function flagInStore(store: SettingStore, o: { readonly key: string; readonly onUnreachable: Flag['onUnreachable'] }): Flag {
  const { key } = o;
  const look = async () => {
    const view = await store.get([key]);
    return { ...view, value: view.values[key] ?? null };
  };
  return {
    compareAndSet: store.compareAndSet,
    notes: store.notes,
    knowsOrgs: false,
    onUnreachable: o.onUnreachable,
    meant: async (to, current) => store.held(key, inItsWords(key, to, current)),
    get: async () => {
      const { value, fingerprint, pending } = await look();
      return { value, fingerprint, ...(pending === undefined ? {} : { pending }) };
    },
    set: (value, order) => store.set({ [key]: value }, order),
    evaluate: async () => (await look()).value,
  } satisfies Flag;
}

function inItsWords(key: string, to: SettingValue, current: SettingValue | null): SettingValue {
  const meant = meantBy(to, current);
  if (meant !== null) return meant;
  throw new BelayError('BELAY_INPUT_INVALID', `the flag ${key} is ${JSON.stringify(current)}, so it cannot become ${JSON.stringify(to)}`, {
    hint: `Give a ${typeof current} in \`to\`.`,
  });
}
