#!/usr/bin/env node
// Owns the way in: installs this clone's packages when they are missing, picks a Node that can run TypeScript, starts one entry.
// It and bin/belay.mjs are the only files that any Node from 18 on must be able to read. It refuses to know what an entry does.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import module from 'node:module';
import { constants } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
/** The first Node that strips types without a flag and that every dependency accepts. */
const NEEDED = [22, 19];

/** What each name runs: a file, and the arguments that stand before those that were typed. */
const ENTRIES = {
  start: ['src/main.ts', 'demo'],
  belay: ['src/main.ts'],
  test: ['scripts/test.ts'],
  check: ['scripts/check.ts'],
  docs: ['scripts/docs.ts'],
  doctor: ['scripts/doctor.ts'],
  bootstrap: ['scripts/bootstrap.ts'],
  bench: ['bench/run.ts'],
  mutants: ['scripts/mutants.ts'],
};

class Refusal extends Error {}

export async function enter(name, args) {
  try {
    const [entry, ...first] = ENTRIES[name] ?? [];
    if (entry === undefined) throw new Refusal(`there is no entry "${name}". Known: ${Object.keys(ENTRIES).join(', ')}.`);
    if (!existsSync(path.join(ROOT, entry))) throw new Refusal(`${entry} is missing from this clone. Type: git status`);
    await installIfNeeded();
    if (isEnough(process.versions.node)) return await runHere(entry, [...first, ...args]);
    return await runWith(findNode(), entry, [...first, ...args]);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    process.stderr.write(`belay: ${error.message}\n`);
    process.exitCode = 2;
  }
}

export function isEnough(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1]);
}

// ---- packages

/** Null when node_modules holds what package-lock.json asks for, else a sentence that says what differs. */
export function whatIsMissing(root = ROOT) {
  const wanted = readJson(path.join(root, 'package-lock.json'));
  // Installed as somebody's dependency there is no lockfile of ours: that installer is responsible.
  if (wanted === null) return null;
  const present = readJson(path.join(root, 'node_modules', '.package-lock.json'));
  if (present === null) return 'the packages are not installed yet';
  for (const [where, entry] of Object.entries(wanted.packages)) {
    if (where === '' || entry.optional === true || entry.link === true) continue;
    const here = present.packages[where];
    if (here === undefined) return `${where} is missing`;
    if (here.version !== entry.version || here.integrity !== entry.integrity) return `${where} is not the version of package-lock.json`;
  }
  return missingPlatformPackage(wanted, present);
}

// A lockfile made on one platform lists the others too; npm leaves those out, so only this platform's may be asked for.
function missingPlatformPackage(wanted, present) {
  const [where] = platformNode();
  const entry = wanted.packages[where];
  if (entry !== undefined && present.packages[where]?.version !== entry.version) return `${where} is missing or old`;
  return null;
}

async function installIfNeeded() {
  await waitForOtherInstall();
  const why = whatIsMissing();
  if (why === null) return;
  if (process.platform === 'win32' && process.execPath.startsWith(path.join(ROOT, 'node_modules'))) {
    throw new Refusal(`${why}, and Windows cannot replace the Node that is running. Type: npm ci`);
  }
  process.stderr.write(`belay: ${why}; running "npm ci" in ${ROOT} (once, under a minute on most machines)\n`);
  const startedAt = Date.now();
  const code = await runNpmCi();
  if (code !== 0) {
    throw new Refusal(
      `"npm ci" failed (exit ${code}). If the lines above speak of the network (ENOTFOUND, ETIMEDOUT, E404, ECONNREFUSED), the package registry ` +
        'cannot be reached: check the connection, or name a reachable one with "npm config set registry URL". Then type: npm ci --loglevel=error',
    );
  }
  const still = whatIsMissing();
  if (still !== null) throw new Refusal(`"npm ci" ended well and yet ${still}. Type: rm -rf node_modules && npm ci --loglevel=error`);
  process.stderr.write(`belay: packages installed in ${Math.round((Date.now() - startedAt) / 1000)} s\n`);
}

async function runNpmCi() {
  const [command, ...first] = npmCommand();
  // The project's .npmrc silences npm for the sake of a clean stdout; here its errors must be seen, on stderr.
  const child = spawn(command, [...first, 'ci', '--loglevel=error', '--no-progress', '--no-audit', '--no-fund'], {
    cwd: ROOT,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32' && first.length === 0,
  });
  const ended = outcome(child);
  noteInstall(child.pid);
  const { code, signal } = await ended;
  rmSync(installNote(), { force: true });
  return signal === null ? code : `by ${signal}`;
}

