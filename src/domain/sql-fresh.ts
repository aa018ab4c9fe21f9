// The tables that a migration has made itself: nobody reads or fills them yet. A table is known by its name exactly as it is written, and
// none is fresh any more where the same name may mean another table. It judges nothing.
import type { Json, JsonObject } from './json.ts';
import { listOf, type Name, nameOf, objectOf, partsIn, partsOf, relationOf, textOf } from './sql-tree.ts';

export interface FreshTables {
  has(name: Name): boolean;
}

export interface FreshTracker extends FreshTables {
  /** One more statement has run. */
  follow(kind: string, node: JsonObject): void;
}

export function trackFresh(): FreshTracker {
  const names = new Set<string>();
  // From where names are looked up is another place from here on, and a COMMIT may bring back the one of before.
  let isMoved = false;
  return {
    has: (name) => names.has(keyOf(name)),
    follow: (kind, node) => {
      isMoved ||= movesNames(kind, node);
      if (isMoved || undoes(kind, node)) return names.clear();
      for (const name of leaving(kind, node)) names.delete(keyOf(name));
      const made = madeBy(kind, node);
      if (made !== null) names.add(keyOf(made));
    },
  };
}

/** `a.b` is not the table `"a.b"`. */
const keyOf = ({ schema, name }: Name): string => JSON.stringify([schema ?? null, name]);

function madeBy(kind: string, node: JsonObject): Name | null {
  const relation = kind === 'CreateStmt' ? node['relation'] : kind === 'CreateTableAsStmt' ? objectOf(node['into'])['rel'] : undefined;
  // What is temporary only hides the table of that name, and is gone at the end.
  const isKept = textOf(objectOf(relation)['relpersistence']) !== 't';
  const name = relationOf(relation);
  return isKept && name.name !== '' && node['if_not_exists'] !== true ? name : null;
}

/** After that, the name may be given to an older table. */
function leaving(kind: string, node: JsonObject): readonly Name[] {
  if (kind === 'DropStmt') return listOf(node['objects']).map((each) => nameOf(partsOf(each)));
  return kind === 'RenameStmt' || kind === 'AlterObjectSchemaStmt' ? [relationOf(node['relation'])] : [];
}

const PLACES = new Set(['search_path', 'role', 'session_authorization']);
/** They say it and do not do it. */
const WORDS_ALONE = new Set(['CreateFunctionStmt', 'AlterFunctionStmt', 'CommentStmt']);

function movesNames(kind: string, node: JsonObject): boolean {
  if (kind === 'DiscardStmt') return true;
  if (kind === 'VariableSetStmt') return PLACES.has(textOf(node['name'])) || textOf(node['kind']) === 'VAR_RESET_ALL';
  return !WORDS_ALONE.has(kind) && saysSearchPath(node);
}

/** `set_config('search_path', …)`, or a program of it. */
function saysSearchPath(node: Json): boolean {
  for (const [, value] of partsIn(node)) if (typeof value === 'string' && /search_path/i.test(value)) return true;
  return false;
}

const undoes = (kind: string, node: JsonObject): boolean =>
  kind === 'TransactionStmt' && textOf(node['kind']).startsWith('TRANS_STMT_ROLLBACK');
