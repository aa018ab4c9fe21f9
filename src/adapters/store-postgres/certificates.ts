// Certificates of ways back in Postgres: rows that are written once. What they mean is the domain's business.
import type { Certificate } from '../../domain/certificate.ts';
import type { CertificateStore } from '../../ports/certificates.ts';
import type { Database } from './connection.ts';

export function createCertificateStore(database: Database): CertificateStore {
  return {
    keep: async (certificate) => {
      const { id, at } = certificate;
      await database.query('insert into belay.certificate (id, database, at, body) values ($1, $2, $3, $4) on conflict (id) do nothing', [
        id,
        certificate.database,
        at,
        JSON.stringify(certificate),
      ]);
    },
    list: async ({ database: of, limit }) => {
      const rows = await database.query<{ body: Certificate }>(
        'select body from belay.certificate where ($1::text is null or database = $1) order by seq desc limit $2',
        [of ?? null, limit],
      );
      return rows.map((row) => row.body);
    },
  } satisfies CertificateStore;
}
