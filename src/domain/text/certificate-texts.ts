// Certificates of ways back in words, in both languages: one sentence where a plan is judged, a few lines where one is shown. Migrations, tables and
// releases keep their names.
import type { Certificate, LostOnCopy, Proof, SchemaDifference } from '../certificate.ts';
import type { Instant } from '../json.ts';
import type { Lang } from '../system.ts';
import { formatDuration } from '../time-text.ts';

interface Words {
  readonly number: string;
  readonly proved: (day: string, rows: string, took: string) => string;
  readonly of: (day: string) => string;
  readonly ageUnknown: string;
  readonly unproved: (day: string, why: string) => string;
  readonly noSchema: string;
  readonly tried: (day: string, what: string) => string;
  readonly failed: (said: string) => string;
  readonly changed: (day: string, ids: string) => string;
  readonly postgres: (day: string, major: number) => string;
  readonly taken: (day: string, ids: string) => string;
  readonly none: string;
  readonly lost: Readonly<Record<LostOnCopy['how'], (count: string, object: string) => string>>;
  readonly differs: Readonly<Record<SchemaDifference['how'], (object: string) => string>>;
  readonly by: Readonly<Record<'release' | 'round-trip', string>>;
  readonly back: (ids: string, from: string, to: string) => string;
  readonly on: (major: number, by: string) => string;
  readonly release: (day: string, release: string) => string;
  readonly sampled: (tables: string) => string;
  readonly unchecked: (tables: string) => string;
}

const en: Words = {
  number: 'en',
  proved: (day, rows, took) => `proved reversible on ${day} with ${rows} rows in ${took}`,
  of: (day) => `on a copy of ${day}`,
  ageUnknown: 'on a copy whose age is not known',
  unproved: (day, why) => `tried on ${day}, and not all of it could be compared: ${why}`,
  noSchema: 'the schema afterwards',
  tried: (day, what) => `tried on a copy on ${day}: ${what}`,
  failed: (said) => `it failed: ${said}`,
  changed: (day, ids) => `the certificate of ${day} is out of date: migration ${ids} changed since`,
  postgres: (day, major) => `the certificate of ${day} is out of date: it was made on Postgres ${major}`,
  taken: (day, ids) => `the certificate of ${day} is of another way back: not the same in both is ${ids}`,
  release: (day, release) => `the certificate of ${day} is out of date: the programs of ${release} were tried, and other ones would run`,
  none: 'no certificate: the way back was never tried',
  lost: {
    gone: (count, object) => `loses ${count} values of ${object}`,
    rows: (count, object) => `loses ${count} rows of ${object}`,
    added: (count, object) => `writes ${count} rows into ${object}`,
    changed: (count, object) => `changes up to ${count} values of ${object}`,
    empty: (_count, object) => `${object} comes back without what was in it`,
  },
  differs: {
    extra: (object) => `leaves ${object}`,
    missing: (object) => `lacks ${object}`,
    other: (object) => `has another ${object}`,
  },
  by: {
    release: 'the schema afterwards is that of the release',
    'round-trip': 'going back and up again gives the same schema',
  },
  back: (ids, from, to) => `takes back ${ids} by the files of ${from}, to ${to}`,
  on: (major, by) => `on Postgres ${major}, asked for by ${by}`,
  sampled: (tables) => `of these a part of the rows was compared: ${tables}`,
  unchecked: (tables) => `not compared: ${tables}`,
};

const ptBr: Words = {
  number: 'pt-BR',
  proved: (day, rows, took) => `reversão provada em ${day} com ${rows} linhas em ${took}`,
  of: (day) => `em uma cópia de ${day}`,
  ageUnknown: 'em uma cópia de idade desconhecida',
  unproved: (day, why) => `testado em ${day}, e nem tudo pôde ser comparado: ${why}`,
  noSchema: 'o esquema depois',
  tried: (day, what) => `testado em uma cópia em ${day}: ${what}`,
  failed: (said) => `falhou: ${said}`,
  changed: (day, ids) => `o certificado de ${day} está desatualizado: a migração ${ids} mudou desde então`,
  postgres: (day, major) => `o certificado de ${day} está desatualizado: foi feito no Postgres ${major}`,
  taken: (day, ids) => `o certificado de ${day} é de outro caminho de volta: não é igual nos dois ${ids}`,
  release: (day, release) => `o certificado de ${day} está desatualizado: foram testados os programas de ${release}, e rodariam outros`,
  none: 'sem certificado: o caminho de volta nunca foi testado',
  lost: {
    gone: (count, object) => `perde ${count} valores de ${object}`,
    rows: (count, object) => `perde ${count} linhas de ${object}`,
    added: (count, object) => `grava ${count} linhas em ${object}`,
    changed: (count, object) => `muda até ${count} valores de ${object}`,
    empty: (_count, object) => `${object} volta sem o que havia nele`,
  },
  differs: {
    extra: (object) => `deixa ${object}`,
    missing: (object) => `fica sem ${object}`,
    other: (object) => `tem outro ${object}`,
  },
  by: {
    release: 'o esquema depois é o da release',
    'round-trip': 'voltar e subir de novo dá o mesmo esquema',
  },
  back: (ids, from, to) => `desfaz ${ids} com os arquivos de ${from}, até ${to}`,
  on: (major, by) => `no Postgres ${major}, a pedido de ${by}`,
  sampled: (tables) => `destas só parte das linhas foi comparada: ${tables}`,
  unchecked: (tables) => `não comparadas: ${tables}`,
};

