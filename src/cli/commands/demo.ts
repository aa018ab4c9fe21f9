// `belay demo`: the first-rollback story, the same as `npm start` in a clone.
import type { ExitCode } from '../../domain/errors.ts';
import type { Run } from '../context.ts';
import { isSet, portOption, textOption } from '../context.ts';
import { runStart } from '../start.ts';

const DEFAULT_PORT = 7070;

export const run: Run = async ({ dataDir, out, wiring }, typed) => {
  const argv = [
    '--data',
    dataDir,
    '--port',
    String(portOption(typed, DEFAULT_PORT)),
    '--scenario',
    textOption(typed, 'scenario') ?? 'deploy',
  ];
  if (isSet(typed, 'exit')) argv.push('--exit');
  if (out.json) argv.push('--json');
  return (await runStart(argv, wiring)) as ExitCode;
};
