// The guard of the layers, proved to bite: a folder of planted violations, each of which must be reported by the rule named here.
// A guard that cruises nothing also "finds no violations", so the number of modules is demanded, too.
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { cruise, type ICruiseOptions, type ICruiseResult } from 'dependency-cruiser';
import { afterAll, describe, expect, test } from 'vitest';
import config from '../../.dependency-cruiser.mjs';

const root = path.resolve(import.meta.dirname, '../..');

/** file → [the rule that must report it, its text]. Unlisted rules fail the last test: a rule without a planting is decoration. */
const PLANTED: Readonly<Record<string, readonly [rule: string, text: string]>> = {
  'src/domain/reads-files.ts': ['domain-node', "import { readFileSync } from 'node:fs';\nexport const a = readFileSync;"],
  'src/domain/uses-package.ts': ['domain-packages', "import { z } from 'zod';\nexport const a = z;"],
  'src/domain/knows-flows.ts': ['domain-imports', "import { fine } from '../flows/fine.ts';\nexport const a = fine;"],
  'src/domain/knows-port-types.ts': ['domain-imports', "import type { Fine } from '../ports/fine.ts';\nexport type A = Fine;"],
  'src/ports/knows-flows.ts': ['ports-imports', "import type { fine } from '../flows/fine.ts';\nexport type A = typeof fine;"],
  'src/ports/uses-package.ts': ['ports-packages', "import type { Hono } from 'hono';\nexport type A = Hono;"],
  'src/ports/uses-node.ts': ['ports-node', "import type { Stats } from 'node:fs';\nexport type A = Stats;"],
  'src/flows/static-adapter.ts': ['flows-imports', "import { one } from '../adapters/one/index.ts';\nexport const a = one;"],
  'src/flows/dynamic-adapter.ts': ['flows-imports', "export const a = () => import('../adapters/one/index.ts');"],
  'src/flows/re-export.ts': ['flows-imports', "export { one } from './../adapters/one/index.ts';"],
  'src/flows/import-type.ts': ['flows-imports', "export type A = import('../adapters/one/index.ts').One;"],
  'src/flows/uses-package.ts': ['flows-packages', "import canonicalize from 'canonicalize';\nexport const a = canonicalize;"],
  'src/flows/uses-node.ts': ['flows-node', "import { randomUUID } from 'node:crypto';\nexport const a = randomUUID;"],
  'src/adapters/two/sibling.ts': ['adapter-knows-only-itself', "import { one } from '../one/index.ts';\nexport const a = one;"],
  'src/adapters/two/knows-flows.ts': ['adapter-knows-only-itself', "import { fine } from '../../flows/fine.ts';\nexport const a = fine;"],
  'src/adapters/two/fetches.ts': ['requests-leave-through-http', "import { request } from 'undici';\nexport const a = request;"],
  'src/adapters/two/client.ts': ['requests-leave-through-http', "import { get } from 'node:http';\nexport const a = get;"],
  'src/adapters/two/spawns.ts': ['programs-start-through-process', "import { spawn } from 'node:child_process';\nexport const a = spawn;"],
  'src/adapters/two/dev-package.ts': ['no-development-packages', "import fc from 'fast-check';\nexport const a = fc;"],
  'src/adapters/two/browses.ts': ['browser-in-its-adapter', "import puppeteer from 'puppeteer-core';\nexport const a = puppeteer;"],
  'src/adapters/two/typo.ts': ['nothing-unresolvable', "import { gone } from './gone.ts';\nexport const a = gone;"],
  'src/config/knows-flows.ts': ['config-imports', "import { fine } from '../flows/fine.ts';\nexport const a = fine;"],
  'src/config/listens.ts': ['config-node', "import { createServer } from 'node:net';\nexport const a = createServer;"],
  'src/config/uses-hono.ts': ['config-packages', "import { Hono } from 'hono';\nexport const a = Hono;"],
  'src/config/knows-main.ts': ['nobody-imports-main', "import { main } from '../main.ts';\nexport const a = main;"],
  'src/adapters/two/knows-registry.ts': [
    'nobody-imports-main',
    "import { registry } from '../../registry.ts';\nexport const a = registry;",
  ],
  'src/cli/knows-adapter.ts': ['cli-imports', "import { one } from '../adapters/one/index.ts';\nexport const a = one;"],
  'src/cli/uses-hono.ts': ['cli-packages', "import { Hono } from 'hono';\nexport const a = Hono;"],
  'src/server/knows-cli.ts': ['server-imports', "import { fine } from '../cli/fine.ts';\nexport const a = fine;"],
  'src/server/uses-commander.ts': ['server-packages', "import { Command } from 'commander';\nexport const a = Command;"],
  'src/server/knows-web.ts': ['nobody-imports-web', "import { fine } from '../web/fine.ts';\nexport const a = fine;"],
  'src/lsp/knows-flows.ts': ['lsp-imports', "import { fine } from '../flows/fine.ts';\nexport const a = fine;"],
  'src/lsp/uses-hono.ts': ['lsp-packages', "import { Hono } from 'hono';\nexport const a = Hono;"],
  'src/lsp/listens.ts': ['lsp-node', "import { createServer } from 'node:net';\nexport const a = createServer;"],
  'src/web/knows-ports.ts': ['web-imports', "import type { Fine } from '../ports/fine.ts';\nexport type A = Fine;"],
  'src/web/uses-zod.ts': ['web-packages', "import { z } from 'zod';\nexport const a = z;"],
  'src/web/uses-node.ts': ['web-node', "import path from 'node:path';\nexport const a = path;"],
  'src/server/knows-test.ts': ['product-never-imports-tests', "import { fake } from '../../test/fake.ts';\nexport const a = fake;"],
  'src/domain/cycle-a.ts': ['no-cycles', "import type { B } from './cycle-b.ts';\nexport interface A { b: B }"],
};

