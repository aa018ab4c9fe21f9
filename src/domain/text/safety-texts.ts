// The verdict on a way back in words, in both languages: what it is, and why. Migrations, tables and releases keep their names.
import type { Loss, Safety, SafetyReason, SafetyWhy, Verdict } from '../rollback-safety.ts';
import type { SqlFamily } from '../sql-judgement.ts';
import type { Lang } from '../system.ts';

interface Texts {
  readonly title: string;
  readonly verdict: Readonly<Record<Verdict, string>>;
  readonly why: Readonly<Record<SafetyWhy, (reason: Shown) => string>>;
  readonly family: Readonly<Record<SqlFamily, string>>;
  readonly number: string;
}

/** With everything in words. */
interface Shown {
  readonly database: string;
  readonly ids: string;
  readonly release: string;
  readonly findings: string;
  readonly object: string;
  readonly count: string;
  readonly said: string;
}

const inBrackets = (said: string): string => (said === '' ? '' : ` (${said})`);

const en: Texts = {
  title: 'Safe to roll back?',
  number: 'en',
  verdict: {
    'code-only': 'yes: only code changes',
    'flags-first': 'yes, once the flags are off',
    'down-lossless': 'yes: the database goes back, and nothing is lost',
    'down-lossy': 'with loss: the database goes back, and data goes with it',
    restore: 'not by itself: what is lost comes back from a backup alone',
    'roll-forward-only': 'no: there is no way back; go forward',
  },
  why: {
    'same-schema': ({ database, release }) => `${database}: ${release} knows every migration that is applied`,
    ahead: ({ database, ids, release }) => `${database}: has ${ids}, which ${release} does not know`,
    lacking: ({ database, ids, release }) => `${database}: ${release} needs ${ids}, which the database would not have`,
    'runs-on-new': ({ database, ids, release }) => `${database}: ${release} can run with ${ids}`,
    'may-break': ({ database, release, findings }) => `${database}: ${release} may not run on it: ${findings}`,
    breaks: ({ database, release, findings }) => `${database}: ${release} will not run on it: ${findings}`,
    'refuses-boot': ({ database, release }) => `${database}: ${release} refuses to start on migrations that it does not know`,
    'boots-blindly': ({ database, release }) => `${database}: ${release} starts all the same and fails later`,
    'taken-back': ({ database, ids }) => `${database}: ${ids} are taken back before the code`,
    'not-taken-back': ({ database, ids }) => `${database}: no step takes ${ids} back before the code`,
    'taken-later': ({ database, ids }) => `${database}: ${ids} are taken back after the code`,
    'no-way-back': ({ database, ids }) => `${database}: no way back is written for ${ids}`,
    opaque: ({ database, ids, said }) => `${database}: ${ids} are programs: what they do to data cannot be read${inBrackets(said)}`,
    'already-lost': ({ database, findings }) => `${database}: what these took away stays away: ${findings}`,
    loses: ({ database, object, count }) => `${database}: would lose ${count} values of ${object}`,
    'loses-unknown': ({ database, object, findings }) => `${database}: how much would be lost is not known: ${object || findings}`,
    'loses-nothing': ({ database, object }) => `${database}: ${object} is empty`,
    locks: ({ database, findings }) => `${database}: others wait meanwhile: ${findings}`,
    proved: ({ database, ids }) => `${database}: what taking back ${ids} does to the data was seen on a copy: nothing was lost there`,
    'proof-lossy': ({ database, object, count }) => `${database}: on a copy it cost ${count} values of ${object}`,
    'proof-differs': ({ database, object }) => `${database}: on a copy the schema was not that of the release afterwards: ${object}`,
    'proof-fails': ({ database, said }) => `${database}: on a copy the way back failed: ${said}`,
    'either-way': ({ database, ids }) => `${database}: ${ids} may be skipped, so it is judged both ways and the worse one counts`,
    unreadable: ({ database, said }) => `${database}: could not be judged, so the worst is assumed: ${said}`,
    'flag-changed': ({ database, release, said }) =>
      `flag ${database}: is ${said} now, which ${release} never ran with: turn it off first, see it off, then switch`,
    'flag-unseen': ({ database, release, said }) =>
      `flag ${database}: is ${said} now, and nobody saw what it was while ${release} ran: turn it off first, see it off, then switch`,
    'flag-reused': ({ database, release, said }) =>
      `flag ${database}: its name meant something else to ${release} (${said}): turn it off first, see it off, then switch`,
    'flag-default': ({ database, release, said }) =>
      `flag ${database}: ${release} reads it with another default (${said}): turn it off first, see it off, then switch`,
    'flag-unreadable': ({ database, said }) => `flag ${database}: could not be read, so it is taken for on: ${said}`,
    'flag-off-first': ({ database }) => `flag ${database}: is turned off before the code`,
    'flag-off-late': ({ database }) => `flag ${database}: the step that turns it off comes after the code: put it above`,
    'config-added': ({ database, ids, release }) => `settings ${database}: ${ids} were added since ${release} ran`,
    'config-lacks': ({ database, ids, release }) => `settings ${database}: ${release} ran with ${ids}, and would not find them any more`,
    'config-back': ({ database, ids }) => `settings ${database}: ${ids} were removed since, and come back`,
    'config-changed': ({ database, ids, release }) => `settings ${database}: ${ids} have other values than when ${release} ran`,
    'config-rotated': ({ database, ids }) => `settings ${database}: ${ids} were rotated since; they stay as they are now`,
    'config-rotated-back': ({ database, ids }) =>
      `settings ${database}: ${ids} were rotated since, and this target brings the old ones back: they may be revoked`,
    'config-unseen': ({ database, release }) =>
      `settings ${database}: nobody saw what they were while ${release} ran, so what it lacks is not known`,
    'config-back-unseen': ({ database, release }) =>
      `settings ${database}: this target brings those of ${release} back, and nobody saw what they were`,
    'config-unreadable': ({ database, said }) => `settings ${database}: could not be compared: ${said}`,
  },
  family: {
    'create-table': 'a new table',
    'create-object': 'a new object',
    insert: 'new rows',
    'add-column': 'a new column',
    'add-column-required': 'a new column that must be filled',
    'drop-column': 'a dropped column',
    'drop-table': 'a dropped table',
    'drop-data': 'dropped data',
    'drop-code': 'a dropped view, function or type',
    'drop-index': 'a dropped index',
    rename: 'a new name',
    'change-type': 'another type',
    'set-not-null': 'no more NULL',
    'drop-not-null': 'NULL is allowed',
    'add-constraint': 'a new constraint',
    'drop-constraint': 'a dropped constraint',
    'set-default': 'a default',
    'drop-default': 'no more default',
    'row-security': 'row security',
    policy: 'a policy',
    'create-index': 'a new index',
    'create-unique-index': 'a new unique index',
    'change-rows': 'changed or deleted rows',
    'enum-add': 'a new value of an enum',
    'enum-rename': 'a renamed value of an enum',
    grant: 'a right given',
    revoke: 'a right taken',
    'create-trigger': 'a trigger',
    'create-code': 'a new view or function',
    'replace-code': 'a replaced view or function',
    opaque: 'statements whose effect cannot be read',
    harmless: 'nothing that counts',
    unclassified: 'a statement of no known kind',
    unreadable: 'a text that is no SQL',
  },
};

