// Certificates of ways back in memory, on the disk of a world.
import type { Certificate } from '../../../src/domain/certificate.ts';
import type { CertificateStore } from '../../../src/ports/certificates.ts';
import { DurableDisk } from './durable-disk.ts';
import { copy, partOf } from './store-tables.ts';

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
