// The ways back that this server tries on drill databases: one at a time of each database. What the last one came to is told until the next; the
// certificate itself is kept in the store. It tries nothing itself.
import type { Certificate } from '../domain/certificate.ts';
import { BelayError } from '../domain/errors.ts';
import type { Certification, CertifyAsked, Stage } from '../flows/certify.ts';
import type { Time } from '../ports/time.ts';
import type { Caller } from './commands.ts';

export type Certify = (asked: CertifyAsked) => Promise<Certificate>;

export interface Certifications {
  list(): readonly Certification[];
  /** @throws BELAY_LOCK_HELD while one of this database is tried, BELAY_INPUT_INVALID where none can be */
  start(caller: Caller, asked: { readonly database: string; readonly to: string }): Certification;
}

export function createCertifications(certify: Certify | null, time: Pick<Time, 'now'>): Certifications {
  const all = new Map<string, Certification>();
  const change = (database: string, more: (before: Certification) => Partial<Certification>): void => {
    const before = all.get(database);
    if (before !== undefined) all.set(database, { ...before, ...more(before) });
  };
  return {
    list: () => [...all.values()],
    start: (caller, { database, to }) => {
      if (certify === null) throw new BelayError('BELAY_INPUT_INVALID', 'no way back is tried here');
      const last = all.get(database);
      if (last !== undefined && last.end === null)
        throw new BelayError('BELAY_LOCK_HELD', `the way back of ${database} to ${last.to} is being tried, for ${last.by}`, {
          hint: 'Wait for its end: belay certify --list',
        });
      const started: Certification = { database, to, by: caller.person, startedAt: time.now(), stages: [], end: null };
      all.set(database, started);
      const onStage = (stage: Stage): void => change(database, ({ stages }) => ({ stages: [...stages, stage] }));
      certify({ database, to, by: caller.person, onStage }).then(
        ({ id }) => change(database, () => ({ end: { certificate: id } })),
        (error: unknown) => change(database, () => ({ end: problemOf(error) })),
      );
      return started;
    },
  };
}

function problemOf(error: unknown): NonNullable<Certification['end']> {
  if (BelayError.is(error)) return { code: error.code, message: error.message, hint: error.hint ?? null };
  return { code: 'BELAY_INTERNAL', message: error instanceof Error ? error.message : String(error), hint: null };
}
