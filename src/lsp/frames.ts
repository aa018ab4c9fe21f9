// Keeps an editor's stream readable: whole messages pass as they are, what is no message is dropped, and nothing grows without bound. What a
// message means is not its business.
import { Transform } from 'node:stream';

const LONGEST_HEAD = 4096;
const LONGEST_BODY = 32 * 1024 * 1024;
const END = '\r\n\r\n';

export function wholeFrames(): Transform {
  let buffer = Buffer.alloc(0);
  let skip = 0;
  /** False: more bytes are needed. */
  const step = (pass: (frame: Buffer) => void): boolean => {
    if (skip > 0) {
      const now = Math.min(skip, buffer.length);
      buffer = buffer.subarray(now);
      skip -= now;
      return buffer.length > 0;
    }
    const head = buffer.subarray(0, LONGEST_HEAD).indexOf(END);
    if (head === -1) {
      if (buffer.length < LONGEST_HEAD) return false;
      // The last bytes may be the beginning of an end.
      buffer = buffer.subarray(LONGEST_HEAD - END.length + 1);
      return true;
    }
    const length = lengthIn(buffer.subarray(0, head).toString('latin1'));
    const body = head + END.length;
    if (length === null || length > LONGEST_BODY) {
      buffer = buffer.subarray(body);
      skip = length ?? 0;
      return true;
    }
    if (buffer.length < body + length) return false;
    pass(buffer.subarray(0, body + length));
    buffer = buffer.subarray(body + length);
    return true;
  };
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      buffer = Buffer.concat([buffer, chunk]);
      while (step((frame) => this.push(frame)));
      done();
    },
  });
}

/** Null for a head that is none. */
function lengthIn(head: string): number | null {
  const lines = head.split('\r\n');
  if (lines.some((line) => !/^[\w-]+:/.test(line))) return null;
  const found = lines.flatMap((line) => /^content-length:\s*(\d{1,10})\s*$/i.exec(line)?.[1] ?? []);
  return found.length === 1 ? Number(found[0]) : null;
}
