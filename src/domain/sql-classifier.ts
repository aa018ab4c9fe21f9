// Judges the statements of a migration, as Postgres' own parser reads them: by families, the worst wins, and what is of no family is the
// worst there is. It parses nothing.
import type { Json, JsonObject } from './json.ts';
import { unknownCalls } from './sql-calls.ts';
import { type FreshTables, trackFresh } from './sql-fresh.ts';
import { type Dropped, type Finding, type Judgement, type SqlFamily, UNREADABLE, worstCompat, worstUndo } from './sql-judgement.ts';
import { type Judged, judgeAlter } from './sql-table-changes.ts';
import { dottedOf, listOf, type Name, nameOf, nodeOf, objectOf, partsIn, partsOf, relationOf, shownName, textOf } from './sql-tree.ts';

/** `statements`: the nodes of the parser, in order; null: it could not read them. */
export function classify(statements: readonly Json[] | null): Judgement {
  if (statements === null) return UNREADABLE;
  const fresh = trackFresh();
  const all: Judged[] = [];
  for (const statement of statements) {
    const { kind, node } = nodeOf(statement);
    all.push(judge(kind, node, fresh), ...judgeInner(kind, node, fresh), ...judgeCalls(kind, node));
    fresh.follow(kind, node);
  }
  const findings = all.flatMap((one) => one.findings);
  return {
    compat: worstCompat(findings.map((one) => one.compat)),
    undo: worstUndo(findings.map((one) => one.undo)),
    findings,
    drops: all.flatMap((one) => one.drops),
  };
}

type Short = readonly [SqlFamily, Finding['compat'], Finding['undo'], Finding['lock']?];

/** What needs nothing but its kind. */
const PLAIN: Readonly<Record<string, Short>> = {
  CreateStmt: ['create-table', 'ok', 'loses-new'],
  CreateTableAsStmt: ['create-table', 'ok', 'loses-new'],
  CreateSeqStmt: ['create-object', 'ok', 'loses-new'],
  CreateSchemaStmt: ['create-object', 'ok', 'loses-new'],
  CreateEnumStmt: ['create-object', 'ok', 'loses-new'],
  CreateDomainStmt: ['create-object', 'ok', 'loses-new'],
  CompositeTypeStmt: ['create-object', 'ok', 'loses-new'],
  CreateExtensionStmt: ['create-object', 'ok', 'loses-new'],
  CreatePolicyStmt: ['policy', 'maybe', 'lossless'],
  AlterPolicyStmt: ['policy', 'maybe', 'lossless'],
  CreateTrigStmt: ['create-trigger', 'maybe', 'lossless'],
  DoStmt: ['opaque', 'maybe', 'gone'],
  CallStmt: ['opaque', 'maybe', 'gone'],
  SelectStmt: ['opaque', 'maybe', 'gone'],
  CommentStmt: ['harmless', 'ok', 'lossless'],
  VariableSetStmt: ['harmless', 'ok', 'lossless'],
  TransactionStmt: ['harmless', 'ok', 'lossless'],
  VacuumStmt: ['harmless', 'ok', 'lossless'],
};

function judge(kind: string, node: JsonObject, fresh: FreshTables): Judged {
  const plain = Object.hasOwn(PLAIN, kind) ? PLAIN[kind] : undefined;
  if (plain !== undefined) return one(plain, objectNamed(node));
  switch (kind) {
    case 'AlterTableStmt':
      return judgeAlter(node, fresh);
    case 'DropStmt':
      return judgeDrop(node, fresh);
    case 'RenameStmt':
      return judgeRename(node, fresh);
    case 'InsertStmt':
      // One that replaces rows on a conflict changes what was there.
      return node['onConflictClause'] === undefined || isNothing(node['onConflictClause'])
        ? one(['insert', 'ok', 'loses-new'], objectNamed(node))
        : one(['change-rows', 'maybe', 'gone'], objectNamed(node));
    case 'UpdateStmt':
    case 'DeleteStmt':
    case 'MergeStmt':
      return judgeRows(relationOf(node['relation']), objectNamed(node), fresh);
    case 'TruncateStmt':
      return one(
        ['change-rows', 'maybe', 'gone'],
        listOf(node['relations'])
          .map((each) => shownName(relationOf(nodeOf(each).node)))
          .join(', '),
      );
    case 'IndexStmt':
      return judgeIndex(node, fresh);
    case 'AlterEnumStmt':
      return node['oldVal'] === undefined
        ? one(['enum-add', 'maybe', 'gone'], dottedOf(node['typeName']).join('.'))
        : one(['enum-rename', 'breaks', 'lossless'], dottedOf(node['typeName']).join('.'));
    case 'GrantStmt':
    case 'GrantRoleStmt':
      return node['is_grant'] === true ? one(['grant', 'ok', 'lossless'], '') : one(['revoke', 'breaks', 'lossless'], '');
    case 'CreateFunctionStmt':
      return judgeCode(node, dottedOf(node['funcname']).join('.'));
    case 'ViewStmt':
      return judgeCode(node, shownName(relationOf(node['view'])));
    default:
      return one(['unclassified', 'maybe', 'gone'], kind);
  }
}

