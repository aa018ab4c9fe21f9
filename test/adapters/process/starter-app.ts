// Starts a replay that never ends, tells the pid of its process, and waits to be killed.
import { createReplays } from '../../../src/adapters/process/index.ts';
import { replaySystem } from '../../../src/flows/rehearse/replay.ts';
import { SYSTEM } from '../../server/story-system.ts';

const replays = createReplays({ entry: new URL('replays-app.ts', import.meta.url), databaseUrl: '' });
const order = { system: replaySystem(SYSTEM, 'http-5xx'), trigger: 'tells its pid', from: 0, to: 1, org: null, tried: null };
await replays.start(order, (share) => process.stdout.write(`${Math.round(share * 1e9)}\n`)).ended;
