// The commands of ALTER TABLE, each judged. A table that was made in the same migration is fresh: nobody reads or fills it yet.
import type { Json, JsonObject } from './json.ts';
import type { FreshTables } from './sql-fresh.ts';
import type { Dropped, Finding, SqlFamily } from './sql-judgement.ts';
import { listOf, type Name, nodeOf, objectOf, relationOf, shownName, textOf } from './sql-tree.ts';

export interface Judged {
  readonly findings: readonly Finding[];
  readonly drops: readonly Dropped[];
}

type Short = readonly [SqlFamily, Finding['compat'], Finding['undo'], Finding['lock']?];

export function judgeAlter(node: JsonObject, fresh: FreshTables): Judged {
  const table = relationOf(node['relation']);
  const isFresh = fresh.has(table);
  const isTable = ['OBJECT_TABLE', 'OBJECT_FOREIGN_TABLE'].includes(textOf(node['objtype']));
  const commands = listOf(node['cmds']).map((one) => nodeOf(one).node);
  if (!isTable || commands.length === 0) return { findings: [{ ...UNCLASSIFIED, object: shownName(table) }], drops: [] };
  return {
    findings: commands.map((command) => findingOf(command, table, isFresh)),
    drops: isFresh ? [] : commands.flatMap((command) => dropped(command, table)),
  };
}

const UNCLASSIFIED: Finding = { family: 'unclassified', compat: 'maybe', undo: 'gone' };

function dropped(command: JsonObject, table: Name): readonly Dropped[] {
  if (textOf(command['subtype']) !== 'AT_DropColumn') return [];
  return [{ ...(table.schema === undefined ? {} : { schema: table.schema }), table: table.name, column: textOf(command['name']) }];
}

function findingOf(command: JsonObject, table: Name, isFresh: boolean): Finding {
  const [family, compat, undo, lock] = shortOf(command, isFresh);
  const column = textOf(command['name']) || textOf(nodeOf(command['def']).node['colname']);
  const object = column === '' ? shownName(table) : `${shownName(table)}.${column}`;
  return { family, compat, undo, ...(lock === undefined || isFresh ? {} : { lock }), object };
}

function shortOf(command: JsonObject, isFresh: boolean): Short {
  switch (textOf(command['subtype'])) {
    case 'AT_AddColumn':
      return addColumn(nodeOf(command['def']).node, isFresh);
    case 'AT_DropColumn':
      return isFresh ? ['drop-column', 'ok', 'loses-new'] : ['drop-column', 'breaks', 'gone'];
    case 'AT_AlterColumnType':
      return ['change-type', 'maybe', 'gone', 'rewrites-table'];
    case 'AT_SetNotNull':
      return isFresh ? ['set-not-null', 'ok', 'lossless'] : ['set-not-null', 'breaks', 'lossless', 'scans-table'];
    case 'AT_DropNotNull':
      return ['drop-not-null', 'maybe', 'gone'];
    case 'AT_AddConstraint':
      return addConstraint(nodeOf(command['def']).node, isFresh);
    case 'AT_ValidateConstraint':
      return ['harmless', 'ok', 'lossless'];
    case 'AT_DropConstraint':
      return ['drop-constraint', 'ok', 'gone'];
    case 'AT_ColumnDefault':
      return command['def'] === undefined ? ['drop-default', isFresh ? 'ok' : 'breaks', 'lossless'] : ['set-default', 'ok', 'lossless'];
    case 'AT_EnableRowSecurity':
    case 'AT_ForceRowSecurity':
      return ['row-security', isFresh ? 'ok' : 'breaks', 'lossless'];
    default:
      return ['unclassified', 'maybe', 'gone'];
  }
}

const FILLS = new Set(['CONSTR_DEFAULT', 'CONSTR_IDENTITY', 'CONSTR_GENERATED']);
const SERIAL = /^(small|big)?serial\d?$/;

function addColumn(column: JsonObject, isFresh: boolean): Short {
  const constraints = listOf(column['constraints']).map((one) => textOf(nodeOf(one).node['contype']));
  const type = listOf(objectOf(column['typeName'])['names']).map((one: Json) => textOf(nodeOf(one).node['sval']));
  const isRequired = constraints.includes('CONSTR_NOTNULL') || constraints.includes('CONSTR_PRIMARY');
  const isFilled = constraints.some((one) => FILLS.has(one)) || type.some((one) => SERIAL.test(one));
  if (isRequired && !isFilled && !isFresh) return ['add-column-required', 'breaks', 'loses-new'];
  // A check or a key on the new column binds old rows by its default alone; a unique default cannot hold for two of them.
  return ['add-column', 'ok', 'loses-new'];
}

function addConstraint(constraint: JsonObject, isFresh: boolean): Short {
  if (isFresh) return ['add-constraint', 'ok', 'lossless'];
  const builds =
    ['CONSTR_PRIMARY', 'CONSTR_UNIQUE', 'CONSTR_EXCLUSION'].includes(textOf(constraint['contype'])) &&
    constraint['indexname'] === undefined;
  const skips = constraint['skip_validation'] === true;
  if (builds) return ['add-constraint', 'maybe', 'lossless', 'blocks-writes'];
  return skips ? ['add-constraint', 'maybe', 'lossless'] : ['add-constraint', 'maybe', 'lossless', 'scans-table'];
}
