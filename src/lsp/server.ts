// `belay lsp`: the language server protocol over two streams. It translates between the protocol and the rest of this folder, holds
// changes back for a moment before it looks, and survives whatever a file or an editor sends. It judges nothing itself.
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  type CancellationToken,
  type CodeAction,
  CodeActionKind,
  type CompletionItem,
  type Connection,
  createConnection,
  type Hover,
  type InitializeResult,
  type Location,
  LSPErrorCodes,
  type Position,
  ResponseError,
  TextDocumentSyncKind,
} from 'vscode-languageserver/node';
import { DISK } from '../config/files.ts';
import type { Looking } from '../config/look.ts';
import { lineAt, positionAt } from '../config/source-text.ts';
import { ACTIONS } from '../domain/catalog.ts';
import { catalogOf } from '../domain/own-action.ts';
import type { Lang } from '../domain/system.ts';
import { suggestionsAt } from './complete.ts';
import { definitionAt } from './definition.ts';
import { type Document, partAt } from './document.ts';
import { fixOf } from './fixes.ts';
import { wholeFrames } from './frames.ts';
import type { Helping } from './help.ts';
import { hoverAt } from './hover.ts';
import { openManual } from './manual.ts';
import { linesOf, offsetOfDiagnostic } from './positions.ts';
import { createPublisher } from './publisher.ts';
import { symbolsOf } from './symbols.ts';
import { actionOf, completionOf, symbolOf } from './translate.ts';
import { createUris, type Uris } from './uris.ts';
import { wordsOf } from './words.ts';
import { createWorkspace, type Workspace } from './workspace.ts';

export interface ServeOptions {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
  readonly looking: () => Promise<Looking>;
  /** The folder of the reference pages. */
  readonly docs: string;
  readonly version: string;
  /** Null: the language of the editor. */
  readonly lang: Lang | null;
}

