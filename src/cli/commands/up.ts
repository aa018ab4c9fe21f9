// `belay up`: serves the system of this folder until it is told to stop.
import type { Run } from '../context.ts';
import { portOption } from '../context.ts';
import { runUp } from '../up.ts';

const DEFAULT_PORT = 7070;

export const run: Run = async ({ dataDir, configDir, out, wiring }, typed) => {
  await runUp({ dataDir, configDir, port: portOption(typed, DEFAULT_PORT), say: (line) => out.say(line) }, wiring);
  return undefined;
};