const ptBR: Texts = {
  title: 'É seguro voltar?',
  number: 'pt-BR',
  verdict: {
    'code-only': 'sim: só muda código',
    'flags-first': 'sim, depois de desligar as flags',
    'down-lossless': 'sim: o banco volta, e nada se perde',
    'down-lossy': 'com perda: o banco volta, e dados vão junto',
    restore: 'não por si só: o que se perdeu volta apenas de um backup',
    'roll-forward-only': 'não: não há caminho de volta; siga em frente',
  },
  why: {
    'same-schema': ({ database, release }) => `${database}: ${release} conhece todas as migrações aplicadas`,
    ahead: ({ database, ids, release }) => `${database}: tem ${ids}, que ${release} não conhece`,
    lacking: ({ database, ids, release }) => `${database}: ${release} precisa de ${ids}, que o banco não teria`,
    'runs-on-new': ({ database, ids, release }) => `${database}: ${release} funciona com ${ids}`,
    'may-break': ({ database, release, findings }) => `${database}: ${release} talvez não funcione nele: ${findings}`,
    breaks: ({ database, release, findings }) => `${database}: ${release} não funciona nele: ${findings}`,
    'refuses-boot': ({ database, release }) => `${database}: ${release} se recusa a iniciar com migrações que não conhece`,
    'boots-blindly': ({ database, release }) => `${database}: ${release} inicia mesmo assim e falha depois`,
    'taken-back': ({ database, ids }) => `${database}: ${ids} são desfeitas antes do código`,
    'not-taken-back': ({ database, ids }) => `${database}: nenhum passo desfaz ${ids} antes do código`,
    'taken-later': ({ database, ids }) => `${database}: ${ids} são desfeitas depois do código`,
    'no-way-back': ({ database, ids }) => `${database}: não há caminho de volta escrito para ${ids}`,
    opaque: ({ database, ids, said }) => `${database}: ${ids} são programas: não dá para ler o que fazem com os dados${inBrackets(said)}`,
    'already-lost': ({ database, findings }) => `${database}: o que estas removeram não volta: ${findings}`,
    loses: ({ database, object, count }) => `${database}: perderia ${count} valores de ${object}`,
    'loses-unknown': ({ database, object, findings }) => `${database}: não se sabe quanto se perderia: ${object || findings}`,
    'loses-nothing': ({ database, object }) => `${database}: ${object} está vazio`,
    locks: ({ database, findings }) => `${database}: os outros esperam enquanto isso: ${findings}`,
    proved: ({ database, ids }) => `${database}: o que desfazer ${ids} faz com os dados foi visto em uma cópia: nada se perdeu nela`,
    'proof-lossy': ({ database, object, count }) => `${database}: em uma cópia custou ${count} valores de ${object}`,
    'proof-differs': ({ database, object }) => `${database}: em uma cópia o esquema depois não era o da release: ${object}`,
    'proof-fails': ({ database, said }) => `${database}: em uma cópia o caminho de volta falhou: ${said}`,
    'either-way': ({ database, ids }) => `${database}: ${ids} pode não acontecer: foi avaliado dos dois jeitos, e vale o pior`,
    unreadable: ({ database, said }) => `${database}: não pôde ser avaliado, então vale o pior: ${said}`,
    'flag-changed': ({ database, release, said }) =>
      `flag ${database}: agora é ${said}, com o que ${release} nunca rodou: desligue-a antes, veja que está desligada, depois volte`,
    'flag-unseen': ({ database, release, said }) =>
      `flag ${database}: agora é ${said}, e ninguém viu o que era enquanto ${release} rodava: desligue-a antes, veja que está desligada, depois volte`,
    'flag-reused': ({ database, release, said }) =>
      `flag ${database}: para ${release} o nome significava outra coisa (${said}): desligue-a antes, veja que está desligada, depois volte`,
    'flag-default': ({ database, release, said }) =>
      `flag ${database}: ${release} a lê com outro padrão (${said}): desligue-a antes, veja que está desligada, depois volte`,
    'flag-unreadable': ({ database, said }) => `flag ${database}: não pôde ser lida, então conta como ligada: ${said}`,
    'flag-off-first': ({ database }) => `flag ${database}: é desligada antes do código`,
    'flag-off-late': ({ database }) => `flag ${database}: o passo que a desliga vem depois do código: coloque-o acima`,
    'config-added': ({ database, ids, release }) => `configuração ${database}: ${ids} surgiram depois que ${release} rodou`,
    'config-lacks': ({ database, ids, release }) => `configuração ${database}: ${release} rodava com ${ids}, e não as encontraria mais`,
    'config-back': ({ database, ids }) => `configuração ${database}: ${ids} foram removidas desde então, e voltam`,
    'config-changed': ({ database, ids, release }) => `configuração ${database}: ${ids} têm outros valores do que quando ${release} rodava`,
    'config-rotated': ({ database, ids }) => `configuração ${database}: ${ids} foram trocadas desde então; ficam como estão agora`,
    'config-rotated-back': ({ database, ids }) =>
      `configuração ${database}: ${ids} foram trocadas desde então, e este alvo traz de volta as antigas: podem estar revogadas`,
    'config-unseen': ({ database, release }) =>
      `configuração ${database}: ninguém viu o que era enquanto ${release} rodava, então não se sabe o que lhe falta`,
    'config-back-unseen': ({ database, release }) =>
      `configuração ${database}: este alvo traz de volta a de ${release}, e ninguém viu o que era`,
    'config-unreadable': ({ database, said }) => `configuração ${database}: não pôde ser comparada: ${said}`,
  },
  family: {
    'create-table': 'uma tabela nova',
    'create-object': 'um objeto novo',
    insert: 'linhas novas',
    'add-column': 'uma coluna nova',
    'add-column-required': 'uma coluna nova de preenchimento obrigatório',
    'drop-column': 'uma coluna removida',
    'drop-table': 'uma tabela removida',
    'drop-data': 'dados removidos',
    'drop-code': 'uma view, função ou tipo removido',
    'drop-index': 'um índice removido',
    rename: 'um nome novo',
    'change-type': 'outro tipo',
    'set-not-null': 'NULL proibido',
    'drop-not-null': 'NULL permitido',
    'add-constraint': 'uma restrição nova',
    'drop-constraint': 'uma restrição removida',
    'set-default': 'um valor padrão',
    'drop-default': 'sem valor padrão',
    'row-security': 'segurança por linha',
    policy: 'uma política',
    'create-index': 'um índice novo',
    'create-unique-index': 'um índice único novo',
    'change-rows': 'linhas alteradas ou apagadas',
    'enum-add': 'um valor novo de enum',
    'enum-rename': 'um valor de enum renomeado',
    grant: 'um direito concedido',
    revoke: 'um direito retirado',
    'create-trigger': 'um gatilho',
    'create-code': 'uma view ou função nova',
    'replace-code': 'uma view ou função substituída',
    opaque: 'comandos cujo efeito não dá para ler',
    harmless: 'nada que conte',
    unclassified: 'um comando de tipo desconhecido',
    unreadable: 'um texto que não é SQL',
  },
};