const WORDS: Readonly<Record<Lang, Words>> = { en, 'pt-BR': ptBr };
const MOST_NAMED = 6;

/** 2026-11-20, wherever it is read. */
const DAY = new Intl.DateTimeFormat('sv-SE', { timeZone: 'UTC', year: 'numeric', month: '2-digit', day: '2-digit' });
const dayOf = (at: Instant): string => DAY.format(at);
const several = (all: readonly string[]): string =>
  [...all.slice(0, MOST_NAMED), ...(all.length > MOST_NAMED ? [`… +${all.length - MOST_NAMED}`] : [])].join(', ');

/** What one says of the way that it is about. */
function outcomeText(certificate: Certificate, lang: Lang): string {
  const words = WORDS[lang];
  const count = (value: number): string => new Intl.NumberFormat(words.number).format(value);
  const { at, comparison, schema, said = '' } = certificate;
  const day = dayOf(at);
  switch (certificate.outcome) {
    case 'lossless':
      return words.proved(day, count(comparison?.rows ?? 0), formatDuration(certificate.downMs, lang));
    case 'unproved': {
      const tables = (comparison?.unchecked ?? []).map(({ table, why }) => `${table} (${why})`);
      return words.unproved(day, several([...tables, ...(schema.by === null ? [words.noSchema] : [])]));
    }
    case 'lossy':
      return words.tried(day, several((comparison?.lost ?? []).map((one) => words.lost[one.how](count(one.count), one.object))));
    case 'differs':
      return words.tried(day, several(schema.differs.map((one) => words.differs[one.how](one.object))));
    case 'fails':
      return words.tried(day, words.failed(said));
  }
}

const copyText = ({ copiedAt }: Certificate, words: Words): string => (copiedAt === null ? words.ageUnknown : words.of(dayOf(copiedAt)));

/** One sentence, for a plan. */
export function proofText(proof: Proof, lang: Lang): string {
  const words = WORDS[lang];
  const { database, certificate, since } = proof;
  const said = (): string => {
    if (certificate === null) return words.none;
    const day = dayOf(certificate.at);
    if (since !== undefined && 'changed' in since) return words.changed(day, several(since.changed));
    if (since !== undefined && 'postgres' in since) return words.postgres(day, since.postgres);
    if (since !== undefined && 'release' in since) return words.release(day, since.release);
    if (since !== undefined) return words.taken(day, several(since.taken));
    return `${outcomeText(certificate, lang)}, ${copyText(certificate, words)}`;
  };
  return `${database}: ${said()}`;
}

/** The first line says it; the others say of what. */
export function certificateLines(certificate: Certificate, lang: Lang): readonly string[] {
  const words = WORDS[lang];
  const { database, migrations, from, to, comparison, schema, postgres, by } = certificate;
  const ids = several(migrations.map(({ id }) => id));
  const sampled = comparison?.sampled ?? [];
  const unchecked = certificate.outcome === 'unproved' ? [] : (comparison?.unchecked ?? []).map(({ table, why }) => `${table} (${why})`);
  const differs = certificate.outcome === 'differs' ? [] : schema.differs.map((one) => words.differs[one.how](one.object));
  return [
    `${database}: ${outcomeText(certificate, lang)}`,
    words.back(ids, from, to),
    `${copyText(certificate, words)}, ${words.on(postgres, by)}`,
    ...(schema.by !== null && schema.differs.length === 0 ? [words.by[schema.by]] : []),
    ...(differs.length === 0 ? [] : [several(differs)]),
    ...(sampled.length === 0 ? [] : [words.sampled(several(sampled))]),
    ...(unchecked.length === 0 ? [] : [words.unchecked(several(unchecked))]),
  ];
}
