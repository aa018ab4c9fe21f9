// Token files: one for the local operator, one a person. Made once, mode 0600; only their hashes stay in memory.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { chmod, mkdir, open, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { BelayError } from '../domain/errors.ts';

const SHAPE = /^bly_([0-9a-f]{48})([0-9a-f]{8})$/;
const PERSON = /^[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}$/;

export const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();

/** `bly_` + 24 random bytes + 4 bytes of checksum: a mistyped or cut token is told from a wrong one, and scanners know the shape. */
export function newToken(): string {
  const body = randomBytes(24).toString('hex');
  return `bly_${body}${checksum(body)}`;
}

export function isWellFormed(token: string): boolean {
  const parts = SHAPE.exec(token);
  return parts !== null && parts[1] !== undefined && parts[2] === checksum(parts[1]);
}

export const operatorTokenFile = (dataDir: string): string => join(dataDir, 'token');

export function personTokenFile(dataDir: string, person: string): string {
  if (!PERSON.test(person)) {
    throw new BelayError('BELAY_CONFIG_INVALID', `people: "${person}" cannot name a token file`, {
      hint: 'Use letters, digits, - and _ in the ids of people.',
    });
  }
  return join(dataDir, 'tokens', person);
}

/** Reads the token of a file, making it first when there is none. A file that holds no token is refused, never overwritten. */
export async function ensureToken(file: string): Promise<string> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeOnce(file);
  const token = (await readFile(file, 'utf8')).trim();
  if (isWellFormed(token)) {
    await chmod(file, 0o600);
    return token;
  }
  throw new BelayError('BELAY_CONFIG_INVALID', `${file} does not hold a token`, {
    hint: `Delete ${file}; the next start makes a new one.`,
  });
}

async function writeOnce(file: string): Promise<void> {
  try {
    const handle = await open(file, 'wx', 0o600);
    try {
      await handle.writeFile(`${newToken()}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    // It is there already: an earlier start, or another one just now, made it.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** Whose hash is it? Every candidate is compared, in constant time each. */
export function findByHash<T extends { readonly hash: Buffer }>(candidates: readonly T[], secret: string): T | null {
  const hash = sha256(secret);
  let found: T | null = null;
  for (const one of candidates) if (timingSafeEqual(one.hash, hash)) found = one;
  return found;
}

function checksum(body: string): string {
  return sha256(`belay token ${body}`).toString('hex').slice(0, 8);
}
