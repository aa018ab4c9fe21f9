// What a plan says beside a step of a target, in both languages.
import type { PlanNote } from '../plan.ts';
import type { Lang } from '../system.ts';

const NOTES: Readonly<Record<Lang, Readonly<Record<PlanNote, string>>>> = {
  en: {
    'own-program': 'a program of yours: Belay sees its exit code, not what it changes',
    rebuilds: 'the release is built again: count in minutes',
    'restores-config': 'configuration of that time comes back with it, perhaps secrets that were revoked since',
    'runs-release-hooks': 'what a release runs before it goes live, such as migrations, runs again',
    'rewrites-history': 'history is rewritten: what came after that release is on the branch no more, for everybody',
    unguarded: 'nothing keeps somebody else from changing it in the same moment',
  },
  'pt-BR': {
    'own-program': 'um programa seu: o Belay vê o código de saída, não o que ele muda',
    rebuilds: 'a versão é construída de novo: conte em minutos',
    'restores-config': 'a configuração daquele momento volta junto, talvez com segredos revogados desde então',
    'runs-release-hooks': 'o que uma versão executa antes de entrar no ar, como migrações, é executado de novo',
    'rewrites-history': 'o histórico é reescrito: o que veio depois dessa versão sai do branch, para todos',
    unguarded: 'nada impede que outra pessoa o altere no mesmo instante',
  },
};

export const planNoteText = (note: PlanNote, lang: Lang): string => NOTES[lang][note];
