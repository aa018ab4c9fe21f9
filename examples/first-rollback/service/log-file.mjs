// A log of JSON lines that a kill of this process does not lose, and that does not fill the disk: past its size it begins anew and
// the one before is kept beside it.
import { closeSync, fstatSync, mkdirSync, openSync, readSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

const MAX_BYTES = 64 * 1024 * 1024;

export function openLog(path) {
  mkdirSync(dirname(path), { recursive: true });
  let file = openSync(path, 'a+');
  let bytes = fstatSync(file).size;
  // A line that a kill has cut is closed, so that the next one is whole.
  const end = tail(file, bytes);
  if (end !== '' && !end.endsWith('\n')) bytes += writeSync(file, '\n');
  return {
    /** The last lines of an earlier life. */
    end,
    write: (line) => {
      if (bytes > MAX_BYTES) {
        closeSync(file);
        renameSync(path, `${path}.1`);
        file = openSync(path, 'a+');
        bytes = 0;
      }
      bytes += writeSync(file, `${JSON.stringify(line)}\n`);
    },
  };
}

function tail(file, size) {
  const last = Buffer.alloc(Math.min(size, 4096));
  readSync(file, last, 0, last.length, size - last.length);
  return last.toString('utf8');
}
