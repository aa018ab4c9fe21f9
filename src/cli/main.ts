// The command line.
import { resolve } from 'node:path';
import { BelayError } from '../domain/errors.ts';
import { runStart } from './start.ts';
import { runUp } from './up.ts';
import type { Wiring } from './wiring.ts';

export async function runCli(argv: readonly string[], wiring: Wiring): Promise<number> {
  try {
    if (argv[0] === 'demo') return await runStart(argv.slice(1), wiring);
    const at = (name: string): string => resolve(argv[argv.indexOf(name) + 1] ?? '');
    await runUp({ dataDir: at('--data'), configDir: at('--config'), port: Number(argv[argv.indexOf('--port') + 1]), say: (line) => process.stderr.write(`${line}\n`) }, wiring);
    return 0;
  } catch (error) {
    process.stderr.write(BelayError.is(error) ? `${error.code}: ${error.message} ${error.hint ?? ''}\n` : `${(error as Error).stack}\n`);
    return BelayError.is(error) ? error.exitCode : 70;
  }
}
