// Templates: each in both languages, with variables that a message has, and a promise where the text makes one.
import type { Diagnostic } from '../domain/diagnostic.ts';
import { nearest } from '../domain/nearest.ts';
import { demandKnown } from './lint-names.ts';
import type { LintContext } from './lint-types.ts';
import type { Problems } from './problems.ts';
import { collectProblems } from './problems.ts';
import { entryAt } from './read.ts';
import type { SourceText, Span } from './source-text.ts';
import { spanOfLine } from './source-text.ts';
import { isWritten } from './steps.ts';

const LANGS = ['en', 'pt-BR'] as const;
type Lang = (typeof LANGS)[number];

/** What a message may say (`messageValues`); the last two need a promise. */
export const MESSAGE_VARIABLES = ['incident', 'severity', 'system', 'components', 'org', 'detectedAt', 'promise', 'nextUpdate'] as const;
const KNOWN: readonly string[] = MESSAGE_VARIABLES;
const PROMISES = ['promise', 'nextUpdate'];

interface Text {
  readonly id: string;
  readonly lang: Lang;
  readonly text: string;
  readonly source: SourceText;
  /** What a problem with the template as a whole points at. */
  readonly span: Span;
  /** The line of the file that the text begins in. */
  readonly firstLine: number;
}

export function lintTemplates(context: LintContext): readonly Diagnostic[] {
  const shared = context.drafts.templates.map(
    ({ id, lang, source }): Text => ({ id, lang, text: source.text, source, span: spanOfLine(source, 1), firstLine: 1 }),
  );
  const found: Diagnostic[] = lintTexts(shared, context);
  for (const draft of context.drafts.runbooks) {
    const { source } = draft.problems;
    const own = [...draft.templatePlaces].map(([place, span]): Text => {
      const [id = '', lang = 'en'] = place.split(' ');
      const firstLine = source.text.slice(0, span.start).split('\n').length + 1;
      return { id, lang: lang as Lang, text: draft.runbook.templates[id]?.[lang] ?? '', source, span, firstLine };
    });
    found.push(...lintTexts(own, context));
    const problems = collectProblems(source);
    for (const place of draft.steps.values()) {
      if (place.step.kind !== 'notify') continue;
      const used = own.some((one) => one.id === (place.step as { template: string }).template) ? own : shared;
      lintUse(
        {
          template: place.step.template,
          promised: place.step.promiseMs !== undefined || isWritten(place.body, 'promise'),
          span: entryAt(place.body, ['template']).value.span,
        },
        used,
        [...own, ...shared],
        context,
        problems,
      );
    }
    found.push(...problems.found);
  }
  return found;
}

function lintTexts(texts: readonly Text[], context: LintContext): Diagnostic[] {
  return texts.flatMap((one) => {
    const problems = collectProblems(one.source);
    const missing = LANGS.find((lang) => !texts.some((other) => other.id === one.id && other.lang === lang));
    if (missing !== undefined)
      problems.error('template-language', one.span, `the template ${one.id} is not there in ${missing}`, {
        hint: one.firstLine > 1 ? `Add a block \`\`\`belay template ${one.id} ${missing}.` : `Add templates/${one.id}.${missing}.md.`,
      });
    const dotted = [...one.text.matchAll(/\{\s*([a-zA-Z]\w*(?:\.\w+)+)\s*[,}]/g)].map((match) => match[1] ?? '');
    // Messages have flat names; the renderer would only say that the text does not parse.
    const variables = dotted.length > 0 ? dotted : variablesOf(one, context, problems);
    for (const name of new Set(variables)) {
      if (KNOWN.includes(name)) continue;
      const root = name.split('.')[0] ?? name;
      problems.error('template-variable', placeOf(name, one), `a message has no {${name}}`, {
        expected: `one of ${MESSAGE_VARIABLES.map((known) => `{${known}}`).join(', ')}`,
        didYouMean: root !== name && KNOWN.includes(root) ? root : nearest(name, KNOWN),
        known: KNOWN,
      });
    }
    return problems.found;
  });
}

function variablesOf(one: Text, context: LintContext, problems: Problems | null): readonly string[] {
  try {
    return context.templateVariables(one.text);
  } catch (error) {
    // The renderer throws for a template that does not parse: line, column, then what is wrong.
    const message = error instanceof Error ? error.message : String(error);
    const [head = '', line = '1', column = '1'] = /^(\d+):(\d+): /.exec(message) ?? [];
    const { start, end } = spanOfLine(one.source, one.firstLine + Number(line) - 1);
    problems?.error('template', { start: Math.min(end, start + Number(column) - 1), end }, message.slice(head.length));
    return [];
  }
}

/** Where `{name` stands in the file. */
function placeOf(name: string, { text, source, span, firstLine }: Text): Span {
  const index = text.search(new RegExp(`\\{\\s*${name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}\\b`));
  if (index === -1) return span;
  const before = text.slice(0, index).split('\n');
  const line = spanOfLine(source, firstLine + before.length - 1);
  const start = line.start + (before.at(-1)?.length ?? 0);
  return { start, end: start + name.length + 1 };
}

interface Use {
  readonly template: string;
  readonly promised: boolean;
  readonly span: Span;
}

function lintUse(use: Use, used: readonly Text[], all: readonly Text[], context: LintContext, problems: Problems): void {
  const known = new Set(all.map((one) => one.id));
  if (
    !demandKnown(
      {
        rule: 'unknown-template',
        what: 'template',
        name: use.template,
        known,
        span: use.span,
        hint: `Write templates/${use.template}.en.md and templates/${use.template}.pt-BR.md.`,
      },
      problems,
    )
  )
    return;
  if (use.promised) return;
  const says = used
    .filter((one) => one.id === use.template)
    .flatMap((one) => variablesOf(one, context, null))
    .find((name) => PROMISES.includes(name));
  if (says !== undefined)
    problems.error('promise-missing', use.span, `the template ${use.template} says {${says}}, and this step promises nothing`, {
      hint: 'Add "promise: 30m".',
    });
}
