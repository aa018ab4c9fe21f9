// Certificates of ways back in memory, on the disk of a world.

import { DurableDisk } from '../../../src/adapters/virtual/durable-disk.ts';
import { copy, partOf } from '../../../src/adapters/virtual/store-tables.ts';
import type { Certificate } from '../../../src/domain/certificate.ts';
import type { CertificateStore } from '../../../src/ports/certificates.ts';

export function createFakeCertificates({ disk = new DurableDisk() }: { readonly disk?: DurableDisk } = {}): CertificateStore {
  const all = partOf(disk, 'certificates', (): Certificate[] => []);
  return {
    keep: async (certificate) => {
      if (!all.some(({ id }) => id === certificate.id)) all.push(copy(certificate));
    },
    list: async ({ database, limit }) =>
      all
        .filter((one) => database === undefined || one.database === database)
        .toReversed()
        .slice(0, limit)
        .map((one) => copy(one)),
  } satisfies CertificateStore;
}
