// An explanation in sentences, in both languages: what was measured, how sure that is, and what followed.
import { guardText } from '../event-text.ts';
import type { ExplainedSilence, Explanation } from '../explanation.ts';
import { wordMs } from '../people-report.ts';
import type { Lang } from '../system.ts';
import { formatDuration, formatShare, formatTime } from '../time-text.ts';

interface Told {
  readonly lang: Lang;
  readonly zone: string;
  /** Name of a scope for people; '' is the whole system. */
  readonly nameOf: (scope: string) => string;
}

/** One line a thought. */
export function explanationLines(one: Explanation, told: Told): readonly string[] {
  const words = WORDS[told.lang];
  const show = (value: number): string => figureText(value, one.kind, told.lang);
  const time = (at: number): string => formatTime(at, told);
  const name = `${one.trigger}${one.scope === '' ? '' : ` (${told.nameOf(one.scope)})`}`;
  return [
    words.stands(name, one, time),
    ...measured(one, words, show, told.lang),
    ...(one.share === null ? [] : [words.mayBeAbove(formatShare(one.share, told.lang), one.bad, one.all)]),
    ...sure(one, words, (value) => formatShare(value, told.lang)),
    ...one.silences.map((silence) => words.silenced(silence, time(silence.until))),
    ...one.decisions.flatMap((decision) => [
      words.decided(time(decision.at), decision.choice, decision.open.length === 0 ? decision.reason : ''),
      ...decision.open.map((guard) => `  ${guardText(guard, told.lang)}`),
    ]),
  ];
}

function measured(one: Explanation, words: Words, show: (value: number) => string, lang: Lang): readonly string[] {
  const { breach } = one.rule;
  if (one.rule.builtIn === 'clock') return [one.value === null ? words.clockUnknown : words.clock(show(one.value))];
  if (one.kind === 'manual') return [words.reported(one.bad, formatDuration(wordMs(one.rule), lang))];
  if (one.value === null) return [words.nothingMeasured];
  const window = breach === undefined || breach.overMs <= 1 ? '' : words.within(formatDuration(breach.overMs, lang));
  const counts = one.kind === 'ratio' || one.kind === 'fractionAbove' ? words.counts(one.bad, one.all) : '';
  const limit = breach?.vs !== undefined ? words.factor(breach.vs.times, breach.vs.with === 'others') : limitOf(one, words, show);
  const base = one.baseline === null ? '' : baseOf(one.baseline, one, words, show);
  return [`${words.value(show(one.value))}${counts}${window}${limit}${base}.`];
}

/** A rate has no bad ones among all: it is a rate there, too. */
function baseOf(
  base: { readonly bad: number; readonly all: number },
  one: Explanation,
  words: Words,
  show: (value: number) => string,
): string {
  const vs = one.rule.breach?.vs?.with;
  return one.kind === 'rate' && vs !== undefined && vs !== 'others'
    ? words.againstRate(show((base.all * 60_000) / vs.beforeMs))
    : words.against(base.bad, base.all);
}

function limitOf({ rule: { breach } }: Explanation, words: Words, show: (value: number) => string): string {
  if (breach?.above !== undefined) return words.above(show(breach.above));
  return breach?.below === undefined ? '' : words.below(show(breach.below));
}

function sure(one: Explanation, words: Words, share: (value: number) => string): readonly string[] {
  const lines: string[] = [];
  if (one.unknown) lines.push(words.unknown);
  if (one.warming) lines.push(words.warming);
  if (one.kind === 'manual' && one.bad > 0 && one.level !== 'act') lines.push(words.oneWord);
  // A count is what it is: more than people wanted is a question, whatever chance would bring.
  const isCounted = one.kind === 'count' || one.kind === 'event';
  if (one.kind === 'distinct' && one.overLimit) lines.push(words.asksAlways);
  else if (one.early !== null) lines.push((one.level === 'act' ? words.earlyAct : words.early)(share(one.early.usual)));
  else if (one.chance !== null && !isCounted)
    lines.push(words.chance(odds(one.chance), odds(one.rule.evidence.suspect), odds(one.rule.evidence.act)));
  else if (one.overLimit && one.level !== 'act' && one.needed !== null)
    lines.push(
      one.bad >= one.needed.act
        ? words.capped
        : isCounted
          ? words.asks(one.needed.act)
          : words.needed(one.bad, one.needed.suspect, one.needed.act),
    );
  else if (!one.overLimit && !one.unknown && one.value !== null && one.kind !== 'manual')
    lines.push(one.rule.breach?.vs === undefined || one.baseline !== null ? words.notOver : words.nothingBeside);
  if (one.rule.mode === 'shadow') lines.push(words.shadow);
  return lines;
}

