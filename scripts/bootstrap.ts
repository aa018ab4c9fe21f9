// Owns `npm run bootstrap`: installs the system packages of every test lane where it may. Refuses to fail a machine that lacks one.
import { prepare, skipLines } from './lane-readiness.ts';
import { LANES } from './lanes.ts';

for (const answer of prepare(LANES)) {
  console.log(answer.on ? `ready: lane ${answer.lane.name}` : skipLines(answer).join('\n'));
}
