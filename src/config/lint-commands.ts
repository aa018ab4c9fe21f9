// Commands in inert fences: Belay never runs them, and people paste them at three in the morning. Everything here warns.
import type { Runbook } from '../domain/ir.ts';
import type { Trap } from './command-traps.ts';
import { trapOf } from './command-traps.ts';
import type { RunbookDraft } from './draft.ts';
import type { InertFence } from './inert-fences.ts';
import { inertFences } from './inert-fences.ts';
import type { Problems } from './problems.ts';
import type { PastedCommand } from './shell-lines.ts';
import { isPasted, pastedCommands } from './shell-lines.ts';
import type { Span } from './source-text.ts';

/** The rule of each trap, spelled out: the reference of rules is compared with the code. */
type Tell = (span: Span, trap: Trap) => void;

export function lintCommands(draft: RunbookDraft, problems: Problems): void {
  for (const fence of inertFences(problems.source)) {
    if (!isPasted(fence.tag)) continue;
    for (const command of pastedCommands(fence.region.text)) lintCommand(command, { fence, problems, runbook: draft.runbook });
  }
}

interface Asking {
  readonly fence: InertFence;
  readonly problems: Problems;
  readonly runbook: Runbook;
}

function lintCommand(command: PastedCommand, asking: Asking): void {
  const { fence, problems } = asking;
  const span: Span = { start: fence.region.toFile(command.start), end: fence.region.toFile(command.end) };
  const trap = trapOf(command.text);
  if (trap !== null && !(trap.rule === 'smoke-readonly' && saysReadOnly(fence))) TELL[trap.rule](problems)(span, trap);
  lintAddress(command, span, problems);
  lintDrill(command, span, asking);
}

const TELL: Readonly<Record<Trap['rule'], (problems: Problems) => Tell>> = {
  'unknown-command': (problems) => (span, trap) => problems.warn('unknown-command', span, trap.message, trap),
  'relative-undo': (problems) => (span, trap) => problems.warn('relative-undo', span, trap.message, trap),
  'force-push': (problems) => (span, trap) => problems.warn('force-push', span, trap.message, trap),
  'destructive-supabase-down': (problems) => (span, trap) => problems.warn('destructive-supabase-down', span, trap.message, trap),
  'destructive-reset': (problems) => (span, trap) => problems.warn('destructive-reset', span, trap.message, trap),
  'restore-over-live': (problems) => (span, trap) => problems.warn('restore-over-live', span, trap.message, trap),
  'redis-save-blocks': (problems) => (span, trap) => problems.warn('redis-save-blocks', span, trap.message, trap),
  'pooler-for-dump': (problems) => (span, trap) => problems.warn('pooler-for-dump', span, trap.message, trap),
  'address-for-dump': (problems) => (span, trap) => problems.warn('address-for-dump', span, trap.message, trap),
  'smoke-readonly': (problems) => (span, trap) => problems.warn('smoke-readonly', span, trap.message, trap),
};

/** A comment beside the command declares it. */
function saysReadOnly(fence: InertFence): boolean {
  return /(?:#|--|\/\/)\s*(?:read-?only|changes nothing|somente leitura|só leitura|sem efeitos?)/i.test(fence.region.text);
}

/** Hosts that everybody may know, and that are not the reader's production. */
const PUBLIC_HOST =
  /^(?:localhost|127\.|0\.0\.0\.0|10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|\[::1\]|host\.docker\.internal|status\.|docs?\.|console\.|dashboard\.|app\.supabase\.com|github\.com|gitlab\.com|api\.(?:github|railway|heroku|vercel|slack|telegram)\.|[^/]*\.(?:local|internal|test|invalid|localhost|example)(?::|$))/i;

const ADDRESS = /((?:https?|postgres(?:ql)?|mongodb(?:\+srv)?|rediss?):\/\/(?:[^\s/@"']*@)?([^\s/"'?#]+))/;
const NAME_IT = 'Name it once in belay.yaml ("url: {env.SHOP_URL}" of a component) and write {component.<id>.url}';

/** An address of production in an argument of a step. */
export function lintLiteral(text: string, span: Span, problems: Problems): void {
  const host = hostOfProduction(text);
  if (host !== null)
    problems.warn('inline-prod-url', span, `an address of production stands in the file: ${host}`, { hint: `${NAME_IT}.` });
}

function hostOfProduction(text: string): string | null {
  const [, , host] = ADDRESS.exec(text) ?? [];
  return host === undefined || /[<>{}[\]$]/.test(host) || PUBLIC_HOST.test(host) ? null : host.replace(/:\d+$/, '');
}

/** An address of production in a file: it is wrong when the service moves, and it tells strangers where to look. */
function lintAddress(command: Pick<PastedCommand, 'text'>, span: Span, problems: Problems): void {
  if (!/^(?:curl|wget|http|https|ab|hey|k6|psql|pg_dump|pg_restore|mongorestore|redis-cli)\b/.test(command.text)) return;
  const host = hostOfProduction(command.text);
  if (host === null) return;
  problems.warn('inline-prod-url', span, `an address of production stands in the file: ${host}`, {
    hint: `${NAME_IT} in a step; in a fence write "$SHOP_URL".`,
  });
}

const DRILL = /\b(?:drill|game ?day|simula[çc][ãa]o|simulado|exerc[íi]cio|ensaio)\b/i;
const PRODUCTION = /\b(?:prod|production|produ[çc][ãa]o|live)\b/i;

/** A drill that acts on production is an incident. */
function lintDrill(command: PastedCommand, span: Span, { fence, problems, runbook }: Asking): void {
  if (!DRILL.test(fence.under) && !DRILL.test(runbook.title)) return;
  if (
    !PRODUCTION.test(command.text) ||
    /^(?:pg_dump|mongodump|redis-cli|curl|wget|railway\s+(?:logs|variables)|git\s+(?:log|show))\b/.test(command.text)
  )
    return;
  problems.warn('drill-touches-prod', span, 'a drill acts on production', {
    hint: 'Run it on a copy: a staging target of its own in belay.yaml, and production is never named in the drill.',
  });
}
