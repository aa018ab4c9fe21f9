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
  let tail = Buffer.alloc(0);
  let dropped = 0;
  const take = (chunk: Buffer): void => {
    const first = chunk.subarray(0, Math.max(0, half - headBytes));
    if (first.length > 0) head.push(first);
    headBytes += first.length;
    const all = Buffer.concat([tail, chunk.subarray(first.length)]);
    dropped += Math.max(0, all.length - half);
    tail = Buffer.from(all.subarray(Math.max(0, all.length - half)));
  };
  stream?.on('data', take);
  return {
    closed: stream === null ? Promise.resolve() : new Promise((resolve) => stream.once('close', resolve)),
    text: () => {
      const gap = dropped === 0 ? [] : [Buffer.from(`\n[${dropped} bytes left out]\n`)];
      return Buffer.concat([...head, ...gap, tail]).toString('utf8');
    },
  };
}
