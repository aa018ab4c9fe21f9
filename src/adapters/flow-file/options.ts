// What the options of `driver: flow-file` mean, and which of them do not go together. It touches no file.
import { resolve } from 'node:path';
import { BelayError } from '../../domain/errors.ts';
import type { SwitchOptions } from '../../domain/switch-catalog.ts';

export interface Settings {
  /** `{ "acme": "next", … }` */
  readonly file: string;
  readonly values: readonly string[];
  /** What an organization uses that the file does not name. */
  readonly otherwise: string;
}

/** @throws BELAY_CONFIG_INVALID */
export function readSettings({ file, values, default: otherwise }: SwitchOptions<'flow-file'>, baseDir: string): Settings {
  const [first] = values;
  if (first === undefined || values.length < 2) throw wrong('values: at least two flows are needed, such as [stable, next]');
  if (otherwise !== undefined && !values.includes(otherwise)) throw wrong(`default: it must be one of ${values.join(', ')}`);
  return { file: resolve(baseDir, file), values, otherwise: otherwise ?? first };
}

const wrong = (why: string): BelayError => new BelayError('BELAY_CONFIG_INVALID', `driver flow-file: ${why}`);