const TEXTS: Readonly<Record<Lang, Texts>> = { en, 'pt-BR': ptBR };

export const safetyTitle = (lang: Lang): string => TEXTS[lang].title;
export const verdictText = (verdict: Verdict, lang: Lang): string => TEXTS[lang].verdict[verdict];

/** One sentence a reason; with the exact number where it has just been counted. */
export function safetyLines({ reasons }: Safety, lang: Lang, losses: readonly Loss[] = []): readonly string[] {
  return reasons.map((reason) => TEXTS[lang].why[reason.why](shownOf(reason, lang, losses)));
}

function shownOf(reason: SafetyReason, lang: Lang, losses: readonly Loss[]): Shown {
  const { family, number } = TEXTS[lang];
  const counted = losses.find((one) => one.database === reason.database && one.object === reason.object)?.count ?? null;
  const exact = counted === null ? null : new Intl.NumberFormat(number).format(counted);
  const findings = (reason.findings ?? []).map((one) =>
    one.object === undefined ? family[one.family] : `${family[one.family]} (${one.object})`,
  );
  return {
    database: reason.database,
    ids: (reason.ids ?? []).join(', '),
    release: reason.release ?? '',
    findings: findings.join(', '),
    object: reason.object ?? '',
    count: exact ?? `≤ ${new Intl.NumberFormat(number).format(reason.atMost ?? 0)}`,
    said: reason.said ?? '',
  };
}