/** `1 in 54,000`: how people hear a probability. */
const odds = (p: number): number => (p <= 0 ? Number.POSITIVE_INFINITY : 1 / p);

/** `2 %`, `12/min`, `3 min`: a value of a signal in its own unit. */
export function figureText(value: number, kind: Explanation['kind'], lang: Lang): string {
  if (kind === 'ratio' || kind === 'fractionAbove') return formatShare(value, lang);
  if (kind === 'age' || kind === 'absent') return formatDuration(value * 1_000, lang);
  const number = new Intl.NumberFormat(lang, { maximumSignificantDigits: 4 }).format(value);
  return kind === 'rate' ? `${number}/min` : number;
}

interface Words {
  stands(name: string, one: Explanation, time: (at: number) => string): string;
  readonly nothingMeasured: string;
  reported(people: number, within: string): string;
  readonly oneWord: string;
  value(value: string): string;
  counts(bad: number, all: number): string;
  within(window: string): string;
  above(limit: string): string;
  below(limit: string): string;
  factor(times: number, others: boolean): string;
  against(bad: number, all: number): string;
  againstRate(rate: string): string;
  chance(one: number, suspect: number, act: number): string;
  needed(bad: number, suspect: number, act: number): string;
  asks(act: number): string;
  mayBeAbove(share: string, bad: number, all: number): string;
  early(usual: string): string;
  earlyAct(usual: string): string;
  clock(off: string): string;
  readonly clockUnknown: string;
  readonly asksAlways: string;
  readonly capped: string;
  readonly notOver: string;
  readonly nothingBeside: string;
  readonly unknown: string;
  readonly warming: string;
  readonly shadow: string;
  silenced(silence: ExplainedSilence, until: string): string;
  decided(time: string, choice: string, reason: string): string;
}

const large = (value: number, lang: Lang): string =>
  Number.isFinite(value)
    ? new Intl.NumberFormat(lang, { notation: value >= 1e9 ? 'scientific' : 'standard', maximumSignificantDigits: 2 }).format(value)
    : '∞';

