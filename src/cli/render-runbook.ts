// A runbook as people read it, on paper or in a browser: what its blocks do in words, the boxes, and the commands of Belay that start it.
// Secrets are masked always; for the public also addresses and people, and of an internal runbook nothing but its name is shown.
import type { Check, Runbook, Step } from '../domain/ir.ts';
import { isPerOrg } from '../domain/ir.ts';
import type { Json } from '../domain/json.ts';
import { masked } from '../domain/mask.ts';
import { writeDuration } from '../domain/units.ts';
import { type RenderWords, renderWordsOf } from './render-words.ts';

export interface RenderOptions {
  readonly isPublic: boolean;
  readonly reviewed: string | null;
  readonly reviewBy: string | null;
}

export function runbookMarkdown(runbook: Runbook, o: RenderOptions): string {
  const words = renderWordsOf(runbook.lang);
  if (o.isPublic && runbook.visibility === 'internal') return `# ${runbook.id}\n\n${words.internal}\n`;
  const parts = [
    `# ${runbook.title}`,
    aboutOf(runbook, o, words),
    runbook.text,
    guardsOf(words.require, runbook.require),
    guardsOf(words.never, runbook.never),
    ...runbook.phases.flatMap((phase) => [`## ${phase.title}`, phase.text, ...phase.steps.map((step) => stepText(step, words))]),
    cheatSheet([runbook], words),
  ];
  const whole = `${parts.filter((part) => part.trim() !== '').join('\n\n')}\n`;
  return shownTo(o.isPublic, whole);
}

/** One line a command, for the wall. */
export function cheatSheet(runbooks: readonly Runbook[], words: RenderWords): string {
  const own = runbooks.flatMap(({ id, title, ...runbook }) => {
    const org = isPerOrg({ id, title, ...runbook }) ? ' --org <org>' : '';
    return [`| \`belay plan ${id}${org}\` | ${title}: ${words.plan} |`, `| \`belay run ${id}${org}\` | ${title}: ${words.run} |`];
  });
  const always = (['status', 'pause', 'resume', 'lint'] as const).map(
    (word) => `| \`belay ${word}${word === 'pause' ? ' --reason "…"' : ''}\` | ${words[word]} |`,
  );
  return [`## ${words.sheet}`, '', `| belay | |`, '|---|---|', ...own, ...always].join('\n');
}

const HOST = /\b((?:https?|postgres(?:ql)?|mongodb(?:\+srv)?|rediss?):\/\/)[^\s/"'`)>\]]+/gi;
const MAIL = /[\w.+-]+@[\w-]+\.[\w.-]+/g;
const PHONE = /(?<![\w-])\+?\d{1,3}[\s-]?\(?\d{2,3}\)?[\s-]?\d{4,5}[\s-]?\d{4}(?!\d)/g;

function shownTo(isPublic: boolean, text: string): string {
  const clean = masked(text);
  return isPublic ? clean.replace(HOST, '$1•••').replace(MAIL, '•••').replace(PHONE, '•••') : clean;
}

function aboutOf(runbook: Runbook, { isPublic, reviewed, reviewBy }: RenderOptions, words: RenderWords): string {
  return [
    `${words.version} ${runbook.version}`,
    ...(runbook.owner === undefined || isPublic ? [] : [`${words.owner}: ${runbook.owner}`]),
    ...(reviewed === null ? [] : [`${words.reviewed} ${reviewed}`]),
    ...(reviewBy === null ? [] : [`${words.reviewBy} ${reviewBy}`]),
  ].join(' · ');
}

function guardsOf(title: string, guards: Runbook['require'] | Runbook['never']): string {
  if (guards.length === 0) return '';
  const lines = guards.map((guard) => {
    const asked = 'ask' in guard ? guard.ask : `${guard.probe}: ${'expect' in guard ? guard.expect : guard.when}`;
    return `- ${guard.text === '' ? asked : `${guard.text}${'ask' in guard ? '' : ` (\`${asked}\`)`}`}`;
  });
  return `**${title}**\n\n${lines.join('\n')}`;
}

function stepText(step: Step, words: RenderWords): string {
  const who = [
    ...(step.who === undefined ? [] : [`${words.who}: ${step.who}`]),
    ...(step.withinMs === undefined ? [] : [`${words.within} ${writeDuration(step.withinMs)}`]),
    ...(step.takesMs === undefined
      ? []
      : [`${words.takes} ${step.takesLeastMs === undefined ? '' : `${writeDuration(step.takesLeastMs)}–`}${writeDuration(step.takesMs)}`]),
  ].join(', ');
  return [`### ${step.title}`, who, step.text, deedOf(step, words)].filter((part) => part !== '').join('\n\n');
}

function deedOf(step: Step, words: RenderWords): string {
  switch (step.kind) {
    case 'manual':
      return step.checks.map((one) => `- [ ] ${one}`).join('\n');
    case 'do': {
      const back =
        step.undo === undefined
          ? step.irreversible === undefined
            ? ''
            : `; ${words.irreversible}: ${step.irreversible}`
          : `; ${words.undo} \`${step.undo.do}${argsOf(step.undo.with)}\``;
      return `- [ ] ${words.does} \`${step.do}${argsOf(step.with)}\`${back}`;
    }
    case 'verify':
      return `- [ ] ${words.proves}: ${checksOf(step.checks)}`;
    case 'watch':
      return `- [ ] ${words.watches} ${writeDuration(step.forMs)}: ${checksOf(step.checks)}`;
    case 'collect':
      return `- [ ] ${words.collects}: ${step.from.map((one) => `\`${one.probe}\``).join(', ')}`;
    case 'wait':
      return `- [ ] ${words.waits}: ${step.forMs === undefined ? `\`${step.until ?? ''}\`` : writeDuration(step.forMs)}`;
    case 'notify':
      return `- [ ] ${words.tells}: ${step.to.join(', ')} (${step.template})`;
    case 'choose':
      return [`${words.asks}: ${step.ask ?? step.by ?? ''}`, '', ...Object.values(step.arms).map((arm) => `- [ ] ${arm.title}`)].join('\n');
    case 'approve':
      return `- [ ] ${words.approves}: ${step.from.join(', ')}`;
    case 'call':
      return `- [ ] ${words.calls}: \`belay run ${step.runbook.id}\``;
    case 'run':
      return `- [ ] ${words.runs}: \`${step.cmd.join(' ').replaceAll('`', "'")}\``;
    case 'each':
      return `- [ ] ${words.each}: \`belay run ${step.runbook.id}\``;
  }
}

function argsOf(given: Readonly<Record<string, Json>>): string {
  const words = Object.entries(given).map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  return words.length === 0 ? '' : ` ${words.join(' ')}`.replaceAll('`', "'");
}

function checksOf(checks: readonly Check[]): string {
  return checks.map((one) => `\`${one.probe}${argsOf(one.with)}: ${one.expect.replaceAll('`', "'")}\``).join(', ');
}
