// A branch on a remote as what runs, and working copies that people deploy from.
export { createGitTarget } from './target.ts';
export { createWorkingCopies } from './working-copy.ts';
