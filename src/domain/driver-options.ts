// Options of drivers as the catalogs of sources, targets, switches and channels write them, and the types that follow from them. It
// describes: reading them at their places is the configuration's business.

import type { SshHost } from './run-policy.ts';

export type OptionType =
  | 'text'
  | 'texts'
  | 'url'
  | 'urls'
  | 'points'
  | 'int'
  | 'number'
  | 'share'
  | 'bool'
  | 'duration'
  | 'words'
  | 'headers'
  | 'host';

export interface OptionSpec {
  readonly type: OptionType;
  readonly required?: true;
  readonly oneOf?: readonly string[];
  /** Of numbers; of durations in ms. */
  readonly least?: number;
  readonly most?: number;
  readonly otherwise?: string | number | boolean | readonly string[];
}

export type DriverOptions = Readonly<Record<string, OptionSpec>>;

type TypeOf<T extends OptionType> = T extends 'text' | 'url'
  ? string
  : T extends 'texts' | 'urls' | 'points'
    ? readonly string[]
    : T extends 'bool'
      ? boolean
      : T extends 'words' | 'headers'
        ? Readonly<Record<string, string>>
        : T extends 'host'
          ? SshHost
          : number;
type WordOf<O extends OptionSpec> = O extends { readonly oneOf: readonly (infer W)[] } ? W : TypeOf<O['type']>;
type Sure = { readonly required: true } | { readonly otherwise: unknown };
/** Units are last in names: a duration `keep` becomes `keepMs`. */
type NameOf<K, O> = O extends { readonly type: 'duration' } ? `${K & string}Ms` : K;
/** What an adapter is given: options that may be left out have `otherwise`, or are optional. */
export type OptionsOf<O extends DriverOptions> = {
  readonly [K in keyof O as O[K] extends Sure ? NameOf<K, O[K]> : never]: WordOf<O[K]>;
} & { readonly [K in keyof O as O[K] extends Sure ? never : NameOf<K, O[K]>]?: WordOf<O[K]> };

/** One configured thing for each driver of a catalog. */
export type SpecOf<C extends Readonly<Record<string, DriverOptions>>, Base> = {
  readonly [D in keyof C]: Base & { readonly driver: D } & OptionsOf<C[D]>;
}[keyof C];
