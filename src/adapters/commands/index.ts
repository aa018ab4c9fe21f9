// Commands of `run` steps, here and over ssh.
export { createCommandRunner } from './runner.ts';