const INNOCENT: Readonly<Record<string, string>> = {
  'src/domain/cycle-b.ts': "import type { A } from './cycle-a.ts';\nexport interface B { a: A }",
  'src/domain/fine.ts': 'export const fine = 1;',
  'src/ports/fine.ts': "import type { fine } from '../domain/fine.ts';\nexport interface Fine { fine: typeof fine }",
  'src/flows/fine.ts': "import type { Fine } from '../ports/fine.ts';\nexport const fine = (port: Fine) => port;",
  'src/adapters/one/index.ts':
    "import { Buffer } from 'node:buffer';\nimport { z } from 'zod';\nimport type { Fine } from '../../ports/fine.ts';\nexport type One = Fine;\nexport const one = [z, Buffer];",
  'src/adapters/process/index.ts': "import { spawn } from 'node:child_process';\nexport const start = spawn;",
  'src/adapters/http/index.ts': "import { request } from 'undici';\nexport const send = request;",
  'src/config/fine.ts':
    "import { readFileSync } from 'node:fs';\nimport { parse } from 'yaml';\nexport const fine = [parse, readFileSync];",
  'src/cli/fine.ts':
    "import { Command } from 'commander';\nimport { fine as flow } from '../flows/fine.ts';\nexport const fine = [Command, flow];",
  'src/server/fine.ts':
    "import { createServer } from 'node:http';\nimport { Hono } from 'hono';\nexport const fine = [Hono, createServer];",
  'src/lsp/fine.ts':
    "import { Transform } from 'node:stream';\nimport { createConnection } from 'vscode-languageserver/node';\nimport { fine as flow } from '../config/fine.ts';\nexport const fine = [Transform, createConnection, flow];",
  'src/web/fine.ts': "import { fine as pure } from '../domain/fine.ts';\nexport const fine = pure;",
  'src/registry.ts': "import { one } from './adapters/one/index.ts';\nexport const registry = { one };",
  'src/main.ts': "import { registry } from './registry.ts';\nexport const main = registry;",
  'test/fake.ts': 'export const fake = 1;',
};

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function plant(): string {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'belay-planted-')));
  folders.push(folder);
  const files = { ...INNOCENT, ...Object.fromEntries(Object.entries(PLANTED).map(([file, [, text]]) => [file, text])) };
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(path.join(folder, path.dirname(file)), { recursive: true });
    writeFileSync(path.join(folder, file), `${text}\n`);
  }
  symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'));
  symlinkSync(path.join(root, 'package.json'), path.join(folder, 'package.json'));
  return folder;
}

async function guard(baseDir: string): Promise<ICruiseResult> {
  const { tsConfig: _, ...options } = config.options;
  const ruleSet = { forbidden: config.forbidden };
  const result = await cruise(['src'], { ...options, baseDir, validate: true, ruleSet } as ICruiseOptions, options.enhancedResolveOptions);
  return result.output as ICruiseResult;
}

const planted = await guard(plant());
const reported = planted.summary.violations.map(({ rule, from, cycle }) => ({
  rule: rule.name,
  files: [from, ...(cycle ?? []).map((step) => step.name)],
}));

describe('the guard of the layers', () => {
  test.each(Object.entries(PLANTED).map(([file, [rule]]) => ({ file, rule })))('$rule reports $file', ({ file, rule }) => {
    expect(reported.filter((violation) => violation.files.includes(file)).map((violation) => violation.rule)).toContain(rule);
  });

  test('it does not report the files that keep the rules', () => {
    const innocent = Object.keys(INNOCENT).filter((file) => file !== 'src/domain/cycle-b.ts');
    expect(planted.summary.violations.filter((violation) => innocent.includes(violation.from))).toEqual([]);
  });

  test('every rule has a planted violation', () => {
    const tried = new Set(Object.values(PLANTED).map(([rule]) => rule));
    expect(config.forbidden.map((rule) => rule.name).filter((name) => !tried.has(name))).toEqual([]);
  });

  test('src keeps every rule, and is really looked at', async () => {
    const { summary, modules } = await guard(root);
    expect(summary.violations.map(({ rule, from, to }) => `${from} → ${to}: ${rule.name}`)).toEqual([]);
    expect(modules.filter((module) => module.source.startsWith('src/')).length).toBeGreaterThan(60);
  }, 60_000);
});