function npmCommand() {
  const { npm_execpath: cli, npm_node_execpath: node } = process.env;
  // The Node that runs npm, never the clone's own, which `npm ci` is about to remove.
  if (cli !== undefined && /\.[cm]?js$/.test(cli) && /npm/.test(path.basename(cli))) return [node ?? process.execPath, cli];
  return [process.platform === 'win32' ? 'npm.cmd' : 'npm'];
}

// ---- an install that outlived a killed `npm start` must not be joined by a second one

const installNote = () => path.join(ROOT, '.belay', 'install.json');

function noteInstall(pid) {
  if (pid === undefined) return;
  mkdirSync(path.dirname(installNote()), { recursive: true });
  writeFileSync(installNote(), JSON.stringify({ pid }));
}

async function waitForOtherInstall() {
  const note = readJson(installNote());
  if (note === null) return;
  if (isNpm(note.pid)) process.stderr.write(`belay: "npm ci" (pid ${note.pid}) of an earlier start is still at work; waiting for it\n`);
  while (isNpm(note.pid)) await new Promise((resolve) => setTimeout(resolve, 200));
  rmSync(installNote(), { force: true });
}

// A pid alone may have been given to somebody else; without /proc nothing better is known and the install simply starts.
function isNpm(pid) {
  try {
    return /npm/.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
  } catch {
    return false;
  }
}

// ---- Node

function platformNode() {
  const os = process.platform === 'win32' ? 'win' : process.platform;
  const name = `node_modules/node-${os}-${process.arch}`;
  return [name, path.join(ROOT, name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')];
}

function findNode() {
  const [, own] = platformNode();
  const works = existsSync(own) && isEnough(askVersion(own));
  if (works) return own;
  const system = onPath('node').find((candidate) => isEnough(askVersion(candidate)));
  if (system !== undefined) return system;
  const remedy = existsSync(own) ? `${own} does not run here` : `no package brings a newer one for ${process.platform}-${process.arch}`;
  throw new Refusal(
    `Belay needs Node ${NEEDED.join('.')} or newer; this is ${process.versions.node}, and ${remedy}. Install Node 24 and type the same command again.`,
  );
}

function askVersion(node) {
  const answer = spawnSync(node, ['--version'], { encoding: 'utf8', timeout: 10_000 });
  return answer.status === 0 ? answer.stdout.trim().replace(/^v/, '') : '0';
}

function onPath(name) {
  const file = process.platform === 'win32' ? `${name}.exe` : name;
  const folders = (process.env.PATH ?? '').split(path.delimiter).filter((folder) => folder !== '');
  return [...new Set(folders.map((folder) => path.join(folder, file)))].filter((candidate) => existsSync(candidate));
}

// ---- running the entry

// Compiled code is kept inside the clone, never in a shared temporary folder where another user could plant some.
function compileCache() {
  return { NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? path.join(ROOT, 'node_modules', '.cache', 'belay-node') };
}

async function runHere(entry, args) {
  quietStripWarning();
  const file = path.join(ROOT, entry);
  process.argv = [process.execPath, file, ...args];
  Object.assign(process.env, compileCache());
  module.enableCompileCache(process.env.NODE_COMPILE_CACHE);
  await import(pathToFileURL(file).href);
}

// Node 22 announces type stripping as experimental on every start; it says nothing to a user of Belay.
function quietStripWarning() {
  const emit = process.emitWarning;
  process.emitWarning = (warning, ...rest) => {
    if (rest[0] === 'ExperimentalWarning' && /type.?strip/i.test(String(warning))) return;
    emit.call(process, warning, ...rest);
  };
}

async function runWith(node, entry, args) {
  const env = { ...process.env, ...compileCache() };
  const child = spawn(node, ['--disable-warning=ExperimentalWarning', path.join(ROOT, entry), ...args], { stdio: 'inherit', env });
  const pass = (signal) => child.kill(signal);
  const passed = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2', 'SIGQUIT'].filter((signal) => signal in constants.signals);
  for (const signal of passed) process.on(signal, pass);
  const { code, signal } = await outcome(child);
  for (const name of passed) process.off(name, pass);
  if (signal !== null) process.kill(process.pid, signal);
  process.exitCode = code ?? 1;
}

function outcome(child) {
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(new Refusal(`${child.spawnfile} could not be started: ${error.message}`)));
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
}

function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    // Missing, half-written or damaged mean the same here: it says nothing that may be relied on.
    return null;
  }
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const [name = '', ...args] = process.argv.slice(2);
  // Not awaited: an entry may import this file, and would wait for its own end.
  void enter(name, args);
}
