// A disk without room: a file can be made on it, and nothing can be written into it. It stands in for `open` of node:fs/promises.
import { open } from 'node:fs/promises';

export const fullDisk: typeof open = async (...args) => {
  const handle = await open(...args);
  const writeFile = async (): Promise<never> => {
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  };
  return Object.assign(handle, { writeFile });
};