const WORDS: Readonly<Record<Lang, Words>> = {
  en: {
    stands: (name, { status, since }, time) =>
      status === 'ok' || since === null ? `${name} is ${status}.` : `${name} is ${status} since ${time(since)}.`,
    nothingMeasured: 'Nothing was measured in its window.',
    reported: (people, within) =>
      people === 0 ? 'Nobody has reported it.' : `Reported by ${people === 1 ? 'one person' : `${people} people`} within ${within}.`,
    oneWord: "One person's word asks: a second person, or somebody who is approver, makes it enough to act on.",
    value: (value) => `Measured: ${value}`,
    counts: (bad, all) => `, ${bad} bad of ${all}`,
    within: (window) => ` within ${window}`,
    above: (limit) => `; the limit is above ${limit}`,
    below: (limit) => `; the limit is below ${limit}`,
    factor: (times, others) => `; the limit is ${times} times ${others ? 'that of the other organizations' : 'that of the time before'}`,
    againstRate: (rate) => ` (there ${rate})`,
    against: (bad, all) => ` (there ${bad} of ${all})`,
    chance: (one, suspect, act) =>
      `By chance so much comes once in ${large(one, 'en')} looks; Belay asks from one in ${large(suspect, 'en')}, and may act alone from one in ${large(act, 'en')}.`,
    needed: (bad, suspect, act) =>
      `Over the limit, and not significant yet: ${bad} bad events; ${suspect} are needed to ask, ${act} to act alone.`,
    asks: (act) => `More than there should be: Belay asks; ${act} would be enough to act alone.`,
    mayBeAbove: (share, bad, all) => `${share} of the events may be above the limit: ${bad} of ${all} were.`,
    early: (usual) =>
      `Few events, but more bad ones than the usual ${usual} for so long that chance would bring it about once a year: Belay asks early, and does not act alone.`,
    earlyAct: (usual) =>
      `Few events, but more bad ones than the usual ${usual} of the last two weeks for so long that chance would bring it about once in a hundred years: enough to act alone.`,
    clock: (off) =>
      `Its clock and Belay's are ${off} apart, delivery after delivery; more than 5 s are told. Where a window would notice, Belay counts by arrival.`,
    clockUnknown: 'It has told no times of its own lately that its clock could be judged by.',
    asksAlways: 'More than there should be: Belay asks, and never acts on such a count alone.',
    capped:
      'Enough to act alone, but here it may only ask: nobody has confirmed the impact, it came back too often, or it is of many at once.',
    notOver: 'It is not beyond the limit.',
    nothingBeside:
      'There is nothing to compare it with yet (it is new, or the time before is not covered): that is no breach, and no proof of health.',
    unknown: 'There is no fresh data: unknown is never a breach, and never the end of one.',
    warming: 'The window is not full yet: until then it may ask, and not act.',
    shadow: 'The trigger is in shadow: it is only noted.',
    silenced: ({ id, of, by, reason }, until) =>
      of === null
        ? `Silence ${id} holds until ${until} (${by}: ${reason}): nobody is told, and nothing is acted on.`
        : `Silence ${id} of ${of} holds until ${until} (${by}: ${reason}): people are told, and Belay does not act alone.`,
    decided: (time, choice, reason) =>
      `${time} Belay decided: ${{ act: 'act alone', ask: 'ask people', refuse: 'refuse' }[choice] ?? choice}${reason === '' ? '' : ` (${reason})`}.`,
  },
  'pt-BR': {
    stands: (name, { status, since }, time) => {
      const word = { ok: 'normal', suspect: 'suspeito', breached: 'violado', cleared: 'normalizado' }[status];
      return status === 'ok' || since === null ? `${name} está ${word}.` : `${name} está ${word} desde ${time(since)}.`;
    },
    nothingMeasured: 'Nada foi medido na janela.',
    reported: (people, within) =>
      people === 0 ? 'Ninguém relatou.' : `Relatado por ${people === 1 ? 'uma pessoa' : `${people} pessoas`} em ${within}.`,
    oneWord: 'A palavra de uma pessoa pergunta: uma segunda pessoa, ou alguém que seja approver, basta para agir.',
    value: (value) => `Medido: ${value}`,
    counts: (bad, all) => `, ${bad} ruins de ${all}`,
    within: (window) => ` em ${window}`,
    above: (limit) => `; o limite é acima de ${limit}`,
    below: (limit) => `; o limite é abaixo de ${limit}`,
    factor: (times, others) => `; o limite é ${times} vezes ${others ? 'o das outras organizações' : 'o do período anterior'}`,
    againstRate: (rate) => ` (lá ${rate})`,
    against: (bad, all) => ` (lá ${bad} de ${all})`,
    chance: (one, suspect, act) =>
      `Por acaso isso ocorre uma vez em ${large(one, 'pt-BR')} olhadas; o Belay pergunta a partir de uma em ${large(suspect, 'pt-BR')}, e pode agir sozinho a partir de uma em ${large(act, 'pt-BR')}.`,
    needed: (bad, suspect, act) =>
      `Acima do limite, mas ainda não significativo: ${bad} eventos ruins; ${suspect} são precisos para perguntar, ${act} para agir sozinho.`,
    asks: (act) => `Mais do que deveria haver: o Belay pergunta; ${act} bastariam para agir sozinho.`,
    mayBeAbove: (share, bad, all) => `${share} dos eventos podem ficar acima do limite: ${bad} de ${all} ficaram.`,
    early: (usual) =>
      `Poucos eventos, mas há tanto tempo mais ruins do que os ${usual} habituais que o acaso traria isso cerca de uma vez por ano: o Belay pergunta cedo, e não age sozinho.`,
    earlyAct: (usual) =>
      `Poucos eventos, mas há tanto tempo mais ruins do que os ${usual} habituais das últimas duas semanas que o acaso traria isso cerca de uma vez em cem anos: basta para agir sozinho.`,
    clock: (off) =>
      `O relógio dela e o do Belay diferem em ${off}, entrega após entrega; mais de 5 s são avisados. Onde uma janela notaria, o Belay conta pela chegada.`,
    clockUnknown: 'Ultimamente ela não informou horários próprios pelos quais julgar o relógio.',
    asksAlways: 'Mais do que deveria haver: o Belay pergunta, e nunca age sozinho só por essa contagem.',
    capped:
      'Bastaria para agir sozinho, mas aqui só pode perguntar: ninguém confirmou o impacto, voltou vezes demais, ou é de muitos ao mesmo tempo.',
    notOver: 'Não está além do limite.',
    nothingBeside:
      'Ainda não há com o que comparar (é novo, ou o período anterior não está coberto): isso não é violação nem prova de saúde.',
    unknown: 'Não há dados recentes: desconhecido nunca é uma violação, nem o fim de uma.',
    warming: 'A janela ainda não está cheia: até lá pode perguntar, não agir.',
    shadow: 'O gatilho está em sombra: é apenas anotado.',
    silenced: ({ id, of, by, reason }, until) =>
      of === null
        ? `O silêncio ${id} vale até ${until} (${by}: ${reason}): ninguém é avisado, e nada é feito.`
        : `O silêncio ${id} de ${of} vale até ${until} (${by}: ${reason}): as pessoas são avisadas, e o Belay não age sozinho.`,
    decided: (time, choice, reason) =>
      `${time} O Belay decidiu: ${{ act: 'agir sozinho', ask: 'perguntar às pessoas', refuse: 'recusar' }[choice] ?? choice}${reason === '' ? '' : ` (${reason})`}.`,
  },
};
