// What a certificate is proof of, and what it does to the verdict: the tables of docs/databases/drill.md.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Certificate,
  type Comparison,
  OUTCOMES,
  outcomeOf,
  type Proof,
  type ProofQuestion,
  proofOf,
  schemaDifferences,
  withoutDrift,
  withoutValues,
} from '../../src/domain/certificate.ts';
import { type DatabaseFacts, judgeDatabase } from '../../src/domain/rollback-safety.ts';
import type { Judgement } from '../../src/domain/sql-judgement.ts';
import { certificateLines, proofText } from '../../src/domain/text/certificate-texts.ts';

const AT = Date.UTC(2026, 10, 20, 12);
const SEEN: Comparison = { tables: 3, rows: 1_234_567, lost: [], dropped: [], sampled: [], unchecked: [] };
const certificate = (o: Partial<Certificate> = {}): Certificate => ({
  ...{ id: 'c1', database: 'crm', at: AT, by: 'ana', from: 'v2', to: 'v1', stays: '1_a', postgres: 16, copiedAt: AT - 86_400_000 },
  migrations: [{ id: '2_b', hash: 'h2' }],
  outcome: 'lossless',
  comparison: SEEN,
  schema: { by: 'release', differs: [] },
  ...{ downMs: 14_000, tookMs: 60_000 },
  ...o,
});
const LOST = { ...SEEN, lost: [{ object: 'contact.nick', how: 'gone', count: 7 }] } as const;
const INDEX = { object: 'index public.forgotten', how: 'extra' } as const;
const asked: ProofQuestion = { database: 'crm', migrations: [{ id: '2_b', hash: 'h2' }], from: 'v2', postgres: 16 };
const PROGRAM = [{ id: '2_b', hash: 'h2', isProgram: true }];

describe('a certificate', () => {
  it('comes to the worst of what was seen', () => {
    const schema = { by: 'release', differs: [] } as const;
    expect(outcomeOf({ comparison: SEEN, schema })).toBe('lossless');
    expect(outcomeOf({ comparison: SEEN, schema: { by: null, differs: [] } })).toBe('unproved');
    expect(outcomeOf({ comparison: { ...SEEN, rows: 0 }, schema })).toBe('unproved');
    expect(outcomeOf({ comparison: { ...SEEN, unchecked: [{ table: 't', why: 'it took too long' }] }, schema })).toBe('unproved');
    expect(outcomeOf({ comparison: SEEN, schema: { by: 'release', differs: [INDEX] } })).toBe('differs');
    expect(outcomeOf({ comparison: LOST, schema: { by: 'release', differs: [INDEX] } })).toBe('lossy');
    expect(outcomeOf({ comparison: LOST, schema, said: 'no' })).toBe('fails');
    expect(outcomeOf({ comparison: null, schema })).toBe('fails');
  });

  it('does not blame the way back for what was otherwise before', () => {
    const [before, now] = [[{ object: 'index a', definition: 'x' }], [{ object: 'table t', definition: '' }]];
    const drift = schemaDifferences(before, []);
    expect(withoutDrift(schemaDifferences([...before, ...now], []), drift)).toEqual([{ object: 'table t', how: 'extra' }]);
    expect(schemaDifferences(before, [{ object: 'index a', definition: 'y' }])).toEqual([{ object: 'index a', how: 'other' }]);
  });

  it.each<[string, Partial<Certificate>[], Partial<typeof asked>, Proof['state'], unknown]>([
    ['of the same text and server is proof', [{}], {}, 'lossless', undefined],
    ['is none where nothing was tried', [], {}, 'none', undefined],
    ['of another database is none', [{ database: 'shop' }], {}, 'none', undefined],
    ['of other migrations altogether is none', [{ migrations: [{ id: '9_z', hash: 'h2' }] }], {}, 'none', undefined],
    ['of another text is out of date', [{ migrations: [{ id: '2_b', hash: 'other' }] }], {}, 'out-of-date', { changed: ['2_b'] }],
    ['whose text nobody can say now is out of date', [{}], { migrations: [{ id: '2_b' }] as never }, 'out-of-date', { changed: ['2_b'] }],
    ['of another major version is out of date', [{ postgres: 15 }], {}, 'out-of-date', { postgres: 15 }],
    [
      'of a part of the way is out of date',
      [{}],
      { migrations: [...asked.migrations, { id: '3_c', hash: 'h3' }] },
      'out-of-date',
      { taken: ['3_c'] },
    ],
    [
      'of a longer way is out of date',
      [
        {
          migrations: [
            { id: '3_c', hash: 'h3' },
            { id: '2_b', hash: 'h2' },
          ],
        },
      ],
      {},
      'out-of-date',
      { taken: ['3_c'] },
    ],
    ['of a program of another release is out of date', [{}], { from: 'r9', migrations: PROGRAM }, 'out-of-date', { release: 'v2' }],
    ['of plain SQL is proof in every release', [{}], { from: 'r9' }, 'lossless', undefined],
    ['that could not tell hides no bad one before it', [{ outcome: 'unproved' }, { outcome: 'lossy' }], {}, 'lossy', undefined],
    ['that failed later counts, and not the one before it', [{ outcome: 'fails' }, {}], {}, 'fails', undefined],
    ['that does not match hides none that does', [{ postgres: 17 }, {}], {}, 'lossless', undefined],
  ])('%s', (_title, kept, more, state, since) => {
    const proof = proofOf(kept.map(certificate), { ...asked, ...more });
    expect([proof.state, proof.since]).toEqual([state, since]);
  });
});

