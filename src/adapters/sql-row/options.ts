// What the options of `driver: sql-row` mean: names that may stand in SQL, and the address, of which the password is never shown.
import { BelayError } from '../../domain/errors.ts';
import { percentDecoded } from '../../domain/percent.ts';
import type { FlagSpec } from '../../domain/setting-catalog.ts';

export type RowSpec = Extract<FlagSpec, { driver: 'sql-row' }>;

export interface RowSettings {
  readonly url: string;
  /** The text without the password, wherever it stands in it. */
  readonly mask: (text: string) => string;
  /** Quoted, ready for SQL. */
  readonly table: string;
  readonly column: string;
  readonly newestBy: string;
  readonly orgColumn: string | null;
  /** Unquoted names. */
  readonly reasonColumn: string | null;
  readonly columnName: string;
  readonly orgName: string | null;
  readonly with: Readonly<Record<string, string>>;
  readonly where: Readonly<Record<string, string>>;
  readonly isInsert: boolean;
  readonly values: readonly string[] | null;
  readonly timeoutMs: number;
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,62}$/;
const ADDRESS = /^postgres(?:ql)?:\/\/[^\s]+$/;

export const quoted = (name: string): string => `"${name}"`;

/** @throws BELAY_CONFIG_INVALID, without repeating the address */
export function readRowSettings(spec: RowSpec): RowSettings {
  const parts = spec.table.split('.');
  if (parts.length > 2 || !parts.every((part) => NAME.test(part))) throw wrong('table: write its name, or schema.name');
  for (const [option, name] of namesOf(spec)) if (!NAME.test(name)) throw wrong(`${option}: ${name} is no name of a column`);
  const isInsert = spec.write !== 'update';
  if (!isInsert && spec.where === undefined) throw wrong('where: say which row, such as { name: julia }');
  if (!isInsert && spec.with !== undefined) throw wrong('with: only of "write: insert"');
  if (isInsert && spec.where !== undefined) throw wrong('where: only of "write: update"');
  return {
    ...addressOf(spec.url),
    table: parts.map(quoted).join('.'),
    column: quoted(spec.column),
    newestBy: quoted(spec.newestBy),
    orgColumn: spec.orgColumn === undefined ? null : quoted(spec.orgColumn),
    reasonColumn: spec.reasonColumn ?? null,
    columnName: spec.column,
    orgName: spec.orgColumn ?? null,
    with: spec.with ?? {},
    where: spec.where ?? {},
    isInsert,
    values: spec.values ?? null,
    timeoutMs: spec.timeoutMs,
  };
}

function namesOf(spec: RowSpec): readonly (readonly [string, string])[] {
  return [
    ['column', spec.column],
    ['newestBy', spec.newestBy],
    ['orgColumn', spec.orgColumn ?? 'x'],
    ['reasonColumn', spec.reasonColumn ?? 'x'],
    ...Object.keys(spec.with ?? {}).map((name) => ['with', name] as const),
    ...Object.keys(spec.where ?? {}).map((name) => ['where', name] as const),
  ];
}

function addressOf(url: string): Pick<RowSettings, 'url' | 'mask'> {
  const parsed = ADDRESS.test(url) && URL.canParse(url) ? new URL(url) : null;
  if (parsed === null) throw wrong('url: it is not the address of a Postgres; write url: "{env.NAME}"');
  const secrets = [url, parsed.href, parsed.password, percentDecoded(parsed.password)].filter((one) => one !== '');
  return { url, mask: (text) => secrets.reduce((masked, secret) => masked.replaceAll(secret, '***'), text) };
}

const wrong = (why: string): BelayError => new BelayError('BELAY_CONFIG_INVALID', `driver sql-row: ${why}`);
