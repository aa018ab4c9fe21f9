// Where secrets may be: the drivers of `secrets:` with the options of each. It describes, and holds no value.
import type { DriverOptions, SpecOf } from './driver-options.ts';

export const SECRET_DRIVERS = {
  env: { variable: { type: 'text', required: true } },
  file: { path: { type: 'text', required: true } },
  age: {
    path: { type: 'text', required: true },
    /** A file with the key that it is encrypted to. */
    identity: { type: 'text', required: true },
    command: { type: 'texts', otherwise: ['age'] },
  },
  vault: {
    url: { type: 'url', required: true },
    mount: { type: 'text', otherwise: 'secret' },
    path: { type: 'text', required: true },
    field: { type: 'text', required: true },
    token: { type: 'text' },
    /** Instead of `token`: read at each question, because it is renewed. */
    tokenFile: { type: 'text' },
    namespace: { type: 'text' },
  },
  op: {
    /** `op://vault/item/field` */
    reference: { type: 'text', required: true },
    /** Of a service account. */
    token: { type: 'text' },
    command: { type: 'texts', otherwise: ['op'] },
  },
} as const satisfies Readonly<Record<string, DriverOptions>>;

export type SecretSpec = SpecOf<typeof SECRET_DRIVERS, { readonly id: string }>;
export type SecretOf<D extends SecretSpec['driver']> = Extract<SecretSpec, { driver: D }>;
