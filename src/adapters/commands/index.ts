// Commands of `run` steps, here and over ssh.
export { hidingSecrets } from './hidden.ts';
export { createCommandRunner } from './runner.ts';
