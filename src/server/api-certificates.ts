// The API operations of certificates: what was proved of ways back, and the start of a new try.
import { z } from '@hono/zod-openapi';
import { OUTCOMES } from '../domain/certificate.ts';
import type { Certifications } from './certifications.ts';
import { type Add, READ, WRITE } from './endpoint.ts';
import type { ReadWorld } from './snapshot.ts';

const name = z.string().min(1).max(200);
const count = z.number().int();
const certificateSchema = z
  .looseObject({
    id: z.string(),
    database: z.string(),
    at: z.number(),
    by: z.string(),
    from: z.string().openapi({ description: 'The release whose files took back' }),
    to: z.string(),
    stays: z.string().nullable(),
    migrations: z.array(z.object({ id: z.string(), hash: z.string() })),
    postgres: count.openapi({ description: 'Major version' }),
    copiedAt: z.number().nullable(),
    outcome: z.enum(OUTCOMES),
    said: z.string().optional(),
    comparison: z.looseObject({ rows: count, lost: z.array(z.looseObject({ object: z.string(), how: z.string(), count })) }).nullable(),
    schema: z.looseObject({ by: z.string().nullable(), differs: z.array(z.object({ object: z.string(), how: z.string() })) }),
    downMs: count,
    tookMs: count,
  })
  .openapi('Certificate');
const certificationSchema = z
  .looseObject({
    database: z.string(),
    to: z.string(),
    by: z.string(),
    startedAt: z.number(),
    stages: z.array(z.string()).openapi({ description: 'Those that have begun: copy, down, rows, schema, keep' }),
    end: z
      .looseObject({})
      .nullable()
      .openapi({ description: 'Null: it is being tried. Else the id of the certificate, or what kept it from being tried' }),
  })
  .openapi('Certification');
const query = z.strictObject({ database: name.optional(), limit: z.coerce.number().int().min(1).max(200).default(50) });

export function addCertificates(
  add: Add,
  { world, certifications }: { readonly world: ReadWorld; readonly certifications: Certifications },
): void {
  add({
    ...READ,
    operation: 'listCertificates',
    path: '/v1/certificates',
    summary: 'What was proved of ways back on drill databases, newest first, and what is being tried',
    query,
    answer: z.object({ certificates: z.array(certificateSchema), tries: z.array(certificationSchema) }),
    handle: async ({ query: { database, limit } }) => ({
      certificates: [...((await world.certificates?.list({ limit, ...(database === undefined ? {} : { database }) })) ?? [])],
      tries: certifications.list().filter((one) => database === undefined || one.database === database),
    }),
  });
  add({
    ...WRITE,
    operation: 'startCertification',
    path: '/v1/certificates',
    summary: 'Try the way back of a database on its drill database; production is only read',
    body: z.strictObject({ database: name, to: name.openapi({ description: 'A release, or the migration that is to stay' }) }),
    answer: z.object({ started: certificationSchema }),
    status: 202,
    handle: async ({ caller, body }) => ({ started: certifications.start(caller, body) }),
  });
}