const WRITING = new Set(['InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt']);

/** `WITH moved AS (DELETE … RETURNING *) INSERT …`: what it changes on its way counts, whatever the statement around it is. */
function judgeInner(kind: string, statement: JsonObject, fresh: FreshTables): readonly Judged[] {
  // The body of a function runs when it is called.
  if (kind === 'CreateFunctionStmt') return [];
  return [...partsIn(statement)].flatMap(([key, value]) => {
    const inner = key === 'ctequery' ? nodeOf(value) : { kind: '', node: {} };
    if (!WRITING.has(inner.kind)) return [];
    return inner.kind === 'InsertStmt'
      ? judge(inner.kind, inner.node, fresh)
      : one(['change-rows', 'maybe', 'gone'], objectNamed(inner.node));
  });
}

/** `INSERT … SELECT import_all()`: what a function of theirs does besides, nobody can read. */
function judgeCalls(kind: string, statement: JsonObject): readonly Judged[] {
  const names = unknownCalls(kind, statement);
  return names.length === 0 ? [] : [one(['opaque', 'maybe', 'gone'], names.map((name) => `${name}()`).join(', '))];
}

function one([family, compat, undo, lock]: Short, object: string): Judged {
  return { findings: [{ family, compat, undo, ...(lock === undefined ? {} : { lock }), ...(object === '' ? {} : { object }) }], drops: [] };
}

const objectNamed = (node: JsonObject): string => shownName(relationOf(node['relation']));
const isNothing = (clause: Json): boolean => textOf(objectOf(clause)['action']) === 'ONCONFLICT_NOTHING';

const judgeRows = (table: Name, object: string, fresh: FreshTables): Judged =>
  fresh.has(table) ? one(['insert', 'ok', 'loses-new'], object) : one(['change-rows', 'maybe', 'gone'], object);

const DATA = new Set(['OBJECT_TABLE', 'OBJECT_SEQUENCE', 'OBJECT_SCHEMA', 'OBJECT_MATVIEW', 'OBJECT_FOREIGN_TABLE']);
const CODE = new Set([
  'OBJECT_VIEW',
  'OBJECT_FUNCTION',
  'OBJECT_PROCEDURE',
  'OBJECT_ROUTINE',
  'OBJECT_AGGREGATE',
  'OBJECT_TYPE',
  'OBJECT_DOMAIN',
]);

function judgeDrop(node: JsonObject, fresh: FreshTables): Judged {
  const type = textOf(node['removeType']);
  const names = listOf(node['objects']).map((each) => nameOf(partsOf(each)));
  const object = names.map(shownName).join(', ');
  // CASCADE takes along what nobody has named.
  const isWide = textOf(node['behavior']) === 'DROP_CASCADE';
  if (DATA.has(type)) {
    // A schema may be called like a table.
    const old = type === 'OBJECT_SCHEMA' ? names : names.filter((name) => !fresh.has(name));
    if (old.length === 0 && !isWide) return one(['drop-table', 'ok', 'lossless'], object);
    const drops: readonly Dropped[] =
      type === 'OBJECT_TABLE' ? old.map(({ schema, name }) => ({ ...(schema === undefined ? {} : { schema }), table: name })) : [];
    return { ...one([type === 'OBJECT_TABLE' ? 'drop-table' : 'drop-data', 'breaks', 'gone'], object), drops };
  }
  if (isWide) return one(['unclassified', 'breaks', 'gone'], object);
  if (CODE.has(type)) return one(['drop-code', 'breaks', 'lossless'], object);
  if (type === 'OBJECT_INDEX') return one(['drop-index', 'ok', 'lossless'], object);
  if (type === 'OBJECT_POLICY') return one(['policy', 'maybe', 'lossless'], object);
  if (type === 'OBJECT_TRIGGER') return one(['create-trigger', 'maybe', 'lossless'], object);
  return one(['unclassified', 'maybe', 'gone'], object);
}

function judgeRename(node: JsonObject, fresh: FreshTables): Judged {
  const table = relationOf(node['relation']);
  const object = [shownName(table), textOf(node['subname'])].filter((part) => part !== '').join('.');
  if (['OBJECT_INDEX', 'OBJECT_TABCONSTRAINT', 'OBJECT_TRIGGER', 'OBJECT_POLICY'].includes(textOf(node['renameType'])))
    return one(['harmless', 'ok', 'lossless'], object);
  return one(['rename', fresh.has(table) ? 'ok' : 'breaks', 'lossless'], object);
}

function judgeIndex(node: JsonObject, fresh: FreshTables): Judged {
  const table = relationOf(node['relation']);
  const isOld = !fresh.has(table);
  const lock: Finding['lock'] = isOld && node['concurrent'] !== true ? 'blocks-writes' : undefined;
  return node['unique'] === true
    ? one(['create-unique-index', isOld ? 'maybe' : 'ok', 'lossless', lock], shownName(table))
    : one(['create-index', 'ok', 'lossless', lock], shownName(table));
}

const judgeCode = (node: JsonObject, name: string): Judged =>
  node['replace'] === true ? one(['replace-code', 'maybe', 'gone'], name) : one(['create-code', 'ok', 'lossless'], name);
