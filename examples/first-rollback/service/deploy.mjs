// An ordinary deployer: node deploy.mjs <release>. It takes the lock that Belay takes, refuses while FREEZE exists, switches
// `current` in one rename, asks the shop to load it, and writes down what it did. It knows nothing else of Belay.
import { appendFileSync, existsSync, mkdirSync, readFileSync, readlinkSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { readArguments, refuse } from './arguments.mjs';
import { claim, ownerOf, release } from './process-file.mjs';

const root = path.dirname(fileURLToPath(import.meta.url));
const at = (...names) => path.join(root, ...names);
const lock = at('.belay-lock');
const { rest, wait } = readArguments({ wait: '30' });
const [wanted] = rest;
if (wanted === undefined || !/^[\w][\w.-]*$/.test(wanted)) refuse('Type: node deploy.mjs <release>, for example v1.1.0');
if (!existsSync(at('releases', wanted, 'handler.mjs'))) refuse(`deploy: there is no release ${wanted} in releases/`);

const until = Date.now() + Number(wait) * 1000;
while (!claim(lock)) {
  if (Date.now() > until) refuse(`deploy: ${ownerOf(lock) ?? 'somebody'} has held .belay-lock for ${wait} s; nothing was changed`, 4);
  await sleep(50);
}
let refusal = null;
try {
  refusal = frozen();
  if (refusal === null) switchTo(wanted);
} finally {
  release(lock);
}
if (refusal !== null) refuse(refusal, 3);

function frozen() {
  if (!existsSync(at('FREEZE'))) return null;
  const text = readFileSync(at('FREEZE'), 'utf8').trim();
  write({ event: 'refused', release: wanted });
  return `deploy: deploys are frozen, nothing was changed. FREEZE says: ${text}`;
}

function switchTo(name) {
  const before = existsSync(at('current')) ? path.basename(readlinkSync(at('current'))) : null;
  const draft = at(`.current.deploy-${process.pid}`);
  rmSync(draft, { force: true });
  symlinkSync(path.join('releases', name), draft);
  renameSync(draft, at('current'));
  let pid = ownerOf(at('run', 'shop.pid'));
  try {
    if (pid !== null) process.kill(pid, 'SIGHUP');
  } catch (error) {
    // Gone at this very moment: its next start loads what \`current\` names.
    if (error.code !== 'ESRCH') throw error;
    pid = null;
  }
  write({ event: 'done', release: name, before, reloaded: pid });
  process.stdout.write(`deploy: ${before ?? 'nothing'} -> ${name}${pid === null ? '; the shop does not run' : `; told process ${pid}`}\n`);
}

function write(line) {
  mkdirSync(at('run'), { recursive: true });
  appendFileSync(at('run', 'deploys.ndjson'), `${JSON.stringify({ t: Date.now(), ...line })}\n`);
}
