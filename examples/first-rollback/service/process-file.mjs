// Pid files and lock files whose owner can be proven: a pid alone proves nothing, because numbers are given out again.
// First line the pid, second line when that process started, in ticks since boot (empty where the system does not say).
import { linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Start of a living process, '' where the system does not say, null when there is no such process (or only its corpse). */
export function startOf(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\)/s, '').trim().split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? null : fields[19];
  } catch (error) {
    if (process.platform === 'linux' && error.code !== 'EACCES') return null;
  }
  try {
    process.kill(pid, 0);
    return '';
  } catch (error) {
    return error.code === 'EPERM' ? '' : null;
  }
}

/** The living process that a file names, or null: no file, no pid in it, or its process is gone. */
export function ownerOf(path) {
  const file = readProcessFile(path);
  return file !== null && file.pid > 0 && lives(file) ? file.pid : null;
}

/** A file without a pid was made by somebody who wants it held: only a person may remove it. */
function isHeld(path) {
  const file = readProcessFile(path);
  return file !== null && (file.pid === 0 || lives(file));
}

function lives({ pid, start }) {
  const now = startOf(pid);
  return now !== null && (start === '' || now === '' || start === now);
}

function readProcessFile(path) {
  try {
    const [pid = '', start = ''] = readFileSync(path, 'utf8').split('\n');
    return { pid: /^\d+$/.test(pid) ? Number(pid) : 0, start: start.trim() };
  } catch (error) {
    if (error.code === 'ENOENT') return null;
    throw error;
  }
}

/** Takes the file for this process; false when another living process has it. It is never seen half written. */
export function claim(path) {
  mkdirSync(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}.draft`;
  writeFileSync(draft, `${process.pid}\n${startOf(process.pid) ?? ''}\n`);
  try {
    while (!linked(draft, path)) {
      const identity = identityOf(path);
      if (isHeld(path)) return false;
      removeIfStill(path, identity);
    }
    return true;
  } finally {
    rmSync(draft, { force: true });
  }
}

export function release(path) {
  if (ownerOf(path) === process.pid) rmSync(path, { force: true });
}

function linked(from, to) {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

/** Somebody may have removed a dead process's file and made their own since we looked: that is another file, and stays. */
function removeIfStill(path, identity) {
  if (identity !== null && identityOf(path) === identity) rmSync(path, { force: true });
}

function identityOf(path) {
  const seen = statSync(path, { bigint: true, throwIfNoEntry: false });
  return seen === undefined ? null : `${seen.ino}-${seen.mtimeNs}-${seen.ctimeNs}`;
}
