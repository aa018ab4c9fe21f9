// Keeps the first and the last part of a stream, so that an endless one costs no memory and its end is still readable.
import type { Readable } from 'node:stream';

export interface Capture {
  readonly closed: Promise<void>;
  text(): string;
}

export function createCapture(stream: Readable | null, maxBytes: number): Capture {
  const half = Math.ceil(maxBytes / 2);
  const head: Buffer[] = [];
  let headBytes = 0;
  const tail: Buffer[] = [];
  let tailBytes = 0;
  let dropped = 0;
  const take = (chunk: Buffer): void => {
    const first = chunk.subarray(0, Math.max(0, half - headBytes));
    if (first.length > 0) head.push(first);
    headBytes += first.length;
    const rest = chunk.subarray(first.length);
    if (rest.length === 0) return;
    tail.push(rest);
    tailBytes += rest.length;
    for (let oldest = tail[0]; oldest !== undefined && tailBytes - oldest.length >= half; oldest = tail[0]) {
      tail.shift();
      tailBytes -= oldest.length;
      dropped += oldest.length;
    }
  };
  stream?.on('data', take);
  return {
    closed: stream === null ? Promise.resolve() : new Promise((resolve) => stream.once('close', resolve)),
    text: () => {
      const over = Math.max(0, tailBytes - half);
      const leftOut = dropped + over;
      const gap = leftOut === 0 ? [] : [Buffer.from(`\n[${leftOut} bytes left out]\n`)];
      return Buffer.concat([...head, ...gap, Buffer.concat(tail).subarray(over)]).toString('utf8');
    },
  };
}