const judged = (undo: Judgement['undo'], family: Judgement['findings'][number]['family'] = 'rename'): Judgement => ({
  compat: 'ok',
  undo,
  findings: [{ family, compat: 'ok', undo }],
  drops: [],
});
const proofOfState = (state: Proof['state']): Proof => ({
  database: 'crm',
  state,
  certificate:
    state === 'none'
      ? null
      : certificate({
          ...(OUTCOMES.includes(state as never) ? { outcome: state as Certificate['outcome'] } : {}),
          ...(state === 'lossy' ? { comparison: LOST } : {}),
          ...(state === 'differs' ? { schema: { by: 'release', differs: [INDEX] } } : {}),
          ...(state === 'fails' ? { comparison: null, said: 'it fell' } : {}),
        }),
});
const facts = (o: Partial<DatabaseFacts>): DatabaseFacts => ({
  ...{
    database: 'crm',
    release: 'v1',
    applied: ['1_a', '2_b'],
    appliedThere: ['1_a', '2_b'],
    knownThere: [{ id: '1_a' }],
    boot: 'unknown',
  },
  known: ['1_a', '2_b'].map((id) => ({ id, up: null, down: null, reversible: true })),
  ...{ revert: ['2_b'], later: [], losses: [] },
  judged: new Map([['2_b', { up: null, down: null }]]),
  ...o,
});
const texts = (up: Judgement, down: Judgement) => ({ judged: new Map([['2_b', { up, down }]]) });
const EASY = texts(judged('lossless'), judged('lossless'));

