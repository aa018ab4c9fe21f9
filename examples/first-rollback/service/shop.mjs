// The shop: an HTTP service on 127.0.0.1 that runs the release which `current` names. SIGHUP loads it again without losing a
// request: new ones go to the new release, those in flight end on the old one. It knows nothing of Belay.
import { readFileSync, realpathSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { readArguments, refuse } from './arguments.mjs';
import { openLog } from './log-file.mjs';
import { claim, release as releaseClaim } from './process-file.mjs';

const root = path.dirname(fileURLToPath(import.meta.url));
const run = path.join(root, 'run');
const pidFile = path.join(run, 'shop.pid');
const { port, minutes } = readArguments({ port: '8080', minutes: '0' });

// Before anything else: an early SIGHUP must not end the process.
process.on('SIGHUP', () => void reload());

let live = { name: '', handle: null };
let reloading = Promise.resolve();
const log = openLog(path.join(run, 'requests.ndjson'));
// Numbers go on where an earlier life stopped.
let served = Number([...log.end.matchAll(/"n":(\d+)/g)].at(-1)?.[1] ?? 0);
const counts = new Map();
const startedAt = Date.now();

try {
  await load();
} catch (error) {
  refuse(`shop: no release to run (${error.message}). Type: node deploy.mjs v1.0.0`);
}
const server = createServer((request, response) => {
  answer(request, response).catch((error) => {
    process.stderr.write(`shop: ${error.stack}\n`);
    if (!response.headersSent) send(response, 500, { error: 'the handler broke' });
  });
});
server.on('error', (error) => refuse(`shop: port ${port} is not to be had (${error.code})`, 98));
server.listen(Number(port), '127.0.0.1', () => {
  if (!claim(pidFile)) refuse('shop: it runs already; its pid stands in run/shop.pid', 97);
  tell();
});
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
if (Number(minutes) > 0) setTimeout(stop, Number(minutes) * 60_000).unref();

// ---- releases

async function load() {
  const folder = realpathSync(path.join(root, 'current'));
  const file = path.join(folder, 'handler.mjs');
  const { createHandler } = await import(`${pathToFileURL(file).href}?changed=${statSync(file).mtimeMs}`);
  live = { name: path.basename(folder), handle: createHandler() };
}

/** One after the other; a release that cannot be loaded leaves the old one serving. */
function reload() {
  reloading = reloading.then(load).then(tell, (error) => process.stderr.write(`shop: stays on ${live.name}: ${error.stack}\n`));
  return reloading;
}

/** run/shop.json: that it listens, where, and with what. */
function tell() {
  const file = path.join(run, 'shop.json');
  writeFileSync(`${file}.draft`, JSON.stringify({ pid: process.pid, port: server.address().port, release: live.name, startedAt }));
  renameSync(`${file}.draft`, file);
}

// ---- requests

async function answer(request, response) {
  const url = new URL(request.url, 'http://shop');
  if (url.pathname === '/checkout') return checkout(url, response);
  if (url.pathname === '/version') return send(response, 200, { release: live.name, pid: process.pid });
  if (url.pathname === '/healthz') return send(response, 200, { ok: true });
  if (url.pathname === '/metrics')
    return response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end(metrics());
  return send(response, 404, { error: `nothing at ${url.pathname}` });
}

async function checkout(url, response) {
  const org = url.searchParams.get('org') ?? '';
  const flow = flowsNow()[org];
  if (flow === undefined) return send(response, 400, { error: 'name an organization of flows.json: /checkout?org=acme' });
  const { name, handle } = live;
  const { status, body } = await handle({ org, flow });
  record({ org, code: String(status), release: name, flow }, status);
  return send(response, status, { ...body, release: name });
}

function send(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function record(labels, status) {
  const key = Object.entries(labels)
    .map(([label, value]) => `${label}="${value}"`)
    .join(',');
  counts.set(key, (counts.get(key) ?? 0) + 1);
  served += 1;
  const { org, release, flow } = labels;
  log.write({ t: Date.now(), n: served, org, release, flow, status });
}

function metrics() {
  const lines = ['# HELP http_requests_total Checkouts answered.', '# TYPE http_requests_total counter'];
  for (const [labels, count] of counts) lines.push(`http_requests_total{${labels}} ${count}`);
  lines.push(
    '# HELP shop_release_info The release that answers now.',
    '# TYPE shop_release_info gauge',
    `shop_release_info{release="${live.name}"} 1`,
  );
  lines.push(
    '# HELP process_start_time_seconds Start of the process.',
    '# TYPE process_start_time_seconds gauge',
    `process_start_time_seconds ${startedAt / 1000}`,
  );
  return `${lines.join('\n')}\n`;
}

// ---- flows: which checkout each organization uses, read again when the file changes

let flows = { seen: '', values: {} };

function flowsNow() {
  const file = path.join(root, 'flows.json');
  try {
    const { ino, mtimeMs, size } = statSync(file);
    const seen = `${ino} ${mtimeMs} ${size}`;
    if (seen !== flows.seen) flows = { seen, values: JSON.parse(readFileSync(file, 'utf8')) };
  } catch (error) {
    // Half written by somebody, or away for a moment: the last good flows go on, and the next request looks again.
    process.stderr.write(`shop: flows.json cannot be read (${error.message})\n`);
  }
  return flows.values;
}

function stop() {
  releaseClaim(pidFile);
  server.close(() => process.exit(0));
  server.closeIdleConnections();
}
