// The extension as VS Code would read it: its manifest, its lock file, and its grammar in the engine that VS Code colours with.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import oniguruma from 'vscode-oniguruma';
import textmate, { type IRawGrammar } from 'vscode-textmate';
import { COMMANDS } from '../../src/cli/command-table.ts';
import { STEP_KINDS } from '../../src/domain/ir.ts';
import { kindOfFile } from '../../src/lsp/document.ts';

const root = path.resolve(import.meta.dirname, '../..');
const folder = path.join(root, 'editors/vscode');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');

interface Manifest {
  readonly main: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly contributes: {
    readonly grammars: readonly { readonly scopeName: string; readonly path: string; readonly injectTo: readonly string[] }[];
    readonly commands: readonly { readonly command: string }[];
    readonly configuration: { readonly properties: Readonly<Record<string, unknown>> };
  };
}
const manifest = JSON.parse(read('editors/vscode/package.json')) as Manifest;
const code = readFileSync(path.join(folder, manifest.main), 'utf8');

describe('the manifest of the extension', () => {
  test('what it contributes is there, and the code registers each command and reads each setting', () => {
    for (const grammar of manifest.contributes.grammars)
      expect((JSON.parse(readFileSync(path.join(folder, grammar.path), 'utf8')) as IRawGrammar).scopeName).toBe(grammar.scopeName);
    for (const { command } of manifest.contributes.commands) expect(code).toContain(`registerCommand('${command}'`);
    for (const setting of Object.keys(manifest.contributes.configuration.properties)) {
      const [section, name] = setting.split('.');
      expect(code).toContain(`getConfiguration('${section}').get('${name}')`);
    }
  });

  test('it asks for the files that the server answers for, and for no others', () => {
    const patterns = /const FILES = \[(.*)\]/.exec(code)?.[1]?.match(/'[^']+'/g) ?? [];
    expect(patterns.map((one) => kindOfFile(one.slice(1, -1).replace('**', '/shop').replace('*.', 'a.')))).toEqual([
      'system',
      'runbook',
      'template',
    ]);
  });

  test('it speaks the protocol of the same version as the server', () => {
    const lock = JSON.parse(read('editors/vscode/package-lock.json')) as { packages: Record<string, { version?: string }> };
    const own = JSON.parse(read('package-lock.json')) as typeof lock;
    const name = 'node_modules/vscode-languageserver-protocol';
    expect(lock.packages[name]?.version).toBe(own.packages[name]?.version);
  });

  test('its lock file is exact and hashed, names no address, and nothing in it runs on install', () => {
    const { packages } = JSON.parse(read('editors/vscode/package-lock.json')) as {
      packages: Record<string, { version?: string; integrity?: string; resolved?: string; hasInstallScript?: boolean }>;
    };
    const theirs = Object.entries(packages).filter(([where]) => where !== '');
    expect(theirs.length).toBeLessThanOrEqual(9);
    expect(theirs.filter(([, one]) => !one.integrity || one.resolved || one.hasInstallScript)).toEqual([]);
    expect(
      Object.entries(manifest.dependencies).filter(([name, version]) => packages[`node_modules/${name}`]?.version !== version),
    ).toEqual([]);
  });
});

describe('the guide for editors', () => {
  const guide = read('docs/guides/editors.md');

  test('each snippet starts a command that Belay has', () => {
    const [, neovim = ''] = /cmd = \{ ([^}]*) \}/.exec(guide) ?? [];
    const [, helix = '', args = ''] = /command = ("[^"]*")\nargs = \[([^\]]*)\]/.exec(guide) ?? [];
    const words = (text: string): readonly string[] => [...text.matchAll(/["']([^"']+)["']/g)].map((match) => match[1] ?? '');
    const typed = [words(neovim), [...words(helix), ...words(args)]];
    const known = COMMANDS.map((one) => one.usage.split(' ')[0]);
    expect(typed).toEqual([
      ['belay', 'lsp'],
      ['belay', 'lsp'],
    ]);
    expect(known).toContain('lsp');
    expect(code).toContain("args: ['lsp']");
  });
});

