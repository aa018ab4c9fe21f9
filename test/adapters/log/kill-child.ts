// A Belay that only detects, to be killed: the real reader, rhythm, detector and store.
// Started as: node kill-child.ts '<json>'. It says "up" when it reads.
import { createLogReader } from '../../../src/adapters/log/index.ts';
import { openStore } from '../../../src/adapters/store-postgres/index.ts';
import { systemTime } from '../../../src/adapters/system/index.ts';
import { polled } from '../../../src/flows/detect/poll.ts';
import { createDetector } from '../../../src/flows/detect.ts';
import { signal, system, trigger } from '../../flows/detect-world.ts';
import { digest } from '../store-postgres/kit.ts';
import type { LogSpec } from './kit.ts';

export interface ChildOptions {
  readonly databaseUrl: string;
  readonly dir: string;
}

const { databaseUrl, dir } = JSON.parse(process.argv[2] ?? '{}') as ChildOptions;
const spec: LogSpec = {
  id: 'app',
  driver: 'log',
  path: 'app.log',
  format: 'text',
  pattern: '^\\d+ org=(?<org>\\w+) ',
  start: 'end',
  everyMs: 10,
  timeoutMs: 5_000,
};
const store = openStore({ databaseUrl, digest, time: systemTime, poolSize: 2 });
const detector = createDetector({
  system: system({
    sources: [spec],
    signals: [signal({ kind: 'rate', of: { name: 'log_lines', labels: [] } }, { sources: ['app'] })],
    triggers: [trigger('rate', { breach: { above: 100_000, overMs: 3_600_000, stillMs: 300_000, forMs: 0 } })],
  }),
  store: store.signals,
  time: systemTime,
  sources: [polled(createLogReader(spec, { time: systemTime, baseDir: dir }), systemTime)],
});
await detector.start();
process.stdout.write('up\n');
