// Files → system and runbooks: belay.yaml, runbooks/*.runbook.md and templates/<id>.<lang>.md of one folder.
// The only place outside bin/ that reads the environment. What the files say of one another is checked by lint.ts.
import path from 'node:path';
import type { Diagnostic } from '../domain/diagnostic.ts';
import { hasErrors, sortDiagnostics } from '../domain/diagnostic.ts';
import type { Runbook, Templates } from '../domain/ir.ts';
import type { System } from '../domain/system.ts';
import type { RunbookDraft } from './draft.ts';
import type { Files } from './files.ts';
import { DISK } from './files.ts';
import type { Problems } from './problems.ts';
import { collectProblems } from './problems.ts';
import { compileRunbook } from './runbook.ts';
import type { SystemDraft } from './schema.ts';
import { readSystem } from './schema.ts';
import type { SourceText, Span } from './source-text.ts';
import { sourceText, wholeFile } from './source-text.ts';
import type { TriggerDraft } from './triggers.ts';
import { readYaml } from './yaml.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface LoadedRunbook {
  readonly runbook: Runbook;
  readonly file: string;
}

export interface TemplateFile {
  readonly id: string;
  readonly lang: 'en' | 'pt-BR';
  readonly source: SourceText;
}

/** What the lint reads; it is there also where there are errors, as far as the files could be read. */
export interface Drafts {
  readonly system: SystemDraft | null;
  readonly source: SourceText;
  readonly runbooks: readonly RunbookDraft[];
  readonly templates: readonly TemplateFile[];
}

export interface LoadedSystem {
  /** Null when belay.yaml has an error. */
  readonly system: System | null;
  /** Runbooks without errors, by id. */
  readonly runbooks: Readonly<Record<string, LoadedRunbook>>;
  readonly diagnostics: readonly Diagnostic[];
  /** The folder of belay.yaml, absolute: what relative paths in it start from. */
  readonly baseDir: string;
  readonly drafts: Drafts;
}

const SYSTEM_FILE = 'belay.yaml';

/** Never throws for what the files hold. `where` is belay.yaml or its folder. */
export function loadSystem(where: string, o: { readonly env?: Environment; readonly files?: Files } = {}): LoadedSystem {
  const files = o.files ?? DISK;
  const file = isFolder(where, files) ? path.join(where, SYSTEM_FILE) : where;
  const folder = path.dirname(file);
  const loader = new Loader(folder, o.env ?? process.env, files);
  const drafts = loader.read(file);
  const diagnostics = sortDiagnostics(loader.problems.flatMap((one) => one.found));
  const broken = new Set(diagnostics.filter((one) => one.severity === 'error').map((one) => one.file));
  const whole = drafts.runbooks.filter((draft) => !broken.has(draft.problems.source.file));
  return {
    system: drafts.system === null || broken.has(file) ? null : drafts.system.system,
    runbooks: Object.fromEntries(whole.map((draft) => [draft.runbook.id, { runbook: draft.runbook, file: draft.problems.source.file }])),
    diagnostics,
    baseDir: path.resolve(folder),
    drafts,
  };
}

function isFolder(where: string, files: Files): boolean {
  const kind = files.kindOf(where);
  return kind === null ? !/\.ya?ml$/i.test(where) : kind === 'folder';
}

class Loader {
  readonly problems: Problems[] = [];
  readonly #folder: string;
  readonly #env: Environment;
  readonly #from: Files;

  constructor(folder: string, env: Environment, from: Files) {
    this.#folder = folder;
    this.#env = env;
    this.#from = from;
  }

  read(file: string): Drafts {
    const problems = this.#open(file);
    const base = problems === null ? null : this.#system(problems);
    const runbooks = this.#files('runbooks', /\.runbook\.md$/i).flatMap((one) => this.#runbook(one));
    this.#runbookStrays();
    this.#uniqueIds(runbooks);
    const templates = this.#templates();
    const own = this.#ownTriggers(base, runbooks);
    const system = base === null ? null : { ...base, triggers: [...base.triggers, ...own], system: withParts(base.system, own, templates) };
    return { system, source: problems?.source ?? sourceText(file, ''), runbooks, templates };
  }

