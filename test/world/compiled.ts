// Where a Belay that a test starts keeps its compiled code: where bin/belay.mjs has it kept, so that tests start what people start. Without
// it each start compiles everything anew, seconds of a processor. It knows no test.
import { fileURLToPath } from 'node:url';

const OF_THE_CLONE = fileURLToPath(new URL('../../node_modules/.cache/belay-node', import.meta.url));

/** To be put into the environment of a Node that is started with an environment of its own. */
export const COMPILED = { NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] ?? OF_THE_CLONE } as const;
