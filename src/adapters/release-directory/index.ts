// Releases as folders, the live one named by a symbolic link.
export { createReleaseDirectory } from './release-directory.ts';
