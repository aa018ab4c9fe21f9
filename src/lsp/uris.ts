// Addresses of documents against paths of files. An editor may write an address in its own way: it gets back what it wrote.
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export interface Uris {
  /** Null for what is no file: a text that was never saved anywhere. */
  fileOf(uri: string): string | null;
  uriOf(file: string): string;
}

export function createUris(): Uris {
  const written = new Map<string, string>();
  return {
    fileOf: (uri) => {
      if (typeof uri !== 'string' || !uri.startsWith('file:')) return null;
      try {
        const file = path.resolve(fileURLToPath(uri));
        written.set(file, uri);
        return file;
      } catch (error) {
        // An address of another machine, or one with a broken escape: no file of ours.
        if (error instanceof TypeError || error instanceof URIError) return null;
        throw error;
      }
    },
    uriOf: (file) => written.get(file) ?? pathToFileURL(file).href,
  };
}
