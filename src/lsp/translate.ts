// What this folder finds, in the words of the protocol.
import {
  type CodeAction,
  CodeActionKind,
  type CompletionItem,
  CompletionItemKind,
  DiagnosticSeverity,
  type Diagnostic as Marked,
  type DocumentSymbol as Outlined,
  SymbolKind,
} from 'vscode-languageserver/node';
import type { Diagnostic } from '../domain/diagnostic.ts';
import type { Suggestion } from './complete.ts';
import type { Fix } from './fixes.ts';
import { type Lines, linesOf, offsetOfDiagnostic } from './positions.ts';
import type { DocumentSymbol } from './symbols.ts';

const KINDS = {
  key: CompletionItemKind.Property,
  value: CompletionItemKind.Value,
  kind: CompletionItemKind.Keyword,
  action: CompletionItemKind.Function,
  probe: CompletionItemKind.Function,
} as const;

export function completionOf({ label, kind, insert, start, end, help }: Suggestion, lines: Lines): CompletionItem {
  return {
    label,
    kind: KINDS[kind],
    textEdit: { range: lines.rangeOf({ start, end }), newText: insert },
    filterText: label,
    ...(help === null ? {} : { documentation: { kind: 'markdown', value: help } }),
  };
}

/** `text` is that of the file; null when it cannot be read, and then the place stands for itself. */
export function markedOf(one: Diagnostic, text: string | null, rulesPage: string): Marked {
  const lines = linesOf(text ?? '');
  const start = text === null ? 0 : offsetOfDiagnostic(text, one);
  const at = { line: one.line - 1, character: one.column - 1 };
  const advice = [
    one.didYouMean === undefined ? null : `did you mean: ${one.didYouMean}`,
    one.expected === undefined ? null : `expected: ${one.expected}`,
    one.hint === undefined ? null : `hint: ${one.hint}`,
  ].filter((line) => line !== null);
  return {
    range:
      text === null
        ? { start: at, end: { ...at, character: at.character + one.length } }
        : lines.rangeOf({ start, end: start + one.length }),
    severity: one.severity === 'error' ? DiagnosticSeverity.Error : DiagnosticSeverity.Warning,
    code: one.rule,
    codeDescription: { href: rulesPage },
    source: 'belay',
    message: [one.message, ...advice].join('\n'),
  };
}

export function symbolOf(one: DocumentSymbol, text: string): Outlined {
  const lines = linesOf(text);
  const kinds = { phase: SymbolKind.Namespace, step: SymbolKind.Function, section: SymbolKind.Namespace, id: SymbolKind.Property } as const;
  const toOutlined = ({ name, detail, kind, start, end, children }: DocumentSymbol): Outlined => {
    const lineEnd = text.indexOf('\n', start);
    const head = { start, end: Math.min(Math.max(start, end), lineEnd === -1 ? text.length : lineEnd) };
    return {
      name,
      ...(detail === '' ? {} : { detail }),
      kind: kinds[kind],
      range: lines.rangeOf({ start, end }),
      selectionRange: lines.rangeOf(head),
      children: children.map(toOutlined),
    };
  };
  return toOutlined(one);
}

export function actionOf(
  { title, start, end, text: newText }: Fix,
  { uri, diagnostic, text }: { readonly uri: string; readonly diagnostic: Diagnostic; readonly text: string },
): CodeAction {
  const edit = { range: linesOf(text).rangeOf({ start, end }), newText };
  return {
    title,
    kind: CodeActionKind.QuickFix,
    isPreferred: true,
    diagnostics: [markedOf(diagnostic, text, '')],
    edit: { changes: { [uri]: [edit] } },
  };
}
