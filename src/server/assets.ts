// The files of the war room's look and feel, served from source: the scripts' types are stripped at their first use.
import { readFile } from 'node:fs/promises';
import { createRequire, stripTypeScriptTypes } from 'node:module';
import type { Hono } from 'hono';
import type { AppEnv } from './guard.ts';

const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16" fill="none" stroke="#2f6fed" stroke-width="1.8" stroke-linecap="round"><path d="M8 1.5v7M4.2 6.6a4.6 4.6 0 1 0 7.6 0"/></svg>';
const WEB = new URL('../web/', import.meta.url);

export function mountAssets(app: Hono<AppEnv>): void {
  const script = once(() => readScript('war-room'));
  const plot = once(() => readScript('plot'));
  const uplot = once(() => readFile(fromUplot('uPlot.iife.min.js'), 'utf8'));
  const plotStyle = once(() => readFile(fromUplot('uPlot.min.css'), 'utf8'));
  const style = once(() => readFile(new URL('war-room.css', WEB), 'utf8'));
  // Pages name the version in the address, but a developer's edit must show: ask again each time.
  const headers = (type: string): Record<string, string> => ({ 'content-type': type, 'cache-control': 'no-cache' });
  app.get('/assets/war-room.js', async () => new Response(await script(), { headers: headers('text/javascript; charset=utf-8') }));
  app.get('/assets/war-room.css', async () => new Response(await style(), { headers: headers('text/css; charset=utf-8') }));
  app.get('/assets/plot.js', async () => new Response(await plot(), { headers: headers('text/javascript; charset=utf-8') }));
  app.get('/assets/uplot.js', async () => new Response(await uplot(), { headers: headers('text/javascript; charset=utf-8') }));
  app.get('/assets/plot.css', async () => new Response(await plotStyle(), { headers: headers('text/css; charset=utf-8') }));
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
async function readScript(name: string): Promise<string> {
  if (!import.meta.url.endsWith('.ts')) return readFile(new URL(`${name}.js`, WEB), 'utf8');
  return withoutNotice(stripTypeScriptTypes, await readFile(new URL(`${name}.ts`, WEB), 'utf8'));
}

/** Served as its authors ship it: our own page brings it, nobody else's server does. */
const fromUplot = (file: string): string => createRequire(import.meta.url).resolve(`uplot/dist/${file}`);

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
