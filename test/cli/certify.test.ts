// `belay certify` against a door behind which a try is played: what is told on the way, what is printed, and with what it ends.
import { afterEach, expect, test } from 'vitest';
import type { Certificate } from '../../src/domain/certificate.ts';
import { BelayError } from '../../src/domain/errors.ts';
import { STAGES } from '../../src/flows/certify.ts';
import type { Certify } from '../../src/server/certifications.ts';
import { certificateOf } from '../contracts/certificates.ts';
import { createFakeCertificates } from '../world/fakes/certificates.ts';
import { type LivingDoor, livingDoor } from './belay.ts';

let door: LivingDoor | null = null;
afterEach(() => door?.remove());

const LOSSLESS = certificateOf({
  ...{ id: 'c2', at: Date.UTC(2026, 10, 20), copiedAt: Date.UTC(2026, 10, 19), outcome: 'lossless', downMs: 14_000 },
  comparison: { tables: 1, rows: 1_234_567, lost: [], dropped: [], sampled: [], unchecked: [] },
  schema: { by: 'release', differs: [] },
});

async function open(certify: Certify, kept: readonly Certificate[] = []): Promise<LivingDoor> {
  const certificates = createFakeCertificates();
  for (const one of kept) await certificates.keep(one);
  door = await livingDoor({
    certificates,
    certify: async (asked) => {
      const certificate = await certify(asked);
      await certificates.keep(certificate);
      return certificate;
    },
  });
  return door;
}

test('says each stage of a try, prints what it came to, and ends with 0 where nothing was lost', async () => {
  const { belay } = await open(async ({ onStage }) => {
    for (const stage of STAGES) onStage?.(stage);
    return LOSSLESS;
  });
  const told = await belay(['certify', 'crm', '--to', 'v1', '--plain']);
  expect([told.code, told.err.trim().split('\n')]).toEqual([
    0,
    [
      'crm: sees that the drill database is not production, and copies it …',
      'crm: takes back on the copy …',
      'crm: compares the rows …',
      'crm: compares the schema …',
      'crm: throws the copy away; the certificate is kept.',
    ],
  ]);
  expect(told.out).toMatchInlineSnapshot(`
    "+ crm: proved reversible on 2026-11-20 with 1,234,567 rows in 14 s
        takes back 2_b by the files of v2, to v1
        on a copy of 2026-11-19, on Postgres 18, asked for by ana
        the schema afterwards is that of the release
    "
  `);
  expect((await belay(['certify', '--list', '--json'])).json<{ certificates: readonly Certificate[] }>().certificates).toEqual([LOSSLESS]);
});

test('ends with 4 where the way back failed, with 5 where the drill database is production, and with 2 where nothing says where to', async () => {
  const { belay } = await open(async ({ to }) => {
    if (to === 'v1') return certificateOf();
    throw new BelayError('BELAY_GUARD_REFUSED', 'database crm: drill is on the very server of crm, so nothing was tried', {
      hint: 'Restore it.',
    });
  });
  const [failed, refused, nowhere] = await Promise.all([
    belay(['certify', 'crm', '--to', 'v1', '--json']),
    belay(['certify', 'shop', '--to', 'v0']),
    belay(['certify', 'crm']),
  ]);
  expect([failed.code, failed.json<Certificate>().outcome]).toEqual([4, 'fails']);
  expect([refused.code, refused.err]).toEqual([5, expect.stringContaining('drill is on the very server of crm')]);
  expect([nowhere.code, nowhere.err]).toEqual([2, expect.stringContaining('belay certify <database> --to <release or migration>')]);
});

test('refuses a second try of a database while the first one is under way, and lists nothing where nothing was proved', async () => {
  const { belay, ask } = await open(() => new Promise<never>(() => undefined));
  const start = (key: string) => ask('POST', '/v1/certificates', { body: { database: 'crm', to: 'v1' }, key });
  expect((await start('first-key-1')).status).toBe(202);
  const second = await start('second-key-2');
  expect([second.status, await second.json()]).toEqual([409, expect.objectContaining({ code: 'BELAY_LOCK_HELD' })]);
  expect((await belay(['certify', '--list', '--lang', 'pt-BR'])).out).toContain('Nada foi provado ainda');
});
