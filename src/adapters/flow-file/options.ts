// Reads the options of `driver: flow-file` and says all that is wrong with them at once. It touches no file.
import { resolve } from 'node:path';
import { BelayError } from '../../domain/errors.ts';

export interface Settings {
  /** `{ "acme": "next", … }` */
  readonly file: string;
  readonly values: readonly string[];
  /** What an organization uses that the file does not name. */
  readonly otherwise: string;
}

const KNOWN = ['file', 'values', 'default'];

/** @throws BELAY_CONFIG_INVALID with every problem. */
export function readSettings(options: Readonly<Record<string, unknown>>, baseDir: string): Settings {
  const problems = Object.keys(options)
    .filter((name) => !KNOWN.includes(name))
    .map((name) => `there is no option ${name}`);
  const { file, values, default: otherwise } = options;
  if (typeof file !== 'string' || file === '') problems.push('file is missing: the JSON file that the service reads');
  const names = Array.isArray(values) ? values.filter((value): value is string => typeof value === 'string' && value !== '') : [];
  if (!Array.isArray(values) || names.length !== values.length || names.length < 2) problems.push('values must name at least two flows');
  else if (otherwise !== undefined && !names.includes(String(otherwise))) problems.push(`default must be one of ${names.join(', ')}`);
  if (problems.length === 0) return { file: resolve(baseDir, String(file)), values: names, otherwise: String(otherwise ?? names[0]) };
  throw new BelayError('BELAY_CONFIG_INVALID', `driver flow-file: ${problems.join('; ')}`, {
    hint: `Options: ${KNOWN.join(', ')}. Example: file: flows.json, values: [stable, next]`,
  });
}
