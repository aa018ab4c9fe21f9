// What was proved of ways back, kept over restarts: written once, never changed.
import type { Certificate } from '../domain/certificate.ts';

/** Every method may throw BELAY_STORE_UNAVAILABLE; asking again is safe. A write is durable when it resolves. */
export interface CertificateStore {
  /** Once for each id. */
  keep(certificate: Certificate): Promise<void>;
  /** Newest first; of one database, or of all. */
  list(filter: { readonly database?: string; readonly limit: number }): Promise<readonly Certificate[]>;
}
