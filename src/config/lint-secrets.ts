// Credentials that stand in files: they leak with the repository, the plan and every screenshot.
import type { Diagnostic } from '../domain/diagnostic.ts';
import type { RunbookDraft } from './draft.ts';
import type { Drafts } from './load.ts';
import { collectProblems } from './problems.ts';
import type { SourceText } from './source-text.ts';
import { lineAt } from './source-text.ts';

/** Shapes that are secrets wherever they stand. */
const SHAPES: readonly (readonly [what: string, pattern: RegExp])[] = [
  ['a private key', /-----BEGIN [A-Z ]*PRIVATE KEY-----/],
  ['an AWS access key', /\bAKIA[0-9A-Z]{16}\b/],
  ['a GitHub token', /\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,})/],
  ['a Slack token', /\bxox[abprs]-[A-Za-z0-9-]{10,}/],
  ['a webhook secret', /\bwhsec_[A-Za-z0-9+/=]{16,}/],
  ['an API key', /\bsk[-_](?:live|test|proj|ant)?[-_]?[A-Za-z0-9]{20,}/],
  ['a signed token', /\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}/],
  ['a bearer token', /\bBearer\s+(?![{<$])[A-Za-z0-9._~+/-]{16,}/],
  ['a password in an address', /\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@{}<>$]+:(?![{<$*[])[^\s/@{}<>$]+@/i],
  [
    'a secret in a variable',
    /\b[A-Z0-9_]*(?:PASSWORD|SECRET|TOKEN|(?:API|SERVICE|SECRET|ACCESS|PRIVATE)_KEY)=(?!["']?[{<$*[])["']?[^\s"']{6,}/,
  ],
];

/** Keys of YAML whose literal value is a secret. Prose that says "password: rotate it" is no YAML. */
const KEYED =
  /(?:^|[\s{,])["']?(?:password|passwd|secret|token|apiKey|api_key|accessKey|privateKey|clientSecret)["']?\s*:\s*(?!["']?[{<$]|["']{2}|[&*|>#])["']?[^\s"',}#][^"',}#\n]{4,}/i;

export function lintSecrets(drafts: Drafts): readonly Diagnostic[] {
  return [
    ...look(drafts.source, () => true),
    ...drafts.runbooks.flatMap((draft) => secretsIn(draft)),
    ...drafts.templates.flatMap((one) => look(one.source, () => false)),
  ];
}

export function secretsIn(draft: RunbookDraft): readonly Diagnostic[] {
  return look(draft.problems.source, yamlLines(draft.problems.source));
}

function look(source: SourceText, isYaml: (line: number) => boolean): readonly Diagnostic[] {
  const problems = collectProblems(source);
  for (let line = 1; line <= source.lineStarts.length; line += 1) {
    const text = lineAt(source, line);
    const hit = secretIn(text, isYaml(line));
    if (hit === null) continue;
    const start = (source.lineStarts[line - 1] ?? 0) + hit.index;
    // The value itself is not repeated: diagnostics end up in logs.
    problems.error('inline-secret', { start, end: start + hit.length }, `${hit.what} stands in the file`, {
      hint: 'Rotate it, then name it: "{env.NAME}" in belay.yaml.',
    });
  }
  return problems.found;
}

/** The text with what is secret in it taken out; null when nothing is. */
export function withoutSecrets(text: string): string | null {
  const keyless = text.replace(/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, '***');
  const lines = keyless.split('\n').map(lineWithoutSecrets);
  const clean = lines.join('\n');
  return clean === text ? null : clean;
}

const MOST_IN_A_LINE = 20;

function lineWithoutSecrets(line: string): string {
  let clean = line;
  for (let round = 0; round < MOST_IN_A_LINE; round += 1) {
    const hit = secretIn(clean, true);
    if (hit === null) return clean;
    const secret = clean.slice(hit.index, hit.index + hit.length);
    const masked = secret.replace(/^([a-z][a-z0-9+.-]*:\/\/[^:]+:).*(@)$|^(["']?\w+["']?\s*[:=]\s*["']?).*$|^.*$/i, '$1$3***$2');
    clean = `${clean.slice(0, hit.index)}${masked}${clean.slice(hit.index + hit.length)}`;
  }
  return '***';
}

function secretIn(text: string, isYaml: boolean): { readonly what: string; readonly index: number; readonly length: number } | null {
  for (const [what, pattern] of SHAPES) {
    const match = pattern.exec(text);
    if (match !== null) return { what, index: match.index, length: match[0].length };
  }
  const match = isYaml ? KEYED.exec(text) : null;
  return match === null
    ? null
    : { what: 'a secret', index: match.index + (/^[\s{,]/.test(match[0]) ? 1 : 0), length: match[0].trim().length };
}

/** Lines of the front matter and of belay blocks. */
function yamlLines(source: SourceText): (line: number) => boolean {
  const inside = new Set<number>();
  let mode: 'front' | 'block' | null = null;
  for (let line = 1; line <= source.lineStarts.length; line += 1) {
    const text = lineAt(source, line).trimEnd();
    if (mode === null && line === 1 && text === '---') mode = 'front';
    else if (mode === null && /^```+belay (?!template)/.test(text)) mode = 'block';
    else if ((mode === 'front' && text === '---') || (mode === 'block' && /^```+$/.test(text))) mode = null;
    else if (mode !== null) inside.add(line);
  }
  return (line) => inside.has(line);
}