describe('the verdict with a certificate', () => {
  it.each<[string, Partial<DatabaseFacts>, Proof['state'] | null, string]>([
    ['a program that nobody can read, never tried', {}, null, 'restore'],
    ['the same, proved', {}, 'lossless', 'down-lossless'],
    [
      'the same, proved, with values in what it drops now',
      { losses: [{ database: 'crm', object: 't.c', count: 3 }] },
      'lossless',
      'down-lossy',
    ],
    ['the same, with a certificate that is out of date', {}, 'out-of-date', 'restore'],
    ['the same, where not all could be compared', {}, 'unproved', 'restore'],
    ['another type on the way back, never tried', texts(judged('lossless'), judged('gone', 'change-type')), 'none', 'down-lossy'],
    ['another type on the way back, proved', texts(judged('lossless'), judged('gone', 'change-type')), 'lossless', 'down-lossless'],
    ['rows that the way back deletes, proved', texts(judged('lossless'), judged('gone', 'change-rows')), 'lossless', 'down-lossy'],
    ['what the way there took away, proved', texts(judged('gone', 'drop-column'), judged('lossless')), 'lossless', 'restore'],
    [
      'a way back that is not written, proved',
      { known: [{ id: '1_a', up: null, down: null, reversible: true }] },
      'lossless',
      'roll-forward-only',
    ],
    ['what reads well, never tried', EASY, null, 'down-lossless'],
    ['what reads well, and lost values', EASY, 'lossy', 'down-lossy'],
    ['what reads well, and left another schema', EASY, 'differs', 'down-lossy'],
    ['what reads well, and failed', EASY, 'fails', 'restore'],
    ['what reads well, and failed before it changed', EASY, 'out-of-date', 'down-lossless'],
    ['migrations that stay, whose old code nobody can judge', { revert: [] }, 'lossless', 'down-lossy'],
    ['nothing to take back', { knownThere: [{ id: '1_a' }, { id: '2_b' }], revert: [] }, 'fails', 'code-only'],
  ])('%s', (_title, more, state, verdict) => {
    expect(judgeDatabase(facts({ ...more, proof: state === null ? null : proofOfState(state) })).verdict).toBe(verdict);
  });

  it('says why, and never that the old code will run', () => {
    const whys = (more: Partial<DatabaseFacts>, state: Proof['state']) =>
      judgeDatabase(facts({ ...more, proof: proofOfState(state) })).reasons.map(({ why }) => why);
    expect(whys({}, 'lossless')).toEqual(['ahead', 'taken-back', 'proved']);
    expect(whys({ revert: [] }, 'lossless')).toEqual(['ahead', 'opaque', 'may-break', 'not-taken-back', 'proved']);
    expect(whys(EASY, 'lossless')).toEqual(['ahead', 'taken-back']);
    expect(whys(EASY, 'lossy')).toEqual(['ahead', 'taken-back', 'proof-lossy']);
    expect(whys(EASY, 'fails')).toEqual(['ahead', 'taken-back', 'proof-fails']);
  });
});

describe('the words of a certificate', () => {
  it('are a sentence in a plan, in both languages', () => {
    const said = (state: Proof['state'], since?: Proof['since']) =>
      (['en', 'pt-BR'] as const).map((lang) => proofText({ ...proofOfState(state), ...(since === undefined ? {} : { since }) }, lang));
    expect(said('lossless')).toEqual([
      'crm: proved reversible on 2026-11-20 with 1,234,567 rows in 14 s, on a copy of 2026-11-19',
      'crm: reversão provada em 2026-11-20 com 1.234.567 linhas em 14 s, em uma cópia de 2026-11-19',
    ]);
    expect(said('none')[0]).toBe('crm: no certificate: the way back was never tried');
    expect(said('lossy')[0]).toContain('loses 7 values of contact.nick');
    expect(said('differs')[0]).toContain('leaves index public.forgotten');
    expect(said('fails')[0]).toContain('it failed: it fell');
    expect(said('out-of-date', { changed: ['0042_x'] })[0]).toBe(
      'crm: the certificate of 2026-11-20 is out of date: migration 0042_x changed since',
    );
    expect(certificateLines(certificate(), 'en')).toEqual([
      'crm: proved reversible on 2026-11-20 with 1,234,567 rows in 14 s',
      'takes back 2_b by the files of v2, to v1',
      'on a copy of 2026-11-19, on Postgres 16, asked for by ana',
      'the schema afterwards is that of the release',
    ]);
  });

  it('never hold a value of a row that a server printed in one of its own forms, or the name of the copy', () => {
    const copy = 'belay_drill_1764300000_0123456789abcdef';
    expect(withoutValues(`crm (db/${copy}): invalid input syntax for type integer: "ana@acme.com"`)).toBe(
      'crm (the copy): invalid input syntax for type integer: "•••"',
    );
    expect(withoutValues(`Key (email)=(ana(1)@acme.com) already exists in ${copy}`)).toBe('Key (email)=(•••) already exists in the copy');
    const row =
      'new row violates check constraint "c"\nDETAIL:  Failing row contains (17, Maria Souza, maria@acme.com).\n[parameters: (1, x)]';
    expect(withoutValues(row)).not.toMatch(/Maria|17|parameters/);
    expect(withoutValues('failed: Failing row contains (17, Maria Souza)')).toBe('failed: Failing row contains (•••)');
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z0-9@ .]{6,40}$/), (value) => {
        const said = withoutValues(`x: invalid input syntax for type date: "${value}" Key (a, b)=(${value}, ${value}) exists`);
        expect(said).toBe('x: invalid input syntax for type date: "•••" Key (a, b)=(•••) exists');
      }),
    );
  });
});
