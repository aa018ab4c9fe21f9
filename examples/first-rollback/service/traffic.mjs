// Customers: about twenty checkouts a second for each organization, over TCP with kept-alive connections, until a signal ends it.
// A service that is away is written down as failed requests and tried again at the next one. It never retries a request.
import { readFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { readArguments, refuse } from './arguments.mjs';
import { openLog } from './log-file.mjs';
import { claim, release } from './process-file.mjs';

const root = path.dirname(fileURLToPath(import.meta.url));
const pidFile = path.join(root, 'run', 'traffic.pid');
const { url, rate, minutes } = readArguments({ url: 'http://127.0.0.1:8080', rate: '20', minutes: '0' });
const orgs = Object.keys(JSON.parse(readFileSync(path.join(root, 'flows.json'), 'utf8')));
const gapMs = 1000 / (Number(rate) * orgs.length);

if (!claim(pidFile)) refuse('traffic: it runs already; its pid stands in run/traffic.pid', 97);
const log = openLog(path.join(root, 'run', 'traffic.ndjson'));
// An idle connection is let go before the shop's own limit: a request must never meet one that is just being closed.
const agent = new Agent({ keepAlive: true, maxSockets: 64, timeout: 2_000 });
const beganAt = performance.now();
let sent = 0;
let open = 0;
let stopping = false;

process.on('SIGTERM', stop);
process.on('SIGINT', stop);
if (Number(minutes) > 0) setTimeout(stop, Number(minutes) * 60_000).unref();
beat();

/** Sends what is due by the clock, so that a late timer does not thin the traffic; after a long stop it does not catch up. */
function beat() {
  if (stopping) return;
  const due = Math.floor((performance.now() - beganAt) / gapMs);
  if (due - sent > orgs.length * 10) sent = due - 1;
  while (sent < due) {
    sendOne(orgs[sent % orgs.length]);
    sent += 1;
  }
  setTimeout(beat, gapMs);
}

function sendOne(org) {
  const sentAt = Date.now();
  let done = false;
  open += 1;
  const end = (outcome) => {
    if (done) return;
    done = true;
    open -= 1;
    log.write({ sent: sentAt, t: Date.now(), org, ...outcome });
    if (stopping && open === 0) leave();
  };
  const request = get(`${url}/checkout?org=${encodeURIComponent(org)}`, { agent, timeout: 5_000 }, (response) => {
    response.resume();
    response.on('end', () => end({ status: response.statusCode }));
    response.on('error', (error) => end({ status: null, error: error.code ?? error.message }));
  });
  request.on('timeout', () => request.destroy(new Error('no answer in 5 s')));
  request.on('error', (error) => end({ status: null, error: error.code ?? error.message }));
}

function stop() {
  stopping = true;
  if (open === 0) leave();
  // Requests in flight are allowed to end.
  setTimeout(leave, 6_000).unref();
}

function leave() {
  release(pidFile);
  process.exit(0);
}