/** Serves until the editor says exit, which ends the process. */
export function serveEditor(o: ServeOptions): void {
  const connection = createConnection(o.input.pipe(wholeFrames()), o.output);
  const workspace = createWorkspace({ looking: o.looking, disk: DISK });
  const manual = openManual(o.docs);
  const uris = createUris();
  const state = { lang: o.lang ?? ('en' as Lang) };
  const tell = (what: string, error: unknown): void =>
    connection.console.error(
      `${wordsOf(state.lang).failed(what)} ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    );
  const publisher = createPublisher({
    connection,
    workspace,
    uris,
    tell,
    rulesPage: manual.link('reference/runbook-format.md', 'Diagnostics'),
  });
  connection.onInitialize(({ locale }): InitializeResult => {
    state.lang = o.lang ?? (/^pt\b/i.test(locale ?? '') ? 'pt-BR' : 'en');
    return { capabilities: CAPABILITIES, serverInfo: { name: 'belay', version: o.version } };
  });
  connection.onShutdown(() => publisher.stop());
  listen(connection, workspace, uris, publisher.changed);
  answer(connection, { workspace, uris, tell, help: async (doc) => ({ manual, lang: state.lang, ...(await actionsOf(workspace, doc)) }) });
  connection.listen();
}

const CAPABILITIES: InitializeResult['capabilities'] = {
  positionEncoding: 'utf-16',
  textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Full, save: true },
  completionProvider: { triggerCharacters: [':', ' ', '.', '{', '"'] },
  hoverProvider: true,
  definitionProvider: true,
  documentSymbolProvider: true,
  codeActionProvider: { codeActionKinds: [CodeActionKind.QuickFix] },
};

function listen(connection: Connection, workspace: Workspace, uris: Uris, changed: (file: string) => void): void {
  const put = (uri: string, text: string): void => {
    const file = uris.fileOf(uri);
    if (file === null) return;
    workspace.put(file, text);
    changed(file);
  };
  connection.onDidOpenTextDocument(({ textDocument: { uri, text } }) => put(uri, text));
  connection.onDidChangeTextDocument(({ textDocument: { uri }, contentChanges }) => {
    // Whole texts were asked for: the last one counts.
    const last = contentChanges.at(-1);
    if (last !== undefined) put(uri, last.text);
  });
  connection.onDidCloseTextDocument(({ textDocument: { uri } }) => {
    const file = uris.fileOf(uri);
    if (file === null) return;
    workspace.close(file);
    changed(file);
  });
  const onDisk = (all: readonly string[]): void => {
    workspace.forget();
    for (const uri of all) {
      const file = uris.fileOf(uri);
      if (file !== null) changed(file);
    }
  };
  connection.onDidSaveTextDocument(({ textDocument: { uri } }) => onDisk([uri]));
  connection.onDidChangeWatchedFiles(({ changes }) => onDisk(changes.map(({ uri }) => uri)));
}

/** The actions of your own that belay.yaml declares, beside Belay's. */
async function actionsOf(workspace: Workspace, doc: Document): Promise<Pick<Helping, 'actions'>> {
  const root = workspace.rootOf(doc.file);
  const look = root === null ? null : await workspace.look(root);
  const own = look?.loaded?.drafts.system?.system.actions ?? [];
  return { actions: { ...ACTIONS, ...catalogOf(own) } };
}

interface Answering {
  readonly workspace: Workspace;
  readonly uris: Uris;
  readonly tell: (what: string, error: unknown) => void;
  readonly help: (doc: Document) => Promise<Helping>;
}

interface Asked {
  readonly textDocument: { readonly uri: string };
}

function answer(connection: Connection, { workspace, uris, tell, help }: Answering): void {
  /** What fails here is told, and the editor gets nothing to show. */
  const careful =
    <P extends Asked, R>(none: R, make: (params: P, doc: Document) => Promise<R> | R) =>
    async (params: P, token: CancellationToken): Promise<R | ResponseError<void>> => {
      // What came in meanwhile is read first: newer texts, and that nobody wants this answer any more.
      await nextTurn();
      if (token.isCancellationRequested) return new ResponseError(LSPErrorCodes.RequestCancelled, 'cancelled');
      try {
        const file = uris.fileOf(params.textDocument.uri);
        const doc = file === null ? null : workspace.document(file);
        return doc === null ? none : await make(params, doc);
      } catch (error) {
        tell(params.textDocument.uri, error);
        return none;
      }
    };
  const offsetIn = (doc: Document, position: Position): number => linesOf(doc.source.text).offsetAt(position);
  connection.onCompletion(
    careful<Asked & { position: Position; context?: { triggerCharacter?: string } }, CompletionItem[]>([], async (params, doc) => {
      const offset = offsetIn(doc, params.position);
      if (params.context?.triggerCharacter === ' ' && !isAsking(doc, offset)) return [];
      const found = await suggestionsAt(workspace, doc, offset, await help(doc));
      return found.map((one) => completionOf(one, linesOf(doc.source.text)));
    }),
  );
  connection.onHover(
    careful<Asked & { position: Position }, Hover | null>(null, async ({ position }, doc) => {
      const found = await hoverAt(workspace, doc, offsetIn(doc, position), await help(doc));
      if (found === null) return null;
      return { contents: { kind: 'markdown', value: found.text }, range: linesOf(doc.source.text).rangeOf(found) };
    }),
  );
  connection.onDefinition(
    careful<Asked & { position: Position }, Location | null>(null, async ({ position }, doc) => {
      const found = await definitionAt(workspace, doc, offsetIn(doc, position));
      return found === null ? null : { uri: uris.uriOf(found.source.file), range: linesOf(found.source.text).rangeOf(found.span) };
    }),
  );
  connection.onDocumentSymbol(careful([], (_: Asked, doc) => symbolsOf(doc).map((one) => symbolOf(one, doc.source.text))));
  connection.onCodeAction(
    careful<Asked & { range: { start: Position; end: Position } }, CodeAction[]>([], async ({ textDocument, range }, doc) => {
      const root = workspace.rootOf(doc.file);
      if (root === null) return [];
      const { text } = doc.source;
      const [from, to] = [offsetIn(doc, range.start), offsetIn(doc, range.end)];
      const { diagnostics } = await workspace.look(root);
      const { lang } = await help(doc);
      return diagnostics.flatMap((one) => {
        const start = offsetOfDiagnostic(text, one);
        if (one.file !== doc.file || start > to || start + one.length < from) return [];
        const fix = fixOf(text, one, lang);
        return fix === null ? [] : [actionOf(fix, { uri: textDocument.uri, diagnostic: one, text })];
      });
    }),
  );
}

/** A space asks for words after a key, a dash, and in the first line of a block; in the middle of a sentence it is a space. */
function isAsking(doc: Document, offset: number): boolean {
  const { line, column } = positionAt(doc.source, offset);
  const before = lineAt(doc.source, line).slice(0, column - 1);
  return partAt(doc, offset).kind === 'fence' || /(?:^\s*|[:\-,{[]\s*)$/.test(before);
}