  #collect(source: SourceText): Problems {
    const problems = collectProblems(source);
    this.problems.push(problems);
    return problems;
  }

  /** Null when the file cannot be read: told. */
  #open(file: string): Problems | null {
    try {
      return this.#collect(sourceText(file, this.#from.read(file).replace(/^\uFEFF/, '')));
    } catch (error) {
      const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
      const problems = this.#collect(sourceText(file, ''));
      const message = missing ? `there is no ${file}` : `${file} cannot be read: ${(error as Error).message}`;
      problems.error('file', { start: 0, end: 1 }, message, {
        hint: missing && file.endsWith(SYSTEM_FILE) ? 'Type "belay init" to write one, or name the folder that has it.' : undefined,
      });
      return null;
    }
  }

  #system(problems: Problems): SystemDraft | null {
    const value = readYaml(wholeFile(problems.source), problems, (text, span) => this.#substitute(text, span, problems));
    return readSystem(value, problems);
  }

  #substitute(text: string, span: Span, problems: Problems): string | null {
    let missing = false;
    if (text.includes('{env.') && topKeyAt(problems.source, span.start) === 'organizations') {
      // What an organization has may stand in plans, messages and evidence, for everybody to read.
      problems.error('inline-secret', span, 'the environment may not fill the fields of organizations', {
        hint: 'These fields are shown in plans, messages and evidence. Keep secrets in sources, targets and channels.',
      });
      return null;
    }
    const filled = text.replace(/\{env\.([A-Za-z_]\w*)\}/g, (all, name: string) => {
      const value = this.#env[name];
      if (value !== undefined && value !== '') return value;
      missing = true;
      problems.error('env-missing', span, `the environment has no ${name}`, { hint: `Set it: export ${name}=…` });
      return all;
    });
    return missing ? null : filled;
  }

  #runbook(file: string): readonly RunbookDraft[] {
    const opened = this.#open(file);
    if (opened === null) return [];
    const compiled = compileRunbook(opened.source.text, file);
    if (compiled.draft === null) opened.found.push(...compiled.diagnostics);
    else this.problems.push(compiled.draft.problems);
    return compiled.draft === null ? [] : [compiled.draft];
  }

  /** A Markdown file that looks like a runbook and is not loaded would be missing without a word. */
  #runbookStrays(): void {
    for (const file of this.#files('runbooks', /\.(md|markdown)$/i)) {
      if (/\.runbook\.md$/i.test(file) || /^readme\.md$/i.test(path.basename(file))) continue;
      const problems = this.#collect(sourceText(file, ''));
      problems.warn('file', { start: 0, end: 1 }, `${path.basename(file)} is not loaded`, { expected: 'runbooks/<id>.runbook.md' });
    }
  }

  #uniqueIds(runbooks: readonly RunbookDraft[]): void {
    const files = new Map<string, string>();
    for (const { runbook, problems, front } of runbooks) {
      const first = files.get(runbook.id);
      if (first === undefined || runbook.id === '') files.set(runbook.id, problems.source.file);
      else
        problems.error(
          'duplicate-id',
          front.kind === 'map' ? (front.entries.find((entry) => entry.key === 'id')?.value.span ?? front.span) : front.span,
          `the id ${runbook.id} is taken by ${first}`,
        );
    }
  }

  #templates(): readonly TemplateFile[] {
    return this.#files('templates', /\.md$/i).flatMap((file): TemplateFile[] => {
      const opened = this.#open(file);
      if (opened === null) return [];
      const [, id, lang] = /^([a-z][a-z0-9-]*)\.(en|pt-BR)\.md$/.exec(path.basename(file)) ?? [];
      if (id !== undefined && lang !== undefined) return [{ id, lang: lang as TemplateFile['lang'], source: opened.source }];
      opened.error('template-language', { start: 0, end: 1 }, `${path.basename(file)} is not loaded`, {
        expected: 'templates/<id>.en.md and templates/<id>.pt-BR.md',
      });
      return [];
    });
  }

  /** Whole triggers of front matters join the system's; the same id twice would be two rules of one name. */
  #ownTriggers(base: SystemDraft | null, runbooks: readonly RunbookDraft[]): readonly TriggerDraft[] {
    const taken = new Map((base?.triggers ?? []).map((one) => [one.rule.id, one.problems.source.file]));
    return runbooks.flatMap((draft) =>
      draft.triggers.filter((one) => {
        const first = taken.get(one.rule.id);
        if (first !== undefined) {
          draft.problems.error('duplicate-id', one.idSpan, `the trigger ${one.rule.id} is written in ${first}, too`, {
            hint: `Name it only: "${one.rule.id}:" with nothing after it.`,
          });
          return false;
        }
        taken.set(one.rule.id, draft.problems.source.file);
        return true;
      }),
    );
  }

  #files(folder: string, pattern: RegExp): readonly string[] {
    const full = path.join(this.#folder, folder);
    return this.#from
      .names(full)
      .filter((name) => pattern.test(name))
      .sort()
      .map((name) => path.join(full, name));
  }
}

function withParts(system: System, own: readonly TriggerDraft[], files: readonly TemplateFile[]): System {
  const templates: Record<string, Record<string, string>> = {};
  for (const { id, lang, source } of files) templates[id] = { ...templates[id], [lang]: source.text };
  return {
    ...system,
    signals: [...system.signals, ...own.flatMap((one) => one.signal ?? [])],
    triggers: [...system.triggers, ...own.map((one) => one.rule)],
    templates: templates satisfies Templates,
  };
}

/** True when nothing blocks. */
export function isUsable(loaded: LoadedSystem): loaded is LoadedSystem & { readonly system: System } {
  return loaded.system !== null && !hasErrors(loaded.diagnostics);
}

/** The top-level key of a YAML file that an offset belongs to; null above the first. */
function topKeyAt(source: SourceText, offset: number): string | null {
  const keys = [...source.text.slice(0, offset).matchAll(/^([A-Za-z][\w-]*):/gm)];
  return keys.at(-1)?.[1] ?? null;
}
