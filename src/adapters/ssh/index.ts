// Programs on other hosts, by ssh.
export { createSsh } from './ssh.ts';
