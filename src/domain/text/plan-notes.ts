// What a plan says beside a step of a target, in both languages.
import type { OnItsWay, PlanNote, PlanStep } from '../plan.ts';
import type { Lang } from '../system.ts';

const NOTES: Readonly<Record<Lang, Readonly<Record<PlanNote, string>>>> = {
  en: {
    'own-program': 'a program of yours: Belay sees its exit code, not what it changes',
    rebuilds: 'the release is built again: count in minutes',
    'restores-config': 'configuration of that time comes back with it, perhaps secrets that were revoked since',
    'runs-release-hooks': 'what a release runs before it goes live, such as migrations, runs again',
    'rewrites-history': 'history is rewritten: what came after that release is on the branch no more, for everybody',
    'needs-restart': 'the service reads it when it starts: restart it in a later step',
    'needs-redeploy': 'it is a part of the code: it counts once it is built and deployed again',
    'read-when-looked': 'it counts when the service looks at the file again',
    'staged-first': 'a step forward goes live here only after it was live on the staging target and passed its smoke test there',
    'smoked-after': 'once it is live Belay runs the smoke test of policy: deploys by itself, and asks people if it does not pass',
    unguarded: 'nothing keeps somebody else from changing it in the same moment',
  },
  'pt-BR': {
    'own-program': 'um programa seu: o Belay vê o código de saída, não o que ele muda',
    rebuilds: 'a versão é construída de novo: conte em minutos',
    'restores-config': 'a configuração daquele momento volta junto, talvez com segredos revogados desde então',
    'runs-release-hooks': 'o que uma versão executa antes de entrar no ar, como migrações, é executado de novo',
    'rewrites-history': 'o histórico é reescrito: o que veio depois dessa versão sai do branch, para todos',
    'needs-restart': 'o serviço só o lê ao iniciar: reinicie-o em um passo seguinte',
    'needs-redeploy': 'faz parte do código: só vale depois de construído e implantado de novo',
    'read-when-looked': 'vale quando o serviço olhar o arquivo de novo',
    'staged-first': 'um passo à frente só entra no ar aqui depois de estar no alvo de staging e passar ali no teste de fumaça',
    'smoked-after':
      'quando estiver no ar, o Belay executa sozinho o teste de fumaça de policy: deploys, e pergunta às pessoas se ele não passar',
    unguarded: 'nada impede que outra pessoa o altere no mesmo instante',
  },
};

export const planNoteText = (note: PlanNote, lang: Lang): string => NOTES[lang][note];

const WAY: Readonly<Record<Lang, Readonly<Record<OnItsWay['then'], (release: string) => string>>>> = {
  en: {
    abort: (release) => `${release} is on its way there: Belay stops it first, and looks that it has ended`,
    wait: (release) =>
      `${release} is on its way there and can neither be stopped nor overtaken: Belay waits up to 10 min for its end, then plans again`,
    overtake: (release) => `${release} is on its way there: this overtakes it`,
  },
  'pt-BR': {
    abort: (release) => `${release} está a caminho: o Belay a interrompe primeiro e confere que terminou`,
    wait: (release) =>
      `${release} está a caminho e não pode ser interrompida nem ultrapassada: o Belay espera até 10 min pelo fim dela e planeja de novo`,
    overtake: (release) => `${release} está a caminho: este passo a ultrapassa`,
  },
};

/** What becomes of a deploy that is on its way. */
export const onItsWayText = ({ release, then }: OnItsWay, lang: Lang): string => WAY[lang][then](release);

/** All that is said beside a step. */
export const planRemarks = ({ notes = [], onItsWay }: Pick<PlanStep, 'notes' | 'onItsWay'>, lang: Lang): readonly string[] => [
  ...(onItsWay === undefined ? [] : [onItsWayText(onItsWay, lang)]),
  ...notes.map((note) => planNoteText(note, lang)),
];

const WHEN: Readonly<Record<Lang, { readonly skipped: string; readonly only: string; readonly ifSo: string }>> = {
  en: { skipped: 'skipped, because it is not so:', only: 'only when', ifSo: 'if so' },
  'pt-BR': { skipped: 'fica de fora, porque não é o caso:', only: 'só quando', ifSo: 'se for o caso' },
};

/** Whether it is done at all; null: it is. */
export function planWhenText({ when, skipped }: Pick<PlanStep, 'when' | 'skipped'>, lang: Lang): string | null {
  if (skipped !== undefined) return `${WHEN[lang].skipped} ${skipped}`;
  return when === undefined ? null : `${WHEN[lang].only} ${when}`;
}

/** What it would do, in the door's own word for it: nothing where it is skipped, and only if so where nobody can tell yet. */
export function planEffectText({ when, skipped, effect }: Pick<PlanStep, 'when' | 'skipped' | 'effect'>, word: string, lang: Lang): string {
  if (skipped !== undefined) return '';
  return when === undefined || effect !== 'change' ? word : `${word}, ${WHEN[lang].ifSo}`;
}
