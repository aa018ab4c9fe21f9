// The types of what scripts and tests use of bootstrap.mjs, which itself must stay readable for Node 18.
export function enter(name: string, args: readonly string[]): Promise<void>;
export function isEnough(version: string): boolean;
export function whatIsMissing(root?: string): string | null;