describe('the colours of belay blocks, in the engine of VS Code', () => {
  let grammar: textmate.IGrammar | null = null;
  const MARKDOWN = { scopeName: 'text.html.markdown', patterns: [{ match: '^#.*$', name: 'markup.heading.markdown' }] };
  const YAML = { scopeName: 'source.yaml', patterns: [{ match: '^\\s*[\\w.-]+(?=:)', name: 'entity.name.tag.yaml' }] };

  beforeAll(async () => {
    const wasm = readFileSync(createRequire(import.meta.url).resolve('vscode-oniguruma/release/onig.wasm'));
    await oniguruma.loadWASM({ data: wasm });
    const [injection] = manifest.contributes.grammars;
    const grammars: Readonly<Record<string, unknown>> = {
      'text.html.markdown': MARKDOWN,
      'source.yaml': YAML,
      [injection?.scopeName ?? '']: JSON.parse(readFileSync(path.join(folder, injection?.path ?? ''), 'utf8')),
    };
    const registry = new textmate.Registry({
      onigLib: Promise.resolve({
        createOnigScanner: (patterns) => new oniguruma.OnigScanner(patterns),
        createOnigString: (text) => new oniguruma.OnigString(text),
      }),
      loadGrammar: async (scope) =>
        grammars[scope] === undefined ? null : ({ repository: {}, ...(grammars[scope] as object) } as IRawGrammar),
      getInjections: (scope) => (injection?.injectTo.includes(scope) ? [injection.scopeName] : []),
    });
    grammar = await registry.loadGrammar('text.html.markdown');
  });

  /** Each line's tokens: text → scopes. */
  function coloured(text: string): readonly (readonly (readonly [string, readonly string[]])[])[] {
    let stack = textmate.INITIAL;
    return text.split('\n').map((line) => {
      const { tokens, ruleStack } = grammar?.tokenizeLine(line, stack) ?? { tokens: [], ruleStack: textmate.INITIAL };
      stack = ruleStack;
      return tokens.map((token) => [line.slice(token.startIndex, token.endIndex), token.scopes] as const);
    });
  }
  const scopesOf = (lines: ReturnType<typeof coloured>, word: string): readonly string[] =>
    lines.flat().find(([text]) => text.trim() === word)?.[1] ?? [];

  test.each(STEP_KINDS)('the first line of a %s names kind and action, and what follows is YAML until the fence ends', (kind) => {
    const lines = coloured(`# Title\n\`\`\`belay ${kind} deploy.rollback\nwith: { target: shop }\n  to: x\n\`\`\`\n# After`);
    expect(scopesOf(lines, kind)).toContain('keyword.control.belay');
    expect(scopesOf(lines, 'deploy.rollback')).toContain('entity.name.function.belay');
    expect(scopesOf(lines, 'with')).toEqual(expect.arrayContaining(['meta.embedded.block.yaml', 'entity.name.tag.yaml']));
    expect(scopesOf(lines, 'to')).toContain('meta.embedded.block.yaml');
    expect(scopesOf(lines, '# After')).toEqual(['text.html.markdown', 'markup.heading.markdown']);
  });

  test('a message is prose with variables, and a longer fence may hold a shorter one', () => {
    const lines = coloured('````belay template initial en\nUpdate by {promise}.\n```\nstill\n````\n# After');
    expect(scopesOf(lines, '{promise')).toContain('variable.other.belay');
    expect(scopesOf(lines, 'initial')).toContain('entity.name.function.belay');
    expect(scopesOf(lines, 'still')).toContain('markup.fenced_code.block.markdown');
    expect(scopesOf(lines, '# After')).toContain('markup.heading.markdown');
  });

  test('other fences are left to Markdown', () => {
    expect(scopesOf(coloured('```yaml\nwith: x\n```'), 'with: x')).not.toContain('meta.embedded.block.yaml');
  });
});
