// The three files of the war room's look and feel, served from source: the script's types are stripped at its first use.
import { readFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import type { Hono } from 'hono';
import type { AppEnv } from './guard.ts';

const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16" fill="none" stroke="#2f6fed" stroke-width="1.8" stroke-linecap="round"><path d="M8 1.5v7M4.2 6.6a4.6 4.6 0 1 0 7.6 0"/></svg>';
const WEB = new URL('../web/', import.meta.url);

export function mountAssets(app: Hono<AppEnv>): void {
  const script = once(readScript);
  const style = once(() => readFile(new URL('war-room.css', WEB), 'utf8'));
  // Pages name the version in the address, but a developer's edit must show: ask again each time.
  const headers = (type: string): Record<string, string> => ({ 'content-type': type, 'cache-control': 'no-cache' });
  app.get('/assets/war-room.js', async () => new Response(await script(), { headers: headers('text/javascript; charset=utf-8') }));
  app.get('/assets/war-room.css', async () => new Response(await style(), { headers: headers('text/css; charset=utf-8') }));
  app.get('/assets/icon.svg', () => new Response(ICON, { headers: headers('image/svg+xml') }));
  app.get('/favicon.ico', () => new Response(ICON, { headers: headers('image/svg+xml') }));
}

function once<T>(read: () => Promise<T>): () => Promise<T> {
  let value: Promise<T> | null = null;
  return () => {
    value ??= read();
    return value;
  };
}

/** From a build (`dist/`) the file is JavaScript already. */
async function readScript(): Promise<string> {
  if (!import.meta.url.endsWith('.ts')) return readFile(new URL('war-room.js', WEB), 'utf8');
  return withoutNotice(stripTypeScriptTypes, await readFile(new URL('war-room.ts', WEB), 'utf8'));
}

/** Node prints a notice at the first call, in the middle of somebody's incident. It says nothing that they can use. */
function withoutNotice(strip: (source: string) => string, source: string): string {
  const { emitWarning } = process;
  process.emitWarning = () => undefined;
  try {
    return strip(source);
  } finally {
    process.emitWarning = emitWarning;
  }
}
