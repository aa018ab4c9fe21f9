// What `belay lint --level` says, in both languages.
import type { Level, Want } from '../config/levels.ts';
import type { Lang } from '../domain/system.ts';

export interface LevelWords {
  readonly level: Readonly<Record<Level, string>>;
  readonly want: Readonly<Record<Want['what'], string>>;
  readonly next: string;
  readonly top: string;
}

const en: LevelWords = {
  level: {
    0: 'level 0: a document that people tick',
    1: 'level 1: who, since when and until when',
    2: 'level 2: steps that Belay plans, does and proves',
    3: 'level 3: Belay begins by itself, if every guard says yes',
  },
  want: {
    'front-matter': 'front matter (belay: 1, id, title): belay import FILE.md writes it',
    roles: 'roles: who acts in it',
    clocks: 'clocks: until when',
    triggers: 'triggers: what it is the answer to',
    'typed-steps': 'belay blocks instead of commands that people paste, lines',
    'manual-steps': 'these steps are still done by hand, if they must be, leave them',
    armed: 'mode: armed for these triggers, when belay shadow shows that they are right',
    watch: 'a watch step after what it does',
    'start-auto': 'start: auto',
  },
  next: 'The next level wants',
  top: 'There is no higher level.',
};

const ptBr: LevelWords = {
  level: {
    0: 'nível 0: um documento que as pessoas marcam',
    1: 'nível 1: quem, desde quando e até quando',
    2: 'nível 2: passos que o Belay planeja, faz e prova',
    3: 'nível 3: o Belay começa sozinho, se toda guarda diz sim',
  },
  want: {
    'front-matter': 'o cabeçalho (belay: 1, id, title): belay import ARQUIVO.md o escreve',
    roles: 'roles: quem age nele',
    clocks: 'clocks: até quando',
    triggers: 'triggers: a que ele responde',
    'typed-steps': 'blocos belay em vez de comandos que as pessoas colam, linhas',
    'manual-steps': 'estes passos ainda são feitos à mão, se precisam ser, deixe-os',
    armed: 'mode: armed para estes gatilhos, quando belay shadow mostrar que estão certos',
    watch: 'um passo watch depois do que ele faz',
    'start-auto': 'start: auto',
  },
  next: 'O próximo nível pede',
  top: 'Não há nível mais alto.',
};

export function levelWordsOf(lang: Lang): LevelWords {
  return lang === 'en' ? en : ptBr;
}
