// The entry: reads the arguments and the environment, and hands the command line what only the composition root knows.
// Everything heavy is imported when a command asks for it, so that `belay --help` stays quick.
import { readFileSync } from 'node:fs';
import { runCli } from './cli/main.ts';
import type { Wiring } from './cli/wiring.ts';

const wiring: Wiring = {
  env: process.env,
  version: (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }).version,
  openBelay: async (options) => (await import('./open-belay.ts')).openBelay(options),
  http: async () => (await import('./adapters/http/index.ts')).createHttp({ allow: ['127.0.0.1'] }),
  pauseFile: async (dataDir) => (await import('./local.ts')).localPause(dataDir),
  lintTools: async () => (await import('./local.ts')).lintTools(),
  sqlParser: async () => (await import('./local.ts')).sqlParser(),
  ruleFiles: async () => (await import('./local.ts')).ruleFiles(),
  openParts: async (options) => (await import('./local.ts')).openParts({ ...options, env: process.env }),
  serveEditor: async ({ lang }) => (await import('./editor.ts')).serve({ lang, version: wiring.version, env: wiring.env }),
  expression: async () => (await import('./adapters/cel/index.ts')).createCel(),
  rehearsal: async (options) => (await import('./rehearsal-world.ts')).openRehearsal(options),
  digest: async () => (await import('./adapters/system/index.ts')).createDigest(''),
};

process.exitCode = await runCli(process.argv.slice(2), wiring);
