// Diagnostics as SARIF 2.1.0, which code scanning of a repository's host shows beside the lines of a pull request. It says what was found and
// where, and reads no file.
import type { Diagnostic } from '../domain/diagnostic.ts';

/** GitHub shows no more of one run. */
export const MOST_FINDINGS = 5_000;
const LONGEST = 2_000;
const SCHEMA = 'https://json.schemastore.org/sarif-2.1.0.json';

/** `version`: of Belay. Files are told as they are named: relative ones belong to the root of the repository. */
export function sarifOf(diagnostics: readonly Diagnostic[], version: string) {
  const shown = diagnostics.slice(0, MOST_FINDINGS);
  const rules = [...new Set(shown.map((one) => one.rule))].toSorted();
  return {
    $schema: SCHEMA,
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'Belay', semanticVersion: version, rules: rules.map(ruleOf) } },
        columnKind: 'utf16CodeUnits',
        results: shown.map((one) => resultOf(one, rules)),
      },
    ],
  } as const;
}

function ruleOf(id: string) {
  const words = id.replaceAll('-', ' ');
  const text = `${words.slice(0, 1).toUpperCase()}${words.slice(1)}`;
  return {
    id,
    shortDescription: { text },
    fullDescription: { text: `${text}: a finding of belay lint.` },
    help: { text: 'Each finding says what belongs there and what to do next. All of them: belay lint' },
  };
}

function resultOf(one: Diagnostic, rules: readonly string[]) {
  const advice = [
    one.message,
    one.didYouMean === undefined ? null : `Did you mean: ${one.didYouMean}`,
    one.expected === undefined ? null : `Expected: ${one.expected}`,
    one.hint === undefined ? null : `Hint: ${one.hint}`,
  ];
  const { line: startLine, column: startColumn } = one;
  return {
    ruleId: one.rule,
    ruleIndex: rules.indexOf(one.rule),
    level: one.severity,
    message: { text: plain(advice.filter((line) => line !== null).join('\n')) },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: uriOf(one.file) },
          region: { startLine, startColumn, endLine: startLine, endColumn: startColumn + Math.max(1, one.length) },
        },
      },
    ],
  };
}

/** What stands in a file of a pull request is somebody else's: it steers no screen, and becomes no link. */
function plain(text: string): string {
  const safe = text.replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, (one) => (one === '\n' ? one : '�')).replaceAll('](', ']\\(');
  return safe.length > LONGEST ? `${safe.slice(0, LONGEST - 1)}…` : safe;
}

function uriOf(file: string): string {
  const path = file.replaceAll('\\', '/').split('/').map(encodeURIComponent).join('/');
  return path.startsWith('/') ? `file://${path}` : path;
}
