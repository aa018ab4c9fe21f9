// What went wrong on the way to a database, in one sentence. It hides no password: the address does.

/** Node joins the failures of several addresses into one error without words. */
export function said(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(said).join('; ');
  return error instanceof Error ? error.message || error.name : String(error);
}
