// JSON values as types: what may enter the event log, the journal, a plan or an engine checkpoint.
// It knows no serializer; canonical bytes and hashes are the digest port's business.

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };
/** Milliseconds since 1970-01-01T00:00:00Z. */
export type Instant = number;
