// What organizations have of their own in a table of flags, beside the row for all: the newest row of each, and how both are told as one value.
import { BelayError } from '../../domain/errors.ts';
import { labelText } from '../../domain/received.ts';
import type { SettingValue } from '../../domain/setting.ts';
import type { Ask } from './connection.ts';
import { quoted, type RowSettings } from './options.ts';

export interface OrgRow {
  readonly org: string;
  readonly value: string;
  readonly mark: string;
}

const MOST_ORGS = 10_000;
const MOST_NAMED = 10;
const NOT_FOR = ', but not for: ';

/** @throws BELAY_TARGET_UNREACHABLE */
export async function orgRows(s: RowSettings, ask: Ask, locked: boolean): Promise<readonly OrgRow[]> {
  if (s.orgColumn === null) return [];
  const given: string[] = [];
  const conditions = Object.entries(s.where).map(([name, value]) => `${quoted(name)}::text = $${given.push(value)}`);
  const where = [...conditions, `${s.orgColumn} is not null`].join(' and ');
  const mark = s.isInsert ? `coalesce(${s.newestBy}::text, '')` : `''`;
  const first = s.isInsert ? `distinct on (${s.orgColumn}::text) ` : '';
  const order = `order by ${s.orgColumn}::text${s.isInsert ? `, ${s.newestBy} desc nulls last, ctid desc` : ''}`;
  const rows = await ask(
    `select ${first}${s.orgColumn}::text as org, ${s.column}::text as value, ${mark} as mark from ${s.table} where ${where} ${order}
      limit ${MOST_ORGS + 1}${locked && !s.isInsert ? ' for update' : ''}`,
    given,
  );
  // What is not seen would stay as it is.
  if (rows.length > MOST_ORGS)
    throw new BelayError('BELAY_TARGET_UNREACHABLE', `${s.table} has rows of more than ${MOST_ORGS} organizations`, {
      hint: 'Remove rows that no organization needs any more.',
    });
  // A row without a value says nothing: its organization has what all have.
  return rows.flatMap(({ org, value, mark: of }) => {
    const isSaying = typeof org === 'string' && org !== '' && typeof value === 'string';
    return isSaying ? [{ org, value, mark: of ?? '' }] : [];
  });
}

/** The value of all, with those named whose own row says otherwise. */
export function standingOf(value: string | null, orgs: readonly OrgRow[]): string | null {
  const others = orgs.filter((one) => one.value !== value).map(({ org }) => labelText(org));
  if (value === null || others.length === 0) return value;
  const more = others.length > MOST_NAMED ? ` and ${others.length - MOST_NAMED} more` : '';
  return `${value}${NOT_FOR}${others.slice(0, MOST_NAMED).join(', ')}${more}`;
}

export function plainOf(standing: SettingValue | null): SettingValue | null {
  if (typeof standing !== 'string') return standing;
  const at = standing.indexOf(NOT_FOR);
  return at === -1 ? standing : standing.slice(0, at);
}
