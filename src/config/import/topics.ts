// What a heading or a label says that its section is about, in English and Portuguese. Patterns over words; it reads no document.

export type Topic =
  | 'procedure'
  | 'triggers'
  | 'never'
  | 'require'
  | 'roles'
  | 'contacts'
  | 'messages'
  | 'evidence'
  | 'postmortem'
  | 'notes';

/** The first that fits. */
const TOPICS: readonly (readonly [Topic, RegExp])[] = [
  ['never', /\bN[ÃA]O\b.*\b(?:se|quando)\b|\b(?:do\s+not|don't|never)\b.*\b(?:if|when)\b|\bquando n[ãa]o\b|\bwhen not\b/i],
  [
    'notes',
    /\b(?:impacto?|impact|modo degradado|degraded mode|limita[çc][õo]es|limitations?|defini[çc][õo]es|definitions?|o que acontece|what happens)\b/i,
  ],
  ['postmortem', /post-?\s?mortem|p[óo]s-?mortem|post-?incident|p[óo]s-?incidente|\blearn|aprendizad/i],
  ['procedure', /^(?:checklist|drill|simula[çc][ãa]o)\b|\bchecklist\b/i],
  [
    'triggers',
    /\b(?:gatilhos?|triggers?|sinais|sintomas|symptoms|alertas?|alerts?)\b|\bquando\s+(?:usar|acionar|ativar|executar|rodar|aplicar|escalar)\b|\bwhen\s+to\b|\bescala\w*\b.*\b(?:se|if)\b|\bescalate\b.*\bif\b/i,
  ],
  [
    'require',
    /\b(?:pr[ée]-?\s?requisitos?|pr[ée]-?\s?condi[çc](?:[ãa]o|[õo]es)|prerequisites?|preconditions?|before you (?:start|begin)|antes de come[çc]ar)\b/i,
  ],
  ['roles', /\b(?:respons[áa]ve(?:l|is)|pap[ée]is|roles|respons?ibilit\w+|owners?|sla)\b/i],
  [
    'contacts',
    /\b(?:contatos?|contacts?|plant[ãa]o|on-?call|escalation matrix|matriz de escala[çc][ãa]o|matriz de escalonamento|suporte externo|fornecedores)\b/i,
  ],
  ['evidence', /\b(?:evid[êe]ncias?|evidence|registros? obrigat[óo]rios?|logs e documenta[çc][ãa]o|logs and documentation|records?)\b/i],
  ['messages', /\b(?:templates?|modelos?|mensage(?:m|ns)|messages?|comunica[çc][ãa]o|communications?|canais|channels)\b/i],
  [
    'notes',
    /\b(?:ferramentas?|tools?|m[ée]tricas?|metrics|kpis?|indicadores|treinamentos?|training|capacita[çc][ãa]o|versionamento|versioning|tags|preven[çc][ãa]o|prevention|vis[ãa]o geral|overview|introdu[çc][ãa]o|introduction|gloss[áa]rio|glossary|agenda|cronograma|schedule|estimativas?|estimates?|targets|metas|objetivos?|rto|rpo)\b/i,
  ],
];

export function topicOf(title: string): Topic | null {
  const found = TOPICS.find(([, pattern]) => pattern.test(title));
  if (found !== undefined) return found[0];
  return PROCEDURE.test(title) ? 'procedure' : null;
}

const PROCEDURE =
  /\b(?:procedimentos?|procedures?|passos?|steps?|a[çc][õo]es|actions?|como|how to|rollback|revers[ãa]o|reverter|restaur\p{L}+|restore|recover\p{L}*|recuper\p{L}+|backup|deploy|verifica[çc][ãa]o|valida[çc][ãa]o|verification|cen[áa]rio|scenario|op[çc][ãa]o|option|decis\p{L}+|estrat[ée]gia|strategy|pausa|pause|comandos?|commands?|quick reference|refer[êe]ncia r[áa]pida)(?!\p{L})/iu;

/** Words that say nothing of their own before a list: its items are the steps. */
export function isGenericLabel(label: string): boolean {
  return /^(?:passos?|steps?|procedimento|procedure|a[çc][õo]es|actions?|tarefas|tasks)\b/i.test(bareText(label));
}

const ENGLISH =
  /^(?:add|announce|apply|archive|ask|assess|back|call|cancel|capture|change|check|choose|clean|click|close|collect|communicate|compare|configure|confirm|connect|contact|copy|create|declare|decide|delete|deploy|describe|disable|document|download|drain|dump|enable|escalate|evaluate|export|find|fix|follow|freeze|get|go|identify|import|inform|inspect|install|investigate|keep|kill|list|log|look|make|measure|monitor|move|notify|open|page|pause|ping|point|post|prepare|publish|pull|push|put|raise|read|rebuild|reconnect|record|recreate|redeploy|reload|remove|reopen|repeat|replace|replay|report|resolve|restart|restore|resume|retry|revert|review|roll|rotate|run|save|scale|schedule|select|send|set|snapshot|start|stop|store|switch|tag|take|tell|test|turn|undo|unpause|update|upgrade|upload|validate|verify|wait|watch|write)\b/i;
const NO_VERB =
  /^(?:lugar|celular|dollar|par|lar|mar|bar|mulher|qualquer|quer|super|per|titular|similar|particular|regular|popular|familiar|escolar|militar|exemplar|auxiliar|caráter|prazer|poder|dever|saber|haver|ser|ter|rede|servidor\w*)$/i;

/** Does it tell people to do something? "Verificar os logs", "Se caiu: reiniciar", "Check the logs". */
export function isImperative(text: string): boolean {
  const said = bareText(text);
  const conditional = /^(?:se|caso|if|when|quando)\b[^:,]{1,80}[:,]\s*(.+)$/i.exec(said);
  if (conditional?.[1] !== undefined) return isImperative(conditional[1]);
  const [word = ''] = /^\p{L}+/u.exec(said) ?? [];
  if (ENGLISH.test(said)) return true;
  return word.length > 3 && /(?:ar|er|ir|or)$/i.test(word) && !/or$/i.test(word) && !NO_VERB.test(word);
}

/** Without emphasis, numbers, boxes, signs and arrows at the front. */
export function bareText(text: string): string {
  return text
    .replace(/[*`~]+/g, '')
    .replace(/(?<![\p{L}\p{N}])_+|_+(?![\p{L}\p{N}])/gu, '')
    .replace(/^[^\p{L}\p{N}]+/u, '')
    .replace(/^\d+(?:\.\d+)*[.)]\s+/, '')
    .replace(/^[^\p{L}\p{N}]+/u, '')
    .trim();
}

const PROHIBITED =
  /❌|⛔|🚫|\bNUNCA\b|\bNEVER\b|\bN[ÃA]O\b(?=\s+\p{L}+(?:ar|er|ir|e|a)\b)|\b(?:CUIDADO|DANGER|CAREFUL)\b|\b(?:nunca|jamais)\s+\p{L}+(?:ar|er|ir)\b|\b[Nn]ão\s+(?:execut|fa[çc]a|interromp|rode|us[ae]|apagu|delet|compartilh|reinici|aplic|commit)\p{L}*|\b(?:[Dd]o not|[Dd]on't|[Mm]ust not|[Nn]ever)\s+\p{L}+/u;

export function isProhibition(text: string): boolean {
  return PROHIBITED.test(text);
}

/** Something that cannot be taken back. */
export function isIrreversible(text: string): boolean {
  return /irrevers[íi]ve|irreversible|cannot be undone|n[ãa]o (?:pode|podem|d[áa]) (?:ser )?(?:desfeit|revertid)|reescreve (?:o )?hist[óo]ri|rewrites history/i.test(
    text,
  );
}
