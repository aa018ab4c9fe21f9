// What the language server says itself, in English. The reference pages that it quotes are in English in every language.
import type { OptionType } from '../domain/driver-options.ts';

export interface Words {
  readonly required: string;
  readonly optional: string;
  readonly oneOf: (words: string) => string;
  readonly least: (least: string) => string;
  readonly most: (most: string) => string;
  readonly otherwise: (value: string) => string;
  readonly written: (where: string) => string;
  readonly takes: string;
  readonly gives: string;
  readonly nothing: string;
  readonly effect: Readonly<Record<'state' | 'once' | 'read', string>>;
  readonly didYouMean: (meant: string) => string;
  readonly quote: (text: string) => string;
  readonly more: string;
  readonly failed: (what: string) => string;
  readonly types: Readonly<Record<OptionType, string>>;
}

export const EN: Words = {
  required: 'required',
  optional: 'optional',
  oneOf: (words: string) => `one of ${words}`,
  least: (least: string) => `at least ${least}`,
  most: (most: string) => `at most ${most}`,
  otherwise: (value: string) => `${value} if not written`,
  written: (where: string) => `Written in ${where}`,
  takes: 'Takes',
  gives: 'Gives',
  nothing: 'nothing',
  effect: {
    state: 'Sets a state: it may be repeated.',
    once: 'Happens once: it needs a key.',
    read: 'Reads only.',
  },
  didYouMean: (meant: string) => `Did you mean ${meant}?`,
  quote: (text: string) => `Put ${text} in quotes`,
  more: 'Documentation',
  failed: (what: string) => `Belay could not look at ${what}; it goes on with the next change.`,
  types: {
    text: 'text',
    texts: 'list of texts',
    url: 'address',
    urls: 'list of addresses',
    points: 'list of points',
    int: 'whole number',
    number: 'number',
    share: 'share',
    bool: 'true or false',
    duration: 'duration',
    words: 'mapping of texts',
    headers: 'mapping of headers',
    host: 'host',
  },
};
