// The dependency table as rules, each with its reason. test/house/boundaries.test.ts proves that every one of them bites.
// Traps: no `exclude` of node_modules (it would hide the npm rules), `tsPreCompilationDeps` for type-only imports.

const SRC = '^src/';
const npm = (names) => `(^|/)node_modules/(${names})(/|$)`;
const ANY_NPM = '(^|/)node_modules/';

/** What each layer may import of `src`, of npm and of node:. An absent key means: nothing. */
const LAYERS = {
  domain: { src: 'domain', why: 'domain decides: values in, decisions out; it knows no clock, no I/O and no package' },
  ports: { src: 'domain|ports', why: 'ports hold contracts in the words of the domain, nothing else' },
  flows: { src: 'domain|ports|flows', why: 'flows sequence: they ask domain what to do and a port to do it, so that a replay agrees' },
  config: {
    src: 'domain|config',
    npm: 'zod|yaml|mdast-util-[^/]+|micromark[^/]*|mdast|@types/mdast|@marcbachmann/cel-js',
    node: 'fs|fs/promises|path|url',
    why: 'config turns files into validated values: parsers and the file system, nothing that acts',
  },
  cli: {
    src: 'domain|ports|flows|config|cli',
    npm: 'commander|picocolors|@clack/[^/]+',
    node: '.*',
    why: 'a door: it calls flows and prints; adapters are given to it by main',
  },
  server: {
    src: 'domain|ports|flows|config|server',
    npm: 'hono|@hono/[^/]+|zod',
    node: '.*',
    why: 'a door: it calls flows and answers; adapters are given to it by main',
  },
  lsp: {
    src: 'domain|config|lsp',
    npm: 'vscode-languageserver',
    node: 'fs|path|url|stream|timers/promises',
    why: 'a door: it reads texts and answers an editor; it starts nothing, and flows and adapters are none of its business',
  },
  web: {
    src: 'domain|web',
    npm: 'preact|preact/[^/]+|@preact/[^/]+|uplot|anser',
    why: 'web talks only to the API; it shares nothing but pure domain code',
  },
};

function layerRules([layer, { src, npm: packages, node, why }]) {
  const from = { path: `${SRC}${layer}/` };
  return [
    { name: `${layer}-imports`, severity: 'error', comment: why, from, to: { path: SRC, pathNot: `${SRC}(${src})/` } },
    {
      name: `${layer}-packages`,
      severity: 'error',
      comment: why,
      from,
      to: { path: ANY_NPM, ...(packages === undefined ? {} : { pathNot: npm(packages) }) },
    },
    {
      name: `${layer}-node`,
      severity: 'error',
      comment: why,
      from,
      to: { dependencyTypes: ['core'], ...(node === undefined ? {} : { pathNot: `^(node:)?(${node})$` }) },
    },
  ].filter((rule) => node !== '.*' || !rule.name.endsWith('-node'));
}

export default {
  forbidden: [
    ...Object.entries(LAYERS).flatMap(layerRules),
    {
      name: 'adapter-knows-only-itself',
      severity: 'error',
      comment: 'An adapter is one folder for one real thing: what adapters share is a port that main gives to them.',
      from: { path: '^src/adapters/([^/]+)/' },
      to: { path: SRC, pathNot: '^src/(domain|ports|adapters/$1)/' },
    },
    {
      name: 'nobody-imports-main',
      severity: 'error',
      comment:
        'The files at the root of src (main.ts, its registry, entries) wire everything: whoever imports one has everything in its hands. ' +
        'A door that needs an opened Belay is given the function that opens it.',
      from: { pathNot: '^(src/[^/]+\\.ts$|test/|bench/)' },
      to: { path: '^src/[^/]+\\.ts$' },
    },
    {
      name: 'nobody-imports-web',
      severity: 'error',
      comment: 'web is built for the browser and reached over the API.',
      from: { pathNot: '^(src/web|test)/' },
      to: { path: '^src/web/' },
    },
    {
      name: 'product-never-imports-tests',
      severity: 'error',
      comment: 'Tests know the product, never the reverse; scripts belong to the house, not to the product.',
      from: { path: SRC },
      to: { path: '^(test|scripts|bench|examples)/' },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      comment: 'Two files that need each other are one file, or hide a third; types count, too.',
      from: {},
      to: { circular: true },
    },
    {
      name: 'requests-leave-through-http',
      severity: 'error',
      comment: 'adapters/http checks addresses, redirects, sizes and times: the one place where a request leaves. Servers may listen.',
      from: { path: SRC, pathNot: '^src/(adapters/http/|server/)' },
      to: { path: ['^(node:)?(http|https|http2)$', npm('undici')] },
    },
    {
      name: 'programs-start-through-process',
      severity: 'error',
      comment:
        'adapters/process starts programs: argv only, no shell, the whole group ended. Exceptions: the supervisor of the embedded Postgres, ' +
        'which must outlive calls, and the CLI, which starts the server before any adapter exists.',
      from: { path: SRC, pathNot: '^src/(adapters/(process|embedded-postgres)/|cli/)' },
      to: { path: '^(node:)?(child_process|cluster)$' },
    },
    {
      name: 'no-development-packages',
      severity: 'error',
      comment:
        'A devDependency is not there where Belay is installed. Types alone may come from one. An optional peer is imported when it is needed, ' +
        'in its own adapter, and its absence is told.',
      from: { path: SRC },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'], pathNot: npm('@types/[^/]+|puppeteer-core') },
    },
    {
      name: 'browser-in-its-adapter',
      severity: 'error',
      comment: 'puppeteer-core is an optional peer: only the adapter of the browser loads it, and only for a visit.',
      from: { path: SRC, pathNot: '^src/adapters/chromium/' },
      to: { path: npm('puppeteer-core') },
    },
    {
      name: 'nothing-unresolvable',
      severity: 'error',
      comment: 'An import that resolves to nothing is judged by no rule at all.',
      from: { path: SRC },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.tsx', '.mjs', '.js', '.d.ts'],
      exportsFields: ['exports'],
      conditionNames: ['types', 'import', 'node', 'default'],
    },
    moduleSystems: ['es6', 'cjs', 'tsd'],
  },
};
