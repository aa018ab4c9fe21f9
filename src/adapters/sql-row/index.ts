// A flag in a table of the user's Postgres: the newest row says how it stands (or one row that is changed). A change is made in one
// transaction that first locks and compares; that the new row really is the newest is seen before it is committed. For everybody means past
// the rows of organizations, too: one that says otherwise is shown, and gets a row of its own with the change.
import { BelayError } from '../../domain/errors.ts';
import { meantBy, type SettingValue } from '../../domain/setting.ts';
import type { Digest } from '../../ports/digest.ts';
import type { Flag } from '../../ports/settings.ts';
import { type Ask, inTransaction } from './connection.ts';
import { quoted, type RowSettings, type RowSpec, readRowSettings } from './options.ts';
import { type OrgRow, orgRows, plainOf, standingOf } from './orgs.ts';

interface Row {
  readonly value: string | null;
  /** The mark by which it is the newest; '' where rows are changed. */
  readonly mark: string;
}
const NO_ROW: Row = { value: null, mark: '' };
interface View {
  readonly row: Row;
  /** Where everybody is meant: what organizations have of their own. */
  readonly orgs: readonly OrgRow[];
}

/** @throws BELAY_CONFIG_INVALID */
export function createSqlRow(spec: RowSpec, deps: { readonly digest: Pick<Digest, 'keyed'> }): Flag {
  const settings = readRowSettings(spec);
  const look = (org: string | null) => inTransaction(settings, 'read only', (ask) => newest(settings, ask, org, false));
  const view = async (ask: Ask, org: string | null, locked: boolean): Promise<View> => {
    const row = await newest(settings, ask, org, locked);
    return { row, orgs: org === null ? await orgRows(settings, ask, locked) : [] };
  };
  const fingerprint = ({ row, orgs }: View): string =>
    deps.digest.keyed(JSON.stringify([row.value, row.mark, ...orgs.map((one) => [one.org, one.value, one.mark])])).slice(0, 32);
  return {
    compareAndSet: 'native',
    notes: [],
    knowsOrgs: settings.orgColumn !== null,
    onUnreachable: spec.onUnreachable ?? null,
    meant: async (to, current) => inItsValues(settings, spec.id, to, plainOf(current)),
    get: async (org) => {
      const seen = await inTransaction(settings, 'read only', (ask) => view(ask, org, false));
      return { value: standingOf(seen.row.value, seen.orgs), fingerprint: fingerprint(seen) };
    },
    set: (value, { org, expected, reason }) =>
      inTransaction(settings, 'read write', async (ask) => {
        const now = await view(ask, org, true);
        const stands = standingOf(now.row.value, now.orgs);
        if (stands === String(value)) return;
        if (fingerprint(now) !== expected)
          throw new BelayError('BELAY_TARGET_CONFLICT', `${spec.id}: it is ${String(stands)} by now, changed by somebody else`, {
            hint: 'Plan again.',
          });
        const wrong = [{ org, value: now.row.value }, ...now.orgs].filter((one) => one.value !== String(value));
        for (const one of wrong) await (settings.isInsert ? insert : update)(settings, ask, { value: String(value), org: one.org, reason });
        const after = await view(ask, org, true);
        if (standingOf(after.row.value, after.orgs) === String(value)) return;
        throw new BelayError('BELAY_ACT_FAILED', `${spec.id}: the new row does not become the newest by ${settings.newestBy}`, {
          hint: 'Name in newestBy the column that the table fills by itself, such as created_at or id.',
        });
      }),
    evaluate: async (org) => {
      const own = org === null || settings.orgColumn === null ? NO_ROW : await look(org);
      return own.value ?? (await look(null)).value;
    },
  } satisfies Flag;
}

function inItsValues({ values }: RowSettings, id: string, to: SettingValue, current: SettingValue | null): string {
  if (values === null) return String(meantBy(to, current) ?? to);
  if (values.includes(String(to))) return String(to);
  throw new BelayError('BELAY_INPUT_INVALID', `the flag ${id} cannot become ${JSON.stringify(to)}`, {
    hint: `It knows ${values.join(', ')}.`,
  });
}

async function newest(s: RowSettings, ask: Ask, org: string | null, locked: boolean): Promise<Row> {
  // Held until the end of the transaction: nobody inserts or changes a row in between.
  if (locked && s.isInsert) await ask(`lock table ${s.table} in share row exclusive mode`);
  const given: (string | null)[] = [];
  const conditions = Object.entries(s.where).map(([name, value]) => `${quoted(name)}::text = $${given.push(value)}`);
  if (s.orgColumn !== null) conditions.push(org === null ? `${s.orgColumn} is null` : `${s.orgColumn}::text = $${given.push(org)}`);
  const where = conditions.length === 0 ? '' : ` where ${conditions.join(' and ')}`;
  const mark = s.isInsert ? `${s.newestBy}::text` : `''`;
  const order = s.isInsert ? ` order by ${s.newestBy} desc nulls last, ctid desc limit 1` : ` limit 2${locked ? ' for update' : ''}`;
  const rows = await ask(`select ${s.column}::text as value, coalesce(${mark}, '') as mark from ${s.table}${where}${order}`, given);
  if (rows.length > 1)
    throw new BelayError('BELAY_TARGET_UNREACHABLE', `${s.table} has more than one row for it`, { hint: 'Name one row in `where`.' });
  const [row] = rows;
  return row === undefined ? NO_ROW : { value: row['value'] ?? null, mark: row['mark'] ?? '' };
}

interface Change {
  readonly value: string;
  readonly org: string | null;
  readonly reason: string;
}

async function insert(s: RowSettings, ask: Ask, { value, org, reason }: Change): Promise<void> {
  const row: Record<string, string> = {
    ...s.with,
    ...(s.reasonColumn === null ? {} : { [s.reasonColumn]: reason }),
    ...(s.orgName === null || org === null ? {} : { [s.orgName]: org }),
    [s.columnName]: value,
  };
  const names = Object.keys(row);
  const places = names.map((_name, index) => `$${index + 1}`).join(', ');
  await ask(`insert into ${s.table} (${names.map(quoted).join(', ')}) values (${places})`, Object.values(row));
}

async function update(s: RowSettings, ask: Ask, { value, org, reason }: Change): Promise<void> {
  const given: string[] = [];
  const sets = [`${s.column} = $${given.push(value)}`];
  if (s.reasonColumn !== null) sets.push(`${quoted(s.reasonColumn)} = $${given.push(reason)}`);
  const conditions = Object.entries(s.where).map(([name, one]) => `${quoted(name)}::text = $${given.push(one)}`);
  if (s.orgColumn !== null) conditions.push(org === null ? `${s.orgColumn} is null` : `${s.orgColumn}::text = $${given.push(org)}`);
  await ask(`update ${s.table} set ${sets.join(', ')} where ${conditions.join(' and ')}`, given);
}
