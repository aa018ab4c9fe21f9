// The pause switch: its file, and the file together with the store's row.
export { combinePause } from './combine.ts';
export type { PauseMark, PausePlace } from './pause-file.ts';
export { createPauseFile } from './pause-file.ts';
