// A process of its own that claims every due delivery and then hangs, to be killed by a test. Argument: the database's URL.
import { openStore } from '../../../src/adapters/store-postgres/index.ts';
import { digest, settableTime } from './kit.ts';

const store = openStore({ databaseUrl: process.argv[2] ?? '', digest, time: settableTime(5_000) });
const claimed = await store.outbox.claim(5_000, { limit: 100, deadline: 5_000_000 });
store.incidents.subscribe(() => undefined); // Keeps the process up.
process.stdout.write(`${claimed.length}\n`);
