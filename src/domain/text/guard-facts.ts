// What a guard saw, in a few words: its facts are values with units, which a tired reader should not have to decode. Instants stay in the
// log: a sentence without a zone cannot carry them.
import type { GuardVerdict } from '../guardrail.ts';
import type { Json, JsonObject } from '../json.ts';
import type { Lang } from '../system.ts';
import { formatDuration, formatShare } from '../time-text.ts';

const WORDS = {
  en: {
    of: 'of',
    bad: 'bad',
    chance: 'chance',
    within: 'looked back',
    hit: 'hit',
    healthy: 'healthy',
    others: 'the others',
    users: 'users',
    requests: 'requests',
    wanted: 'wanted',
    rollbacks: 'rollbacks in 24 h',
    rest: 'rest between two',
    newest: 'newest data',
    old: 'old',
    allowed: 'allowed',
    lag: 'own delay',
    silent: 'silent',
  },
  'pt-BR': {
    of: 'de',
    bad: 'ruins',
    chance: 'acaso',
    within: 'olhando para trás',
    hit: 'atingidas',
    healthy: 'saudáveis',
    others: 'as demais',
    users: 'usuários',
    requests: 'requisições',
    wanted: 'exigidos',
    rollbacks: 'rollbacks em 24 h',
    rest: 'pausa entre dois',
    newest: 'dado mais recente',
    old: 'de idade',
    allowed: 'permitidos',
    lag: 'atraso próprio',
    silent: 'mudas',
  },
} as const satisfies Readonly<Record<Lang, Readonly<Record<string, string>>>>;

type Tell = (facts: Facts, lang: Lang) => readonly (string | null)[];

/** Reads facts as they were written down, perhaps by another version: what is missing, or is something else, is left out. */
class Facts {
  readonly #facts: JsonObject;

  constructor(facts: JsonObject) {
    this.#facts = facts;
  }

  number(name: string): number | null {
    const value = this.#facts[name];
    return typeof value === 'number' ? value : null;
  }

  text(name: string): string | null {
    const value = this.#facts[name];
    return typeof value === 'string' && value !== '' ? value : null;
  }

  list(name: string): readonly Json[] {
    const value = this.#facts[name];
    return Array.isArray(value) ? value : [];
  }
}

const fieldsOf = (one: Json): JsonObject => (typeof one === 'object' && one !== null && !Array.isArray(one) ? (one as JsonObject) : {});
const isField = (one: Json, field: string, value: Json): boolean => fieldsOf(one)[field] === value;

function names(found: readonly Json[], field: string): string | null {
  const told = found.map((one) => fieldsOf(one)[field]).filter((name) => typeof name === 'string');
  return told.length === 0 ? null : [...new Set(told)].join(', ');
}

function counts(facts: Facts, [part, whole]: readonly [string, string], lang: Lang): string | null {
  const [some, all] = [facts.number(part), facts.number(whole)];
  if (some === null || all === null) return null;
  return `${some} ${WORDS[lang].of} ${all}${all > 0 ? ` = ${formatShare(some / all, lang)}` : ''}`;
}

const after = (word: string, value: string | null): string | null => (value === null ? null : `${word} ${value}`);
const duration = (facts: Facts, name: string, lang: Lang): string | null => {
  const ms = facts.number(name);
  return ms === null ? null : formatDuration(ms, lang);
};
const chance = (facts: Facts, lang: Lang): string | null => {
  const value = facts.number('pValue');
  return value === null ? null : `${WORDS[lang].chance} ${value.toPrecision(1)}`;
};

const TELLERS: Readonly<Record<string, Tell>> = {
  G1: (facts, lang) => [facts.text('scope'), counts(facts, ['bad', 'all'], lang), chance(facts, lang)],
  G2: (facts, lang) => [names(facts.list('targets'), 'target'), after(WORDS[lang].within, duration(facts, 'changedWithinMs', lang))],
  G3: (facts, lang) => {
    const [hit, active, healthy] = [facts.number('inBreach'), facts.number('active'), facts.number('knownHealthy')];
    if (hit === null || active === null) return [];
    return [`${hit} ${WORDS[lang].of} ${active} ${WORDS[lang].hit}`, healthy === null ? null : `${healthy} ${WORDS[lang].healthy}`];
  },
  G4: (facts) => [
    names(
      facts.list('upstreams').filter((one) => !isField(one, 'healthy', true)),
      'id',
    ),
  ],
  G5: (facts, lang) => [
    counts(facts, ['bad', 'all'], lang),
    after(`${WORDS[lang].others}:`, counts(facts, ['controlBad', 'controlAll'], lang)),
    chance(facts, lang),
  ],
  G6: (facts, lang) => {
    const limit = facts.number('limit');
    const by = facts.text('by') === 'users' ? WORDS[lang].users : WORDS[lang].requests;
    return [
      after(`${by}:`, counts(facts, ['affected', 'active'], lang)),
      limit === null ? null : `${formatShare(limit, lang)} ${WORDS[lang].wanted}`,
    ];
  },
  G7: (facts, lang) => {
    const [lastDay, most] = [facts.number('lastDay'), facts.number('perScopePerDay')];
    const told = lastDay === null || most === null ? null : `${lastDay} ${WORDS[lang].of} ${most} ${WORDS[lang].rollbacks}`;
    return [told, after(WORDS[lang].rest, duration(facts, 'cooldownMs', lang)), facts.text('target')];
  },
  G8: (facts, lang) => {
    const words = WORDS[lang];
    const dead = facts.list('deadSources').filter((one): one is string => typeof one === 'string');
    const age = duration(facts, 'watermarkAgeMs', lang);
    const limit = duration(facts, 'limitMs', lang);
    return [
      dead.length === 0 ? null : `${words.silent}: ${dead.join(', ')}`,
      age === null ? null : `${words.newest} ${age} ${words.old}`,
      limit === null ? null : `${limit} ${words.allowed}`,
      after(words.lag, duration(facts, 'lagMs', lang)),
    ];
  },
  G9: (facts) => facts.list('restrictions').map((one) => (typeof one === 'string' ? one : null)),
  G10: (facts) => [
    names(
      facts.list('provenance').filter((one) => isField(one, 'truncated', true) || isField(one, 'kind', 'unsigned')),
      'source',
    ),
  ],
};

/** In the order in which people need them. A runbook's own guard says what it asks. */
export function guardFacts({ guard, facts }: Pick<GuardVerdict, 'guard' | 'facts'>, lang: Lang): readonly string[] {
  const read = new Facts(facts);
  const tell = Object.hasOwn(TELLERS, guard) ? TELLERS[guard] : undefined;
  return (tell === undefined ? [read.text('ask')] : tell(read, lang)).filter((one) => one !== null);
}
