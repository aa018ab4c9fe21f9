// What `belay import` says of a document, in both languages.
import type { Became, FoundKind, HumanNeed } from '../config/import/found.ts';
import type { Lang } from '../domain/system.ts';

type Key =
  | `import.kind.${FoundKind}`
  | `import.became.${Became}`
  | `import.need.${HumanNeed}`
  | 'importTable'
  | 'importLine'
  | 'importKind'
  | 'importBecame'
  | 'importWhere'
  | 'importText'
  | 'importTraps'
  | 'importNeeds'
  | 'importLines'
  | 'importSteps'
  | 'importNext'
  | 'importNextFile';

export type ImportWords = Readonly<Record<Key, string>>;

const en: ImportWords = {
  importTable: 'what became what',
  importLine: 'line',
  importKind: 'what it is',
  importBecame: 'now',
  importWhere: 'where',
  importText: 'text',
  importTraps: 'commands that do something else than people think',
  importNeeds: 'needs a human',
  importLines: 'lines',
  importSteps: 'Steps',
  importNext: 'Write it to a file with --out runbooks/<id>.runbook.md, then: belay lint',
  importNextFile: 'Finish what needs a human, then:',
  'import.kind.title': 'title',
  'import.kind.phase': 'phase',
  'import.kind.step': 'step',
  'import.kind.box': 'box',
  'import.kind.command': 'command',
  'import.kind.trigger': 'trigger',
  'import.kind.clock': 'clock',
  'import.kind.never': 'warning',
  'import.kind.require': 'precondition',
  'import.kind.role': 'role',
  'import.kind.contact': 'contact',
  'import.kind.target': 'target',
  'import.kind.estimate': 'estimate',
  'import.kind.template': 'message',
  'import.kind.evidence': 'evidence',
  'import.kind.date': 'about the document',
  'import.kind.secret': 'credential',
  'import.kind.unplaced': 'line without a place',
  'import.became.used': 'in use',
  'import.became.draft': 'draft',
  'import.became.prose': 'prose',
  'import.need.signal': 'Which signal measures these triggers?',
  'import.need.window': 'How far do these triggers look back? The document names no window.',
  'import.need.role': 'Which role or audience of belay.yaml are these?',
  'import.need.component': 'Write these targets and estimates where they belong: belay.yaml and "takes:".',
  'import.need.clock-end': 'What begins and what ends these clocks?',
  'import.need.typed': 'These commands can become typed steps: a draft stands beside each.',
  'import.need.trap': 'These commands must not stay as they are.',
  'import.need.translate': 'Translate these messages: each must be there in both languages.',
  'import.need.guard': 'A question, a check by a probe, "irreversible:" of a step, or nothing?',
  'import.need.rotate': 'A credential stood here: it was masked in what was written. Rotate it.',
  'import.need.evidence': 'Which step gives this evidence?',
  'import.need.unplaced': 'These lines stand at the end of the file: where do they belong?',
  'import.need.many-steps': 'More than anybody reads in one night: cut the document into runbooks of one procedure each.',
};

const ptBr: ImportWords = {
  importTable: 'o que virou o quê',
  importLine: 'linha',
  importKind: 'o que é',
  importBecame: 'agora',
  importWhere: 'onde',
  importText: 'texto',
  importTraps: 'comandos que fazem outra coisa do que se pensa',
  importNeeds: 'precisa de uma pessoa',
  importLines: 'linhas',
  importSteps: 'Passos',
  importNext: 'Grave num arquivo com --out runbooks/<id>.runbook.md e depois: belay lint',
  importNextFile: 'Termine o que precisa de uma pessoa e depois:',
  'import.kind.title': 'título',
  'import.kind.phase': 'fase',
  'import.kind.step': 'passo',
  'import.kind.box': 'item',
  'import.kind.command': 'comando',
  'import.kind.trigger': 'gatilho',
  'import.kind.clock': 'prazo',
  'import.kind.never': 'aviso',
  'import.kind.require': 'pré-condição',
  'import.kind.role': 'papel',
  'import.kind.contact': 'contato',
  'import.kind.target': 'meta',
  'import.kind.estimate': 'estimativa',
  'import.kind.template': 'mensagem',
  'import.kind.evidence': 'evidência',
  'import.kind.date': 'sobre o documento',
  'import.kind.secret': 'credencial',
  'import.kind.unplaced': 'linha sem lugar',
  'import.became.used': 'em uso',
  'import.became.draft': 'rascunho',
  'import.became.prose': 'texto',
  'import.need.signal': 'Que sinal mede estes gatilhos?',
  'import.need.window': 'Quanto tempo para trás estes gatilhos olham? O documento não diz a janela.',
  'import.need.role': 'Que papel ou público do belay.yaml são estes?',
  'import.need.component': 'Escreva estas metas e estimativas no lugar delas: belay.yaml e "takes:".',
  'import.need.clock-end': 'O que começa e o que encerra estes prazos?',
  'import.need.typed': 'Estes comandos podem virar passos tipados: há um rascunho ao lado de cada um.',
  'import.need.trap': 'Estes comandos não podem ficar como estão.',
  'import.need.translate': 'Traduza estas mensagens: cada uma precisa existir nas duas línguas.',
  'import.need.guard': 'Uma pergunta, uma verificação por sonda, "irreversible:" de um passo, ou nada?',
  'import.need.rotate': 'Havia uma credencial aqui: ela foi mascarada no que foi gravado. Troque-a.',
  'import.need.evidence': 'Que passo dá esta evidência?',
  'import.need.unplaced': 'Estas linhas ficaram no fim do arquivo: onde é o lugar delas?',
  'import.need.many-steps': 'Mais do que alguém lê numa noite: corte o documento em runbooks de um procedimento cada.',
};

export function importWordsOf(lang: Lang): ImportWords {
  return lang === 'en' ? en : ptBr;
}
