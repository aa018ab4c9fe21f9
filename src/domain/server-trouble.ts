// Whether a failure is of the database server or of the way to it rather than of the statement: the connection, the disk, memory, time, rights. By the
// code of Postgres where there is one, else by the words in which servers, drivers and systems say it. It asks nobody.

/** Classes: connection, resources, the operator's hand, the system below, broken files. */
const CLASSES = /^(08|53|57|58|XX00[12])/;
/** A right that is missing, and a lock that nobody gave. */
const STATES = new Set(['42501', '55P03']);
const SQLSTATE = /^(?!E)[0-9A-Z]{5}$/;
const WORDS =
  /no space left|could not (extend|write|resize|fsync)|disk full|out of (shared )?memory|too many (clients|connections)|connection slots|permission denied|must be (owner|superuser|member|able to)|terminating connection|connection (terminated|refused|reset|timed? ?out)|closed the connection|ECONN\w+|ETIMEDOUT|EPIPE|canceling statement|canceling query|lock timeout|database system is|whether anything of it stays is not known/i;

/** `said`: all words of it; the codes are those of it and of its causes. */
export function isServerTrouble(error: unknown, said: string): boolean {
  const state = stateOf(error);
  return state === null ? WORDS.test(said) : CLASSES.test(state) || STATES.has(state);
}

/** Null: no server has said one. */
export function stateOf(error: unknown): string | null {
  for (let at = error, deep = 0; typeof at === 'object' && at !== null && deep < 10; at = 'cause' in at ? at.cause : null, deep += 1) {
    const code = 'code' in at ? at.code : null;
    // Systems have codes of five characters, too, such as EPIPE and E2BIG.
    if (typeof code === 'string' && SQLSTATE.test(code) && /\d/.test(code)) return code;
  }
  return null;
}
