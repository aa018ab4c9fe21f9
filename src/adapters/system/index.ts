// The machine itself behind ports: clocks and hashes.
export { createDigest } from './digest.ts';
export { systemTime } from './time.ts';
