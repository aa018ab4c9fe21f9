// `belay render`: a runbook for people who read it elsewhere than in the war room: on paper, in a wiki, in public.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { escapeHtml, markdownHtml } from '../../config/markdown-html.ts';
import type { CompiledRunbook } from '../../config/runbook.ts';
import { compileRunbook } from '../../config/runbook.ts';
import { BelayError } from '../../domain/errors.ts';
import type { Runbook } from '../../domain/ir.ts';
import { masked } from '../../domain/mask.ts';
import type { Run } from '../context.ts';
import { isSet, textOption } from '../context.ts';
import { writeNew } from '../new-file.ts';
import { cheatSheet, runbookMarkdown } from '../render-runbook.ts';
import { renderWordsOf } from '../render-words.ts';
import { clean } from '../text-layout.ts';

export const run: Run = async ({ out, configDir, lang }, typed) => {
  const [name] = typed.args;
  const isPublic = isSet(typed, 'public');
  const markdown = name === undefined ? sheetOf(configDir, lang, isPublic) : oneOf(fileOf(name, configDir), isPublic);
  const form = ['html', 'print'].find((one) => isSet(typed, one)) ?? 'md';
  const text = form === 'md' ? markdown : pageOf(markdown, form === 'print');
  const file = textOption(typed, 'out');
  if (file !== undefined) writeNew(file, text);
  out.data({ ok: true, file: file ?? null, form, public: isPublic, text }, () => file ?? clean(text).trimEnd());
  return undefined;
};

/** A file, or the id of a runbook of this folder. */
function fileOf(name: string, configDir: string): string {
  const places = [resolve(name), join(configDir, 'runbooks', `${name}.runbook.md`)];
  const found = places.find((place) => statSync(place, { throwIfNoEntry: false })?.isFile() === true);
  if (found !== undefined) return found;
  throw new BelayError('BELAY_NOT_FOUND', `There is no runbook ${name}.`, {
    hint: 'Name a file, or a runbook of this folder: belay render deploy-rollback',
  });
}

function compiled(file: string): CompiledRunbook & { readonly runbook: Runbook } {
  const one = compileRunbook(readFileSync(file, 'utf8'), file);
  if (one.runbook === null)
    throw new BelayError('BELAY_CONFIG_INVALID', `${basename(file)} has errors.`, { hint: `See them: belay lint ${file}` });
  return { ...one, runbook: one.runbook };
}

function oneOf(file: string, isPublic: boolean): string {
  const { runbook, draft } = compiled(file);
  return runbookMarkdown(runbook, { isPublic, reviewed: draft?.reviewed ?? null, reviewBy: draft?.reviewBy ?? null });
}

/** Without a runbook: what may be typed, for every runbook of the folder. */
function sheetOf(configDir: string, lang: 'en' | 'pt-BR', isPublic: boolean): string {
  const folder = join(configDir, 'runbooks');
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new BelayError('BELAY_NOT_FOUND', `There is no ${folder}.`, { hint: 'Name a runbook: belay render runbooks/x.runbook.md' });
  const runbooks = readdirSync(folder)
    .filter((name) => name.endsWith('.runbook.md'))
    .toSorted()
    .map((name) => compiled(join(folder, name)).runbook)
    .filter((one) => !isPublic || one.visibility === 'public');
  return masked(`${cheatSheet(runbooks, renderWordsOf(lang))}\n`);
}

const STYLE = `body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem;color:#111}
pre{background:#f3f3f3;padding:.6rem;overflow-x:auto;white-space:pre-wrap}code{font-size:.9em}table{border-collapse:collapse}
td,th{border:1px solid #bbb;padding:.2rem .5rem;text-align:left}li.box{list-style:none}li.box::before{content:"\\2610  "}
@media print{body{font-size:11pt;margin:0;max-width:none}h2{break-after:avoid}h3,li,pre,table{break-inside:avoid}}`;
const PAPER = '@page{margin:18mm}li.box::after{content:"  ______";color:#777}';

function pageOf(markdown: string, isPaper: boolean): string {
  const [, title = 'Belay'] = /^#+ (.*)$/m.exec(markdown) ?? [];
  const head = `<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(title)}</title>`;
  return `<!doctype html>\n<html><head>${head}<style>${STYLE}${isPaper ? PAPER : ''}</style></head>\n<body>\n${markdownHtml(markdown)}\n</body></html>\n`;
}
